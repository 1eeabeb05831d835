"""Records rejected before the fold, with a code and the field's name (contract section 2 rules 1, 2)."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest
from msgspec.structs import replace

from schemas.reports import MAX_REPORT_BYTES
from streams.core.parse import Refusal, check_timestamp, parse, read_json
from streams.core.times import HOUR_US
from streams.core.words import describe_unknown_field
from tests.support.build import Json, act, at, killed, read, read_report, report, says, tick, us

GOOD = report("r", killed(7))


def refusal(value: bytes | Json) -> tuple[str, str]:
    """The code and message that a value is refused with."""
    with pytest.raises(Refusal) as refused:
        parse(value if isinstance(value, bytes) else orjson.dumps(value))
    assert str(refused.value) == f"{refused.value.code}: {refused.value.message}"
    return refused.value.code, refused.value.message


def nested(levels: int) -> bytes:
    """A report that is nested so deep, in an unknown field."""
    around = levels - 1
    return orjson.dumps(GOOD)[:-1] + b',"odd":' + b"[" * around + b"]" * around + b"}"


# --- too_large --------------------------------------------------------------------------------------------------------


def test_a_report_may_have_256_kib_and_no_byte_more() -> None:
    """The limit is measured on the bytes, before they are parsed."""
    value = orjson.dumps(GOOD)
    filled = value + b" " * (256 * 1024 - len(value))
    assert parse(filled) == parse(value)
    assert refusal(filled + b" ") == ("too_large", f"262145 bytes; the limit is {MAX_REPORT_BYTES}")
    assert refusal(b"{" * (256 * 1024 + 1))[0] == "too_large"


# --- not_json ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b" ",
        b"{",
        b"{}{}",
        b"{'a': 1}",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 01}',
        b'{"a": 1.}',
        b'{"a": "\\ud800"}',
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        b'{"a": "\x01"}',
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a": 1,}',
        b'{"a": 1e400, "b": }',
        "{}".encode("utf-16"),
    ],
)
def test_what_strict_json_does_not_allow_is_not_json(value: bytes) -> None:
    assert refusal(value)[0] == "not_json"


def test_json_may_be_nested_32_levels_deep() -> None:
    assert parse(nested(32)) == replace(read_report(GOOD), unknown=("odd",))
    assert refusal(nested(33)) == ("not_json", "nested deeper than 32")
    assert refusal(b"[" * 100_000 + b"]" * 100_000)[0] == "not_json"


def test_brackets_in_text_and_side_by_side_are_no_nesting() -> None:
    text = report("r", killed(7), headline="[{" * 100 + '\\"[')
    aside = report("r", killed(7), odd=[[], {}] * 50)
    assert parse(orjson.dumps(text))
    assert parse(orjson.dumps(aside))


def test_objects_and_lists_nest_alike() -> None:
    assert refusal(b'{"a":[' * 16 + b'{"b":0}' + b"]}" * 16) == ("not_json", "nested deeper than 32")


def test_a_number_beyond_a_double_is_json() -> None:
    """RFC 8259 sets no limit to numbers, and an unknown field may hold any."""
    wide = orjson.dumps(GOOD)[:-1] + b',"odd":[1e400,-1E+400,1' + b"0" * 400 + b',"1e400",-1.5e1]}'
    assert parse(wide) == replace(read_report(GOOD), unknown=("odd",))
    assert read_json(b'[1e400, "1e400", 2]') == [1e308, "1e400", 2]
    assert refusal(orjson.dumps(GOOD).replace(b'"best":7', b'"best":1e400'))[0] == "invalid"


# --- invalid ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [b"null", b"7", b'"a"', b"[]", b"[{}]", b"true"])
def test_a_report_is_an_object(value: bytes) -> None:
    assert refusal(value) == ("invalid", "report: must be a JSON object")


SLUGLESS = ["", "A", "-a", ".a", "_a", "a b", "a/b", "ä", "a\n", "a" * 81, 7, None, []]
TIMELESS = [
    "2022-09-14", "2022-09-14 12:00:00Z", "2022-09-14T12:00Z", "2022-09-14T12:00:00", "2022-09-14t12:00:00z",
    "2022-09-14T12:00:00+0400", "2022-09-14T12:00:00+24:00", "2022-09-14T12:00:00+04:60", "2022-09-14T24:00:00Z",
    "2022-09-14T12:60:00Z", "2022-09-14T12:00:60Z", "2022-09-14T12:00:00.Z", "2022-09-14T12:00:00.1234567Z",
    "2022-09-31T12:00:00Z", "22-09-14T12:00:00Z", "+2022-09-14T12:00:00Z", "0001-01-01T00:00:00+00:01", 0, {},
]  # fmt: skip
FIELDS: list[tuple[str, list[object]]] = [
    ("report_id", ["", "a" * 201, "a\nb", "a\x7fb", "a\x9fb", "a\x00", 7, None]),
    ("revision", [0, -1, 2**31, 1.0, "1", True]),
    ("withdrawn", [0, "false", 1.0]),
    ("episode", SLUGLESS),
    ("source", SLUGLESS),
    ("relayed_by", [slug for slug in SLUGLESS if slug is not None]),
    ("published_at", [*TIMELESS, None]),
    ("url", ["ftp://a", "a.org", "https://", "http://a b", "https:///a", "http://a/\u2003", "http://a/" + "b" * 1992]),
    ("headline", ["a" * 501, 7]),
    ("lang", ["", "e n", "en-", "abcdefghi", "-".join(["abcdefgh"] * 4) + "-a", 7]),
    ("claims", [None, [], {}, "a", [killed(1)] * 65]),
]
COUNT: list[object] = [-1, 10**9 + 1, 71.0, "71", True, None, [7]]
CLAIMS: list[tuple[str, Json, list[object]]] = [
    ("claims[1]", {}, [None, 7, [], {}, {"type": "rumour"}, {"type": None}, {"type": ["casualties"]}]),
    ("claims[1].party", killed(7), SLUGLESS),
    ("claims[1].outcome", killed(7), ["dead", "", None, 7]),
    ("claims[1].population", killed(7), ["soldiers", 7]),
    ("claims[1].qualifier", killed(7), ["roughly", 7]),
    ("claims[1].basis", killed(7), ["sum", 7]),
    ("claims[1].as_of", killed(7), TIMELESS),
    ("claims[1].since", killed(7), TIMELESS),
    ("claims[1].final", killed(7), [0, "true"]),
    ("claims[1].incident", killed(7), [slug for slug in SLUGLESS if slug is not None]),
    ("claims[1].count", killed(7), [None, 7, [], "7"]),
    ("claims[1].count.best", killed(7), COUNT),
    ("claims[1].count.low", killed(7), [bad for bad in COUNT if bad is not None]),
    ("claims[1].count.high", killed(7), [bad for bad in COUNT if bad is not None]),
    ("claims[1].act", act("holding"), ["rests", None]),
    ("claims[1].ceasefire", act("holding"), [slug for slug in SLUGLESS if slug is not None]),
    ("claims[1].at", act("holding"), TIMELESS),
    ("claims[1].effective_at", act("holding"), TIMELESS),
    ("claims[1].expires_at", act("holding"), TIMELESS),
    ("claims[1].parties", act("holding"), ["north", {}]),
    ("claims[1].mediators[0]", act("holding"), [[slug] for slug in SLUGLESS]),
    ("claims[1].text", act("holding"), ["a" * 2001, 7]),
    ("claims[1].act", says(), ["rejected", None]),
    ("claims[1].about", says(), ["weather", None]),
    ("claims[1].text", says(), ["a" * 2001]),
    ("claims[1].refers_to", says(), [7, [], "a"]),
    ("claims[1].refers_to.report_id", says(refers_to={"report_id": "a", "claim": 0}), ["", None]),
    ("claims[1].refers_to.claim", says(refers_to={"report_id": "a", "claim": 0}), [-1, 64, "0", True, None]),
    ("claims[1].refers_to.revision", says(refers_to={"report_id": "a", "claim": 0}), [0, 2**31, "1"]),
]


@pytest.mark.parametrize(
    ("field", "bad"), [pytest.param(field, bad, id=f"{field} {bad!r:.20}") for field, bads in FIELDS for bad in bads]
)
def test_a_field_that_does_not_hold_what_it_should_is_named(field: str, bad: object) -> None:
    code, message = refusal({**GOOD, field: bad})
    assert (code, message.split(":")[0]) == ("invalid", field)


@pytest.mark.parametrize(
    ("path", "claim", "bad"),
    [pytest.param(path, claim, bad, id=f"{path} {bad!r:.20}") for path, claim, bads in CLAIMS for bad in bads],
)
def test_a_field_of_a_claim_is_named_by_its_path(path: str, claim: Json, bad: object) -> None:
    code, message = refusal(report("r", says(), put(claim, path, bad)))
    assert code == "invalid"
    assert message.startswith(path)
    assert re.match(re.escape(path) + r"(\.type)?: .", message)


def put(claim: Json, path: str, value: object) -> Any:
    """The claim with a value at a path below `claims[1]`."""
    names = path.removeprefix("claims[1]").removesuffix("[0]").split(".")[1:]
    if not names:
        return value
    changed = orjson.loads(orjson.dumps(claim))
    inner = changed
    for name in names[:-1]:
        inner = inner[name]
    inner[names[-1]] = value
    return changed


@pytest.mark.parametrize("field", ["report_id", "episode", "source", "published_at", "claims"])
def test_a_field_that_must_be_given_is_missed(field: str) -> None:
    code, message = refusal({name: value for name, value in GOOD.items() if name != field})
    assert (code, message.split(":")[0]) == ("invalid", field)


TIED = [
    ("claims[0].count: low <= best <= high does not hold: 8, 7, 7", killed(7, low=8)),
    ("claims[0].count: low <= best <= high does not hold: 7, 7, 6", killed(7, high=6)),
    ("claims[0].count: low <= best <= high does not hold: 8, 8, 7", killed(7, high=7, qualifier="more_than")),
    ("claims[0].count: low <= best <= high does not hold: None, 7, 6", killed(7, high=6, qualifier="about")),
    ("claims[0].as_of: more than 24 h after published_at", killed(7, as_of="2022-09-15T12:00:00.000001Z")),
    ("claims[0].since: after as_of", killed(7, since=at(14, 12, 1))),
    ("claims[0].since: after as_of", killed(7, as_of=at(13), since=at(13, 1))),
    ("claims[0].at: after published_at", act("holding", at=at(14, 12, 1))),
    ("claims[0].expires_at: not after effective_at", act("agreed", effective_at=at(15), expires_at=at(15))),
]


@pytest.mark.parametrize(("message", "claim"), TIED, ids=[message.split(":")[0] for message, _ in TIED])
def test_fields_that_contradict_each_other_are_refused(message: str, claim: Json) -> None:
    assert refusal(report("r", claim)) == ("invalid", message)


def test_fields_may_touch_their_limits() -> None:
    assert read(report("r", killed(7, as_of=at(15, 12))))
    assert read(report("r", killed(7, since=at(14, 12))))
    assert read(report("r", act("agreed", effective_at=at(15), expires_at="2022-09-15T00:00:00.000001Z")))
    assert read(report("r" * 200, *[killed(10**9)] * 64, revision=2**31 - 1, headline="h" * 500, source="s" * 80))


def test_claims_of_a_withdrawn_report_are_checked() -> None:
    """Claims of a withdrawn report are checked before they are dropped."""
    code, message = refusal(report("r", killed(7, as_of=at(16)), withdrawn=True))
    assert (code, message) == ("invalid", "claims[0].as_of: more than 24 h after published_at")


@pytest.mark.parametrize("bad", [*TIMELESS, False])
def test_a_tick_holds_a_time(bad: object) -> None:
    code, message = refusal({"tick": bad, "episode": "war"})
    assert (code, message.split(":")[0]) == ("invalid", "tick")


def test_a_tick_names_its_episode_and_no_report() -> None:
    assert refusal({"tick": at(14)})[1].startswith("episode: ")
    assert refusal({**GOOD, "tick": at(14)}) == ("invalid", "tick: a tick has no report_id; a report has no tick")
    assert refusal({**tick(at(14)), "report_id": 7})[0] == "invalid"


# --- from_the_future --------------------------------------------------------------------------------------------------


def test_report_an_hour_ahead_is_from_the_future() -> None:
    """A report more than 1 h ahead of its record is from_the_future."""
    early = us(14, 12) - HOUR_US - 1
    with pytest.raises(Refusal) as refused:
        check_timestamp(read(GOOD), early)
    assert str(refused.value) == (
        "from_the_future: published_at 2022-09-14T12:00:00Z is more than 1 h after the record's own timestamp"
        " 2022-09-14T10:59:59.999999Z"
    )
    with pytest.raises(Refusal, match="from_the_future: tick 2022-09-14T12:00:00Z is"):
        check_timestamp(read(tick(at(14, 12))), early)


# --- all faults at once -----------------------------------------------------------------------------------------------


def test_all_faults_of_a_report_are_listed() -> None:
    """Those of the fields, and those between the fields of the claims that are valid themselves, in order."""
    bad = report(
        "r",
        {**killed(7, outcome="dead", population="civilians"), "count": {"best": "7"}},
        killed(7, low=9, since=at(15), place="jermuk", as_of=at(20)),
        act("hold", at="yesterday"),
        act("agreed", at=at(15), effective_at=at(16), expires_at=at(16)),
        source="The Ministry",
        url="ftp://x",
    )
    with pytest.raises(Refusal) as refused:
        read(bad)
    assert [fault.path for fault in refused.value.faults] == [
        "source", "url",
        "claims[0].outcome", "claims[0].population", "claims[0].count.best",
        "claims[1].place", "claims[1].count", "claims[1].as_of",
        "claims[2].act", "claims[2].at",
        "claims[3].expires_at", "claims[3].at",
    ]  # fmt: skip
    assert refused.value.message == "; ".join(map(str, refused.value.faults))


def test_a_message_lists_twenty_faults() -> None:
    with pytest.raises(Refusal, match=r"claims\[19\]\.outcome.*; and 5 more") as refused:
        read(report("r", *[killed(7, outcome="dead")] * 25))
    assert len(refused.value.faults) == 25


@pytest.mark.parametrize(
    ("fields", "hint"),
    [
        ({"outcome": "dead"}, "'dead' is not allowed; did you mean killed? write one of killed, wounded, missing,"),
        ({"outcome": "Injured"}, "'Injured' is not allowed; did you mean wounded?"),
        ({"population": "civilians"}, "did you mean civilian?"),
        ({"population": "soldiers"}, "did you mean military?"),
        ({"qualifier": "at least"}, "did you mean at_least?"),
        ({"qualifier": "approx."}, "did you mean about?"),
        ({"basis": "total"}, "did you mean cumulative?"),
        ({"group": "kids"}, "did you mean children?"),
        ({"outcome": "kiled"}, "did you mean killed?"),
        ({"outcome": "weather"}, "'weather' is not allowed; write one of killed,"),
        ({"outcome": 7}, "7 is not allowed; write one of killed,"),
        ({"type": "casualty"}, "type: 'casualty' is not allowed; did you mean casualties?"),
        ({"outcome": "x" * 300}, "x…"),
    ],
)
def test_nearest_allowed_word_is_named(fields: Json, hint: str) -> None:
    code, message = refusal(orjson.dumps(report("r", {**killed(7), **fields})))
    assert (code, hint in message) == ("invalid", True), message
    assert len(message) < 300


@pytest.mark.parametrize(
    ("count", "reason"),
    [
        (34, 'count: must be an object: write {"best": 34}'),
        (True, "count: must be an object"),
        ({"best": "34"}, "count.best: must be a whole number: write 34 without quotes"),
        ({"best": 34.5}, "count.best: must be a whole number"),
    ],
)
def test_a_count_of_the_wrong_type_is_shown_as_it_should_be(count: Any, reason: str) -> None:
    code, message = refusal(orjson.dumps(report("r", {**killed(7), "count": count})))
    assert (code, message) == ("invalid", f"claims[0].{reason}")


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("pupulation", "pupulation (claims.population?)"),
        ("asof", "asof (claims.as_of?)"),
        ("claims[0].pupulation", "claims[0].pupulation (population?)"),
        ("claims[3].count.bst", "claims[3].count.bst (best?)"),
        ("headlin", "headlin (headline?)"),
        ("document.sha265", "document.sha265 (sha256?)"),
        ("claims[0].refers_to.reportid", "claims[0].refers_to.reportid (report_id?)"),
        ("weather", "weather"),
        ("a.b.c", "a.b.c"),
    ],
)
def test_unknown_field_is_shown_with_the_likely_one(path: str, shown: str) -> None:
    assert describe_unknown_field(path) == shown
