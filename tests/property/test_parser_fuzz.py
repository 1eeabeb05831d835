"""Whatever bytes come: a report, a tick or a refusal with the contract's code, and the model's."""

from __future__ import annotations

import json
import sys
from collections import Counter
from random import Random
from types import FrameType
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.reports import REPORT
from streams.core.parse import Refusal, parse
from streams.operations.replay.sharding import episode_of
from tests.property.mutations import SHAPES, mutated_bytes, mutated_value, valid_record
from tests.property.readers import outcome_of
from tests.property.reading_json import MAX_BYTES

LIMIT = MAX_BYTES
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
DICE = st.integers(0, 2**24 - 1)


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes(raw: bytes) -> None:
    assert outcome_of(raw) in ("not_json", "invalid")


@given(JSON)
def test_any_json(value: Any) -> None:
    assert outcome_of(json.dumps(value).encode()) in ("not_json", "invalid")


@given(DICE)
def test_records_with_a_value_changed(seed: int) -> None:
    """One to three values of a good record replaced, doubled, renamed or taken out."""
    dice = Random(seed)
    event(outcome_of(mutated_value(dice, valid_record(dice))))


@given(DICE)
def test_records_with_bytes_changed(seed: int) -> None:
    """One to four places of a good record's text overwritten, cut, doubled or filled with what readers stumble over."""
    dice = Random(seed)
    event(outcome_of(mutated_bytes(dice, valid_record(dice))))


def test_mutations_reach_both_sides() -> None:
    """Enough of the changed records are still taken, and enough are refused, for the comparison to mean something."""
    outcomes = Counter(
        outcome_of(mutate(dice, valid_record(dice)))
        for mutate in (mutated_value, mutated_bytes)
        for dice in map(Random, range(400))
    )
    assert set(outcomes) == {"report", "tick", "invalid", "not_json"}
    assert min(outcomes[code] for code in ("report", "invalid", "not_json")) >= 100, outcomes


NAME = '"report_id": "a", "episode": "war", "source": "mod", "published_at": "2022-09-13T00:00:00Z"'
CLAIM = '{"type": "casualties", "party": "north", "outcome": "killed", "count": {"best": 5}}'


def report(more: str = "", claims: str = f"[{CLAIM}]") -> str:
    return f'{{{NAME}, "claims": {claims}{more}}}'


def counted(best: str) -> str:
    return report(claims=f"[{CLAIM.replace('5', best)}]")


