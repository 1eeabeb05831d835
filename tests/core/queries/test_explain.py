"""The chronicle: each claim about a figure and what became of it, each step of a ceasefire and its cause."""

from __future__ import annotations

from typing import Any

import pytest

from streams.core.parse import Refusal
from streams.core.queries.explain import EpisodeHistory
from streams.core.state.step import Step
from streams.core.times import DAY_US
from tests.support.build import (
    CELL,
    NOON,
    REGISTRY,
    Json,
    act,
    at,
    cause,
    denies,
    killed,
    more,
    read,
    report,
    says,
    tick,
    value,
    view,
    withdrawal,
)


def chronicle(*records: Json, horizon_days: int = 400) -> EpisodeHistory:
    made = EpisodeHistory("war", REGISTRY, horizon_us=horizon_days * DAY_US)
    for record in records:
        made.take(read(record))
    return made


def figure(claim: Json, by: Json, index: int = 0, **fields: Any) -> Json:
    """Return the explanation of a claim: its content and its report."""
    best = claim["count"]["best"]
    return {
        "as_of": claim.get("as_of", by["published_at"]),
        "since": claim.get("since"),
        "best": best,
        "low": best,
        "high": best,
        "qualifier": "exact",
        "basis": claim.get("basis", "cumulative"),
        "final": None,
        "incident": claim.get("incident"),
        **source_of(by, index),
        **fields,
    }


def source_of(by: Json, index: int = 0) -> Json:
    return {
        "report_id": by["report_id"],
        "revision": by.get("revision", 1),
        "claim": index,
        "source": by["source"],
        "relayed_by": by.get("relayed_by"),
        "url": by.get("url"),
        "headline": by.get("headline"),
        "published_at": by["published_at"],
    }


def test_cell_explanation_has_base_and_increments() -> None:
    """A cell's explanation has its base, its increments and their urls."""
    base = report("a", killed(50), url="https://example.org/a", headline="Fifty", relayed_by="daily")
    part = report("b", says(), more(3), published_at=at(15))
    overlapping = report("c", more(4, since=at(13)), published_at=at(16))
    told = chronicle(base, part, overlapping).cell(CELL)
    changes = told.pop("changes")
    assert told == {
        "source": "mod",
        "party": "north",
        "outcome": "killed",
        "population": "military",
        "value": value(53, high=57, as_of=at(16)),
        "version": 3,
        "base": figure(base["claims"][0], base),
        "increments": [
            figure(part["claims"][1], part, 1, adds_to="best, low, high"),
            figure(overlapping["claims"][0], overlapping, adds_to="high"),
        ],
        "superseded": [],
        "replaced": [],
        "disputed": [],
        "refused": [],
    }
    assert [(change["version"], change["cause"]) for change in changes] == [
        (1, cause(base)),
        (2, cause(part)),
        (3, cause(overlapping)),
    ]


def test_without_a_base_increments_are_all_there_is() -> None:
    part = report("b", more(3, since=at(13)))
    told = chronicle(part).cell(CELL)
    assert (told["base"], told["increments"]) == (None, [figure(part["claims"][0], part, adds_to="best, low, high")])


def test_what_is_superseded_is_told_with_the_claim_that_did_it() -> None:
    older = report("a", killed(40, as_of=at(13)))
    contained = report("b", more(3, as_of=at(13)))
    base = report("c", killed(50))
    early = report("d", more(1, as_of=at(15), incident="x"), published_at=at(15))
    late = report("e", more(2, as_of=at(16), incident="x"), published_at=at(16))
    told = chronicle(older, contained, base, early, late).cell(CELL)
    assert told["superseded"] == [
        figure(older["claims"][0], older, why="the cumulative figure of c is later"),
        figure(
            contained["claims"][0], contained, why="dated no later than the cumulative figure of c, which contains it"
        ),
        figure(early["claims"][0], early, why="a later claim reports the incident x again"),
    ]


def test_an_incident_told_twice_without_a_base() -> None:
    early = report("d", more(1, as_of=at(13), incident="x"))
    told = chronicle(early, report("e", more(2, incident="x"))).cell(CELL)
    assert told["superseded"] == [
        figure(early["claims"][0], early, why="a later claim reports the incident x again"),
    ]


def test_replaced_claims_name_the_replacing_revision() -> None:
    """Replaced and withdrawn claims name the revision that did it."""
    first = report("a", killed(7), killed(70, outcome="wounded"))
    second = report("a", says(), killed(8), revision=3)
    other = report("b", killed(9, basis="derived"))
    told = chronicle(first, second, withdrawal("a", 4), other).cell(CELL)
    assert told["value"] is None
    assert told["replaced"] == [
        figure(first["claims"][0], first, why="replaced by revision 3"),
        figure(second["claims"][1], second, 1, why="withdrawn by revision 4"),
    ]


