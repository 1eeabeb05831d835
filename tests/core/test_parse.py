"""From a report on the wire to one inside: defaults, bounds, times, digest (contract section 1)."""

from __future__ import annotations

import re
from contextlib import nullcontext
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.reports import REPORT_ID, URL
from streams.core import parse as intake
from streams.core.model import Casualty, CeasefireClaim, Reference, Report, Statement, Tick
from streams.core.parse import check_timestamp, parse
from streams.core.times import HOUR_US
from tests.support.build import Json, act, at, killed, more, read, read_report, report, says, tick, us
from tests.support.report_json import FULL_REPORT, MINIMAL_REPORT

DEFAULTS: Json = {
    "revision": 1,
    "withdrawn": False,
    "relayed_by": None,
    "url": None,
    "headline": None,
    "lang": None,
    "claims": [
        {"population": "unknown", "qualifier": "exact", "basis": "cumulative", "as_of": at(14, 12)},
        {"ceasefire": "main", "at": at(14, 12), "parties": [], "mediators": []},
        {},
    ],
}


def test_every_field_arrives() -> None:
    taken = read_report(FULL_REPORT)
    noon = us(15, 6, 30)
    claims = (
        Casualty(
            "north", "killed", "military", 71, 70, 72, "about", "incremental", us(14, 20), us(14), False, "shelling"
        ),
        CeasefireClaim(
            "truce",
            "violation_alleged",
            us(15, 5),
            "south",
            "north",
            us(14),
            us(16),
            ("south", "north"),
            ("osce",),
            "fire",
        ),
        Statement("denied", "casualties", "south", "no", Reference("x", 63, 2)),
    )
    address = ("https://example.org/a?b#c", "Figures", "en")
    expected = ("azmod-2022-09-15", 3, False, "war", "mod", "daily", noon, *address, claims)
    assert taken == Report(*expected, digest=taken.digest, unknown=())


def test_what_is_not_given_has_its_default() -> None:
    taken = read_report(MINIMAL_REPORT)
    noon = us(14, 12)
    claims = (
        Casualty("north", "killed", "unknown", 7, 7, 7, "exact", "cumulative", noon, None, None, None),
        CeasefireClaim("main", "holding", noon, None, None, None, None, (), (), None),
        Statement("asserted", "other", None, None, Reference("x", 0, None)),
    )
    assert taken == Report("r", 1, False, "war", "mod", None, noon, None, None, None, claims, taken.digest)


def test_an_optional_field_that_is_null_is_one_not_given() -> None:
    nothing = {**MINIMAL_REPORT, **dict.fromkeys(("revision", "withdrawn", "relayed_by", "url", "headline", "lang"))}
    optional = [
        ("population", "qualifier", "basis", "as_of", "since", "final", "incident"),
        ("ceasefire", "at", "by", "against", "effective_at", "expires_at", "parties", "mediators", "text"),
        ("against", "text"),
    ]
    nothing["claims"] = [
        {**claim, **dict.fromkeys(names)} for claim, names in zip(MINIMAL_REPORT["claims"], optional, strict=True)
    ]
    nothing["claims"][0]["count"] = {"best": 7, "low": None, "high": None}
    nothing["claims"][2]["refers_to"] = {"report_id": "x", "claim": 0, "revision": None}
    assert read(nothing) == read(MINIMAL_REPORT)
    assert read({**withdrawn(), "claims": None}) == read(withdrawn())


def withdrawn(**fields: Any) -> Json:
    return report("r", withdrawn=True, **fields)


@pytest.mark.parametrize(
    ("qualifier", "given", "best", "low", "high"),
    [
        ("exact", {"best": 5}, 5, 5, 5),
        ("about", {"best": 5}, 5, None, None),
        ("at_least", {"best": 5}, 5, 5, None),
        ("more_than", {"best": 5}, 6, 6, None),
        ("up_to", {"best": 5}, 5, None, 5),
        ("nearly", {"best": 5}, 5, None, 5),
        ("exact", {"best": 5, "low": 4}, 5, 4, 5),
        ("exact", {"best": 5, "high": 9}, 5, 5, 9),
        ("about", {"best": 5, "low": 0, "high": 9}, 5, 0, 9),
        ("more_than", {"best": 5, "low": 5}, 6, 5, None),
        ("more_than", {"best": 5, "high": 6}, 6, 6, 6),
        ("up_to", {"best": 5, "low": 1}, 5, 1, 5),
        ("more_than", {"best": 10**9}, 10**9 + 1, 10**9 + 1, None),
        ("exact", {"best": 0}, 0, 0, 0),
    ],
)
def test_a_bound_not_given_comes_from_the_qualifier(
    qualifier: str, given: Json, best: int, low: int | None, high: int | None
) -> None:
    claim = read_report(report("r", killed(0, qualifier=qualifier) | {"count": given})).claims[0]
    assert isinstance(claim, Casualty)
    assert (claim.best, claim.low, claim.high) == (best, low, high)


def test_an_act_is_done_when_it_is_published() -> None:
    assert done_at("announced", effective_at=at(14, 2)) == us(14, 12)


@pytest.mark.parametrize(
    ("effective", "done"), [(at(14, 2), us(14, 2)), (at(14, 12), us(14, 12)), (at(14, 20), us(14, 12))]
)
def test_at_of_took_effect_defaults_to_effective_at(effective: str, done: int) -> None:
    """The default applies if effective_at is not after published_at."""
    assert done_at("took_effect", effective_at=effective) == done
    assert done_at("took_effect", effective_at=effective, at=at(13)) == us(13)