ODD: dict[str, tuple[str | bytes, str]] = {
    "32 levels": (report(', "x": ' + "[" * 31 + "]" * 31), "report"),
    "33 levels": (report(', "x": ' + "[" * 32 + "]" * 32), "not_json"),
    "33 levels of objects": (report(', "x": ' + '{"y":' * 32 + "1" + "}" * 32), "not_json"),
    "33 levels in a value that a later key overrides": (
        report(', "x": ' + "[" * 32 + "]" * 32 + ', "x": 1'),
        "not_json",
    ),
    "brackets in a string": (report(', "x": "' + "[" * 99 + '\\"{{{"'), "report"),
    "a key of brackets": (report(', "' + "[{" * 99 + '": 1'), "report"),
    "many shallow lists": (report(', "x": [' + "[]," * 99 + "[]]"), "report"),
    "100,000 brackets": ("[" * 100_000, "not_json"),
    "100,000 levels": ("[" * 100_000 + "]" * 100_000, "not_json"),
    "a huge integer": (counted("9" * 5000), "invalid"),
    "a huge integer nobody reads": (report(f', "x": {"9" * 5000}'), "report"),
    "a huge negative integer nobody reads": (report(f', "x": -{"9" * 400}'), "report"),
    "2⁶³ nobody reads": (report(f', "x": [{2**63}, {2**64}, {-(2**63) - 1}]'), "report"),
    "2⁶⁴ as a revision": (report(f', "revision": {2**64 + 1}'), "invalid"),
    "1e400 nobody reads": (report(', "x": [1e400, -1E+400, 1e-400]'), "report"),
    "1e400 in a string": (report(', "x": "1e400", "y": 1e400'), "report"),
    "1e400 and no JSON": (report(', "x": 1e400, y'), "not_json"),
    "1e400 too deep": (report(', "x": ' + "[" * 32 + "1e400" + "]" * 32), "not_json"),
    "1e400 persons": (counted("1e400"), "invalid"),
    "5e0 persons": (counted("5e0"), "invalid"),
    "-0 persons": (counted("-0"), "report"),
    "-0.0 persons": (counted("-0.0"), "invalid"),
    "05 persons": (counted("05"), "not_json"),
    "+5 persons": (counted("+5"), "not_json"),
    ".5 persons": (counted(".5"), "not_json"),
    "0x5 persons": (counted("0x5"), "not_json"),
    "a billion": (counted("1000000000"), "report"),
    "a billion and one": (counted("1000000001"), "invalid"),
    "an equal key earlier": (report(', "claims": 5')[:-1] + f', "claims": [{CLAIM}]}}', "report"),
    "an equal key later": (report(', "source": 5'), "invalid"),
    "an equal key later, null": (report(', "source": null'), "invalid"),
    "an equal key, escaped": (report(', "\\u0073ource": "Mod"'), "invalid"),
    "a lone surrogate nobody reads": (report(', "x": "\\ud800"'), "not_json"),
    "a lone surrogate in a key": (report(', "\\udfff": 1'), "not_json"),
    "a lone surrogate that a later key overrides": (report(', "x": "\\ud800", "x": 1'), "not_json"),
    "surrogates the wrong way round": (report(', "x": "\\udc00\\ud800"'), "not_json"),
    "a pair of surrogates": (report(', "headline": "\\ud83d\\udd4a"'), "report"),
    "a surrogate in UTF-8": (report(', "x": "?"').encode().replace(b"?", b"\xed\xa0\x80"), "not_json"),
    "an overlong NUL": (report(', "x": "?"').encode().replace(b"?", b"\xc0\x80"), "not_json"),
    "beyond Unicode": (report(', "x": "?"').encode().replace(b"?", b"\xf4\x90\x80\x80"), "not_json"),
    "Latin-1": (report(', "headline": "\xe4"').encode("latin-1"), "not_json"),
    "UTF-16": (report().encode("utf-16"), "not_json"),
    "a NUL in a string": (report(', "headline": "\\u0000"'), "report"),
    "a NUL as it stands": (report(', "headline": "\0"'), "not_json"),
    "a line end in a string": (report(', "headline": "\n"'), "not_json"),
    "a DEL in a string": (report(', "headline": "\x7f"'), "report"),
    "a DEL in an id": (report(', "report_id": "\x7f"'), "invalid"),
    "NaN": (report(', "x": NaN'), "not_json"),
    "NaN that a later key overrides": (report(', "x": NaN, "x": 1'), "not_json"),
    "Infinity": (report(', "x": Infinity'), "not_json"),
    "-Infinity": (report(', "x": -Infinity'), "not_json"),
    "infinity in a string": (report(', "x": "Infinity 1e400 NaN"'), "report"),
    "a byte order mark": (b"\xef\xbb\xbf" + report().encode(), "not_json"),
    "a form feed before it": ("\f" + report(), "not_json"),
    "a no-break space before it": ("\xa0" + report(), "not_json"),
    "white space around it": (" \t\r\n" + report() + "\n\r\t ", "report"),
    "something after it": (report() + ",", "not_json"),
    "two of them": (report() + report(), "not_json"),
    "a comma too many": (report(claims=f"[{CLAIM},]"), "not_json"),
    "a comment": (report() + " // so", "not_json"),
    "single quotes": (report().replace('"', "'"), "not_json"),
    "nothing": ("", "not_json"),
    "null": ("null", "invalid"),
    "true": ("true", "invalid"),
    "an empty object": ("{}", "invalid"),
    "a tick": ('{"tick": "2022-09-13T00:00:00Z", "episode": "war", "claims": 5}', "tick"),
    "a tick, its report_id null": ('{"tick": "2022-09-13T00:00:00Z", "episode": "war", "report_id": null}', "tick"),
    "a tick that is false": (report(', "tick": false'), "invalid"),
    "a tick that is 0": ('{"tick": 0, "episode": "war"}', "invalid"),
    "a withdrawal without claims": (f'{{{NAME}, "withdrawn": true}}', "report"),
    "a withdrawal with claims null": (f'{{{NAME}, "withdrawn": true, "claims": null}}', "report"),
    "a report without claims": (f"{{{NAME}}}", "invalid"),
    "64 claims": (report(claims=f"[{', '.join([CLAIM] * 64)}]"), "report"),
    "65 claims": (report(claims=f"[{', '.join([CLAIM] * 65)}]"), "invalid"),
    "a slug of 80": (report(f', "relayed_by": "{"x" * 80}"'), "report"),
    "a slug of 81": (report(f', "relayed_by": "{"x" * 81}"'), "invalid"),
    "a slug with a line end": (report(', "relayed_by": "x\\n"'), "invalid"),
    "an id of 200 characters beyond the BMP": (report(', "report_id": "' + "\U0001f54a" * 200 + '"'), "report"),
    "an id of 201": (report(f', "report_id": "{"x" * 201}"'), "invalid"),
    "a time with a line end": (report(', "published_at": "2022-09-13T00:00:00Z\\n"'), "invalid"),
    "a time in Arabic digits": (report(', "published_at": "\u0662022-09-13T00:00:00Z"'), "invalid"),
    "a leap second": (report(', "published_at": "2016-12-31T23:59:60Z"'), "invalid"),
    "midnight as 24": (report(', "published_at": "2022-09-13T24:00:00Z"'), "invalid"),
    "a small t": (report(', "published_at": "2022-09-13t00:00:00Z"'), "invalid"),
    "a small z": (report(', "published_at": "2022-09-13T00:00:00z"'), "invalid"),
    "minus zero hours": (report(', "published_at": "2022-09-13T00:00:00-00:00"'), "report"),
    "seven digits": (report(', "published_at": "2022-09-13T00:00:00.1234567Z"'), "invalid"),
    "no digit": (report(', "published_at": "2022-09-13T00:00:00.Z"'), "invalid"),
    "a comma for the point": (report(', "published_at": "2022-09-13T00:00:00,5Z"'), "invalid"),
    "29 February 2023": (report(', "published_at": "2023-02-29T00:00:00Z"'), "invalid"),
    "29 February 2024": (report(', "published_at": "2024-02-29T00:00:00Z"'), "report"),
    "the year 0": (report(', "published_at": "0000-12-31T00:00:00Z"'), "invalid"),
    "the year 10000 in UTC": (report(', "published_at": "9999-12-31T23:59:59-00:01"'), "invalid"),
    "an address in capitals": (report(', "url": "HTTPS://EXAMPLE.ORG"'), "invalid"),
    "an address with no host": (report(', "url": "https:///x"'), "invalid"),
    "an address with a port alone": (report(', "url": "https://:80/"'), "invalid"),
    "an address with a user alone": (report(', "url": "https://a@/"'), "invalid"),
    "an address of IPv6": (report(', "url": "https://[::1]:8080/"'), "report"),
    "an address with a space": (report(', "url": "https://example.org/a b"'), "invalid"),
    "an address with a no-break space": (report(', "url": "https://example.org/a\xa0b"'), "invalid"),
    "an address of 2,000": (report(f', "url": "https://a/{"x" * 1990}"'), "report"),
    "an address of 2,001": (report(f', "url": "https://a/{"x" * 1991}"'), "invalid"),
    "no language": (report(', "lang": ""'), "invalid"),
    "a language of nine letters": (report(', "lang": "abcdefghi"'), "invalid"),
    "a language in Greek": (report(', "lang": "\u03b5\u03bb"'), "invalid"),
    "no headline": (report(', "headline": ""'), "report"),
    "256 KiB": (report(f', "x": "{"x" * (LIMIT - len(report()) - 9)}"'), "report"),
    "256 KiB and a byte": (report(f', "x": "{"x" * (LIMIT - len(report()) - 8)}"'), "too_large"),
    "256 KiB and a byte of no JSON": (b"\xff" * (LIMIT + 1), "too_large"),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_record(name: str) -> None:
    raw, expected = ODD[name]
    assert outcome_of(raw if isinstance(raw, bytes) else raw.encode()) == expected


# --- which episode ----------------------------------------------------------------------------------------------------

NAMED = {
    "an episode named twice": report(', "episode": "peace"'),
    "no episode, and then one": report(', "episode": null, "episode": "peace"'),
    "a number, and then an episode": report(', "episode": 5, "episode": "peace"'),
    "a key of escapes": report(', "\\u0065pisode": "peace"'),
    "an episode of escapes": report(', "episode": "\\u0070eace"'),
    "an episode inside": report(', "x": {"episode": "peace"}'),
}


def named_alike(raw: bytes) -> bool:
    """Check that the processes of a shared replay assign a record to its own episode."""
    try:
        episode = parse(raw).episode
    except Refusal:
        return False
    assert episode_of(raw) == episode
    return True


@pytest.mark.parametrize(
    "name", [*NAMED, *(name for name, (_, outcome) in ODD.items() if outcome in {"report", "tick"})]
)
def test_a_record_goes_to_the_episode_it_names(name: str) -> None:
    raw = NAMED[name] if name in NAMED else ODD[name][0]
    assert named_alike(raw if isinstance(raw, bytes) else raw.encode())


@given(DICE)
def test_a_changed_record_goes_to_the_episode_it_names(seed: int) -> None:
    dice = Random(seed)
    raw = dice.choice([mutated_value, mutated_bytes])(dice, valid_record(dice))
    event(str(named_alike(raw)))


# --- size -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_quarter_of_a_mebibyte_of_any_shape(shape: str) -> None:
    """Both agree on 256 KiB of it."""
    raw = SHAPES[shape](LIMIT)
    assert LIMIT - 200 < len(raw) <= LIMIT
    outcome_of(raw)


def calls_to_parse(raw: bytes) -> int:
    """Return the number of functions that a parse calls, in Python and directly below."""
    calls = 0

    def count(_frame: FrameType, kind: str, _argument: object) -> None:
        nonlocal calls
        calls += kind in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        parse(raw)
    except Refusal:
        pass
    finally:
        sys.setprofile(before)
    return calls


@pytest.mark.parametrize("shape", ["many bad mediators", "many claims of no kind", "many empty claims"])
def test_one_fault_of_a_list_is_enough(shape: str) -> None:
    """To name each of 65,000 would take a fifth of a second."""
    with pytest.raises(ValidationError) as error:
        REPORT.validator.validate_python(json.loads(SHAPES[shape](LIMIT)), strict=True)
    assert error.value.error_count() == 1


@pytest.mark.parametrize("shape", SHAPES)
def test_work_grows_no_faster_than_a_record(shape: str) -> None:
    """A record four times as long takes at most four times the calls, and a bounded number in all."""
    quarter, whole = (calls_to_parse(SHAPES[shape](size)) for size in (LIMIT // 4, LIMIT))
    assert whole <= 4 * quarter + 200
    assert whole < 200_000