def test_who_disputes_what_counts_is_told_and_no_other_denial() -> None:
    first = report("a", killed(7))
    denials = [
        report("d1", denies("a"), source="watch"),
        report("d2", says(), denies("a", revision=1), source="mod.south"),
        report("d3", denies("a", revision=2), source="nobody"),
        report("d4", denies("b"), source="nobody"),
    ]
    told = chronicle(first, *denials, report("b", killed(6), published_at=at(13))).cell(CELL)
    denied = {"denies": {"report_id": "a", "claim": 0}}
    assert told["disputed"] == [source_of(denials[0]) | denied, source_of(denials[1], 1) | denied]


def test_what_was_refused_is_told_with_the_reason() -> None:
    first, other = report("a", killed(7)), report("a", killed(9))
    late = report("b", killed(5), more(1, outcome="wounded"), published_at=at(1))
    story = chronicle(first, horizon_days=2)
    assert isinstance(story.take(read(other)), Refusal)
    assert isinstance(story.take(read(late)), Refusal)
    assert isinstance(story.take(read(first)), Step)
    refused = story.cell(CELL)["refused"]
    why = [(entry.pop("code"), entry.pop("why")) for entry in refused]
    assert refused == [figure(other["claims"][0], other), figure(late["claims"][0], late)]
    assert [code for code, _ in why] == ["revision_conflict", "too_late"]
    assert "the horizon" in why[1][1]


def step_of(record: Json, before: str, after: str, **fields: Any) -> Json:
    (claim,) = record["claims"]
    done = {"act": claim["act"], "at": record["published_at"], "by": "north", "against": None, "text": None}
    return done | {"before": before, "after": after} | source_of(record) | fields


def test_ceasefire_explanation_has_acts_and_timers_in_order() -> None:
    """A ceasefire's steps are its acts in order, with the timers between."""
    agreed = report("a", act("agreed", effective_at=at(15), expires_at=at(18)))
    alleged = report("b", act("violation_alleged", against="south", text="fire"), published_at=at(16))
    late = report("c", act("proposed"), published_at=at(10))
    told = chronicle(agreed, alleged, late, tick(at(20))).ceasefire("main")
    changes = told.pop("changes")
    terms: Json = {"effective_at": at(15), "expires_at": at(18), "declared_by": ["north"]}
    counted = {"alleged": 1, "denied": 0, "confirmed": 0}
    assert told == {
        "ceasefire": "main",
        "view": "joint",
        "value": view("expired", at(18), violations=counted, **terms),
        "version": 3,
        "steps": [
            step_of(late, "none", "proposed"),
            step_of(agreed, "proposed", "agreed"),
            {
                "timer": "effective_at",
                "at": at(15),
                "before": "agreed",
                "after": "in_effect",
                "set_by": source_of(agreed),
            },
            step_of(alleged, "in_effect", "in_effect", against="south", text="fire"),
            {
                "timer": "expires_at",
                "at": at(18),
                "before": "in_effect",
                "after": "expired",
                "set_by": source_of(agreed),
            },
        ],
        "replaced": [],
        "refused": [],
    }
    assert [change["cause"] for change in changes] == [cause(agreed), cause(alleged), cause(tick(at(20)))]


def done_by(record: Json, **fields: Any) -> Json:
    """Return the explanation of an act without effect."""
    told = step_of(record, "", "", **fields)
    return {name: each for name, each in told.items() if name not in {"before", "after"}}


def test_a_timer_names_the_act_that_set_it_last() -> None:
    first = report("a", act("agreed", effective_at=at(15), expires_at=at(20)))
    longer = report("b", act("extended", expires_at=at(22)), published_at=at(16))
    again = report("c", act("announced", effective_at=at(25)), published_at=at(24))
    told = chronicle(first, longer, again, tick(at(26))).ceasefire("main")
    timers = [(step["timer"], step["at"], step["set_by"]) for step in told["steps"] if "timer" in step]
    assert timers == [
        ("effective_at", at(15), source_of(first)),
        ("expires_at", at(22), source_of(longer)),
        ("effective_at", at(25), source_of(again)),
    ]