def done_at(name: str, **fields: str) -> int:
    claim = read_report(report("r", act(name, **fields))).claims[0]
    assert isinstance(claim, CeasefireClaim)
    return claim.at


def test_withdrawn_report_drops_its_claims() -> None:
    """The claims of a withdrawn report are no part of its content."""
    bare = read_report(withdrawn())
    assert bare.claims == ()
    assert read_report({**withdrawn(), "claims": [killed(7)]}) == bare


def test_digest_is_of_the_normalized_content() -> None:
    """Same content (after defaults and bounds, times in UTC, unknown fields gone; section 2 rule 3)."""
    spelled_out = {**MINIMAL_REPORT, **DEFAULTS, "published_at": "2022-09-14T16:00:00.000+04:00"}
    spelled_out["claims"] = [{**a, **b} for a, b in zip(MINIMAL_REPORT["claims"], DEFAULTS["claims"], strict=True)]
    spelled_out["claims"][0]["count"] = {"best": 7, "low": 7, "high": 7, "odd": 1}
    spelled_out["claims"][0]["since"] = None
    spelled_out["odd"] = 1
    other, plain = read_report(spelled_out), read_report(MINIMAL_REPORT)
    assert other.digest == plain.digest
    assert replace(other, unknown=()) == plain


@pytest.mark.parametrize(
    "other",
    [
        {**MINIMAL_REPORT, "source": "mod-2"},
        {**MINIMAL_REPORT, "relayed_by": "daily"},
        {**MINIMAL_REPORT, "published_at": at(14, 13)},
        {**MINIMAL_REPORT, "url": "http://a"},
        {**MINIMAL_REPORT, "headline": ""},
        {**MINIMAL_REPORT, "lang": "en"},
        {**MINIMAL_REPORT, "claims": MINIMAL_REPORT["claims"][::-1]},
        {**MINIMAL_REPORT, "claims": MINIMAL_REPORT["claims"][:2]},
        {**MINIMAL_REPORT, "withdrawn": True},
    ],
    ids=lambda other: " ".join(name for name, value in other.items() if MINIMAL_REPORT.get(name) != value),
)
def test_another_content_has_another_digest(other: Json) -> None:
    assert read_report(other).digest != read_report(MINIMAL_REPORT).digest


def test_lists_count_in_their_order() -> None:
    digests = {read_report(report("r", act("agreed", parties=p))).digest for p in (["a", "b"], ["b", "a"])}
    assert len(digests) == 2


def test_a_denial_of_another_revision_is_another_content() -> None:
    targets = [{"report_id": "x", "claim": 0}, {"report_id": "x", "claim": 0, "revision": 1}]
    digests = {read_report(report("r", says("denied", refers_to=target))).digest for target in targets}
    assert len(digests) == 2


def test_unknown_fields_are_kept_out_and_counted() -> None:
    odd = orjson.loads(orjson.dumps(FULL_REPORT))
    odd["mood"] = odd["claims"][0]["mood"] = odd["claims"][0]["count"]["mood"] = None
    odd["claims"][1]["mood"] = {"a": {}}
    odd["claims"][2]["refers_to"]["mood"] = "!"
    unknown = (
        "mood", "claims[0].mood", "claims[0].count.mood", "claims[1].mood", "claims[2].refers_to.mood"
    )  # fmt: skip
    assert read_report(odd) == replace(read_report(FULL_REPORT), unknown=unknown)
    assert read_report(odd).unknown_fields == 5


def test_of_two_equal_keys_the_last_counts() -> None:
    twice = orjson.dumps(report("r", killed(7)))[:-1] + b',"report_id":"q"}'
    assert parse(twice) == read(report("q", killed(7)))


def test_a_report_whose_tick_is_null_is_a_report() -> None:
    assert replace(read_report(report("r", killed(7), tick=None)), unknown=()) == read(report("r", killed(7)))


def test_a_record_with_a_tick_is_a_tick() -> None:
    ticked = Tick(us(14, 16), "war")
    assert read(tick("2022-09-14T20:00:00+04:00")) == ticked
    assert read({**tick(at(14, 16)), "report_id": None, "odd": 1}) == ticked


def test_published_at_may_be_an_hour_ahead_of_the_record() -> None:
    """A report may be published up to 1 h after its record's timestamp, and any time before it."""
    noon = us(14, 12)
    for message in (read(report("r", killed(7))), read(tick(at(14, 12)))):
        for timestamp_us in (None, noon - HOUR_US, noon, noon + 1000 * HOUR_US):
            check_timestamp(message, timestamp_us)


def test_claims_of_a_report_keep_their_places() -> None:
    claims = read_report(report("r", more(1), killed(2), says(), more(3))).claims
    assert [claim.best if isinstance(claim, Casualty) else None for claim in claims] == [1, 2, None, 3]


ADDRESSES = st.from_regex(URL, fullmatch=True) | st.text("htps:/?#@ [].a1\u00a0\u200b\n", max_size=30).map(
    "http://".__add__
)


@given(ADDRESSES | st.text(max_size=30), st.text(max_size=3) | st.from_regex(REPORT_ID, fullmatch=True))
def test_what_is_taken_at_a_glance_is_what_the_patterns_take(url: str, report_id: str) -> None:
    for pattern, glance, text in ((URL, intake._url, url), (REPORT_ID, intake._id, report_id)):
        taken = re.fullmatch(pattern, text) is not None
        with nullcontext() if taken else pytest.raises(ValueError, match="not a"):
            assert glance(text) == text
