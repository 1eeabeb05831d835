"""Decisions of people on drafts, and the resulting reports (contract section 9)."""

from typing import Any

import orjson
import pytest

from streams.core.log_record import Record
from streams.core.model import Report
from streams.core.phrases import Names
from streams.core.source_registry import Registry
from streams.core.times import DEFAULT_HORIZON_US
from streams.review import Review, ReviewRefused, effects, parse_review, read_report, reports_of
from tests.support.build import killed, report
from tests.support.ledger_file import value

DRAFT: dict[str, Any] = {
    "document": {
        "id": "coast-wire-1", "version": 1, "sha256": "0" * 64, "title": "Truce holds", "text": "…", "lang": "en",
        "published_at": "2022-09-15T10:00:00Z", "outlet": "coast-wire", "url": "https://coast.example/a",
    },
    "episode": "war",
    "reports": [
        {"source": "mod", "claims": [killed(71), killed(5, outcome="wounded")]},
        {"source": "coast-wire", "claims": [killed(176, basis="derived")]},
    ],
    "claims": [
        {"report": 0, "claim": 0, "tier": "ready"}, {"report": 0, "claim": 1, "tier": "ask"},
        {"report": 1, "claim": 0, "tier": "check"},
    ],
}  # fmt: skip


def taken(report_index: int, claim: int, **more: Any) -> dict[str, Any]:
    return {"report": report_index, "claim": claim, "taken": True, **more}


def confirmed(*claims: dict[str, Any], **more: Any) -> Review:
    return parse_review({"version": 1, "decision": "confirmed", "claims": [*claims], **more}, DRAFT, "ani")


def test_confirmed_claims_are_one_report_a_source() -> None:
    reports = reports_of(DRAFT, confirmed(taken(0, 0), taken(1, 0)), {})
    assert [(each["report_id"], each["revision"], each["source"], len(each["claims"])) for each in reports] == [
        ("coast-wire-1.coast-wire", 1, "coast-wire", 1),
        ("coast-wire-1.mod", 1, "mod", 1),
    ]
    assert reports[1] == {
        "report_id": "coast-wire-1.mod", "revision": 1, "episode": "war", "source": "mod", "relayed_by": "coast-wire",
        "published_at": "2022-09-15T10:00:00Z", "url": "https://coast.example/a", "headline": "Truce holds",
        "lang": "en", "document": {"id": "coast-wire-1", "sha256": "0" * 64}, "claims": [killed(71)],
    }  # fmt: skip
    assert "relayed_by" not in reports[0]


def test_edits_and_added_claims_are_sent() -> None:
    review = confirmed(
        taken(0, 0, edited=killed(72)),
        taken(0, 1, source="watch"),
        added=[{"source": "mod", "claim": killed(3, outcome="missing")}],
    )
    by_source = {each["source"]: each["claims"] for each in reports_of(DRAFT, review, {})}
    assert by_source == {"mod": [killed(72), killed(3, outcome="missing")], "watch": [killed(5, outcome="wounded")]}


def test_a_rejected_draft_sends_nothing() -> None:
    review = parse_review({"version": 1, "decision": "rejected"}, DRAFT, "ani")
    assert reports_of(DRAFT, review, {}) == []
    assert review.as_record("2022-09-15T11:00:00Z", []) == {
        "document": "coast-wire-1", "version": 1, "decision": "rejected", "claims": [], "by": "ani",
        "at": "2022-09-15T11:00:00Z", "reports": [],
    }  # fmt: skip


def test_a_second_review_revises_and_withdraws() -> None:
    """Changed reports get the next revision; a missing source is withdrawn."""
    before = {"coast-wire-1.mod": 1, "coast-wire-1.coast-wire": 2}
    reports = reports_of(DRAFT, confirmed(taken(0, 0)), before)
    assert [(each["report_id"], each["revision"], each.get("withdrawn", False)) for each in reports] == [
        ("coast-wire-1.mod", 2, False),
        ("coast-wire-1.coast-wire", 3, True),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "a review is an object"),
        ({"version": 2, "decision": "confirmed"}, "version: the draft is of version 1; load it again"),
        ({"version": 1, "decision": "maybe"}, "decision: must be confirmed or rejected"),
        ({"version": 1, "decision": "confirmed", "claims": [{"report": 0, "claim": 2, "taken": True}]}, "no claim 2"),
        (
            {"version": 1, "decision": "confirmed", "claims": [{"report": True, "claim": 0, "taken": True}]},
            "no claim 0",
        ),
        ({"version": 1, "decision": "confirmed", "claims": [{"report": 0, "claim": 0}]}, "claims.0.taken: must be"),
        ({"version": 1, "decision": "confirmed", "claims": [taken(0, 0), taken(0, 0)]}, "one claim is there twice"),
        ({"version": 1, "decision": "confirmed", "claims": "all"}, "claims: must be a list"),
        (
            {"version": 1, "decision": "confirmed", "claims": [taken(0, 0, edited=5)]},
            "claims.0.edited: must be a claim",
        ),
        ({"version": 1, "decision": "confirmed", "added": [{"claim": {}}]}, "added.0: must be an object"),
    ],
)
def test_a_review_that_cannot_be_taken_says_why(content: Any, message: str) -> None:
    with pytest.raises(ReviewRefused) as refused:
        parse_review(content, DRAFT, "ani")
    assert message in str(refused.value)


def test_a_report_that_would_be_refused_is_said_before() -> None:
    with pytest.raises(ReviewRefused, match=r"mod: .*claims.*party"):
        reports_of(DRAFT, confirmed(taken(0, 0, edited={**killed(71), "party": "The North"})), {})
    with pytest.raises(ReviewRefused, match="episode: the draft names none; choose one"):
        reports_of({**DRAFT, "episode": None}, confirmed(taken(0, 0)), {})


def test_the_effect_is_the_fold_run_dry() -> None:
    """Against the log: up, down, known already, refused."""
    log = [
        Record(value(report("a", killed(50)))),
        Record(value(report("coast-wire-1.watch", killed(1), source="watch"))),
    ]
    reports = reports_of(DRAFT, confirmed(taken(0, 0), taken(0, 1, source="watch")), {})
    parsed = [read_report(orjson.dumps(report)) for report in reports]
    accepted = [report for report in parsed if isinstance(report, Report)]
    found = effects("war", log, accepted, Registry(), Names(), horizon_us=DEFAULT_HORIZON_US)
    cell = {"topic": "casualties", "party": "north", "outcome": "killed", "population": "military"}
    words = "north killed, military: 50 → 71, says mod"
    assert (found[0].report_id, found[0].changes) == ("coast-wire-1.mod", ({**cell, "words": words},))
    assert found[1].refusal is not None
    assert "revision" in found[1].refusal