def test_replaced_and_refused_acts_have_a_reason() -> None:
    """Acts that were replaced, withdrawn or refused are listed with the reason."""
    first = report("a", act("agreed", text="tomorrow"))
    second = report("a", act("announced"), revision=2)
    stands = report("b", act("holding"), published_at=at(16))
    conflict = report("b", act("collapsed", against="south"), published_at=at(16))
    early = report("c", act("proposed"), published_at=at(1))
    story = chronicle(first, second, withdrawal("a", 3), stands, conflict, early, horizon_days=3)
    for source in ("", "mod"):
        told = story.ceasefire("main", source)
        assert told["steps"] == [step_of(stands, "none", "in_effect")]
        assert told["replaced"] == [
            done_by(first, text="tomorrow", why="replaced by revision 2"),
            done_by(second, why="withdrawn by revision 3"),
        ]
        why = [(entry.pop("code"), entry.pop("why")) for entry in told["refused"]]
        assert told["refused"] == [done_by(conflict, against="south"), done_by(early)]
        assert [code for code, _ in why] == ["revision_conflict", "too_late"]


def test_cell_with_refused_claims_alone_is_explained() -> None:
    """A cell or view with refused claims alone can be explained."""
    late = report("b", killed(5), act("agreed", ceasefire="corridor"), source="watch", published_at=at(1))
    story = chronicle(report("a", says()), late, horizon_days=2)
    cell = ("watch", "north", "killed", "military")
    assert (story.cells(), story.views()) == ([cell], [("corridor", ""), ("corridor", "watch")])
    told = story.cell(cell)
    assert (told["value"], told["version"], [claim["code"] for claim in told["refused"]]) == (None, 0, ["too_late"])
    view_told = story.ceasefire("corridor", "watch")
    assert (view_told["value"], [claim["code"] for claim in view_told["refused"]]) == (None, ["too_late"])
    with pytest.raises(KeyError):
        story.cell(CELL)
    with pytest.raises(KeyError):
        story.ceasefire("main")


def test_what_was_refused_at_sight_is_told_too() -> None:
    story = chronicle(report("a", killed(7), act("agreed")))
    ahead = report("b", killed(9), act("collapsed"))
    for message in (ahead, tick(at(20))):
        story.refuse(read(message), Refusal("from_the_future", "ahead of its record"))
    why: Json = {"code": "from_the_future", "why": "ahead of its record"}
    assert story.cell(CELL)["refused"] == [figure(ahead["claims"][0], ahead, **why)]
    assert story.ceasefire("main")["refused"] == [
        {**done_by({**ahead, "claims": ahead["claims"][1:]}), "claim": 1} | why
    ]


def test_each_claim_bears_the_address_of_its_record() -> None:
    """The position on a log is in the causes of changes too; a line of a file is not."""
    on_log, in_file = {"topic": "t.reports", "partition": 3, "offset": 17}, {"file": "r.jsonl", "line": 4}
    story = chronicle()
    story.take(read(report("a", killed(7), act("agreed"))), on_log)
    story.take(read(report("b", killed(9), published_at=at(15))), in_file)
    story.take(read(report("b", killed(8), published_at=at(15))), in_file)
    told = story.cell(CELL)
    assert [claim["origin"] for claim in (told["base"], *told["superseded"], *told["refused"])] == [
        in_file,
        on_log,
        in_file,
    ]
    assert story.ceasefire("main")["steps"][0]["origin"] == on_log
    assert [change["cause"].get("origin") for change in told["changes"]] == [on_log, None]


def test_a_sources_view_is_told_of_its_own_claims() -> None:
    own = report("a", act("agreed"), source="watch")
    told = chronicle(own, report("b", act("collapsed"), published_at=at(15))).ceasefire("main", "watch")
    assert (told["view"], told["value"]) == ("source:watch", view("agreed", NOON))
    assert told["steps"] == [step_of(own, "none", "agreed", by=None)]
    assert [change["view"] for change in told["changes"]] == ["source:watch"]


def test_the_account_holds_every_cell_and_view_in_order() -> None:
    story = chronicle(report("a", killed(7), killed(1, outcome="captured"), act("agreed")))
    assert story.explain() == {
        "episode": "war",
        "clock": NOON,
        "cells": [story.cell(("mod", "north", "captured", "military")), story.cell(CELL)],
        "ceasefires": [story.ceasefire("main"), story.ceasefire("main", "mod")],
    }
    assert story.picture()["clock"] == NOON


def test_where_no_report_was_accepted_there_is_nothing_to_tell() -> None:
    story = chronicle(tick(at(14)))
    for ask in (story.explain, story.picture, lambda: story.cell(CELL), lambda: story.ceasefire("main")):
        with pytest.raises(KeyError):
            ask()
