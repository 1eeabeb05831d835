"""Statements (contract sections 1 and 6): published, changed and withdrawn, each with versions of its own."""

from __future__ import annotations

from tests.support.build import Json, Story, act, at, cause, killed, report, says, withdrawal


def statement(source: str = "mod", act: str = "asserted", about: str = "territory", **fields: object) -> Json:
    said = {"source": source, "act": act, "about": about, "against": None, "text": None, "refers_to": None}
    return {**said, **fields}


def change(claim: int, version: int, before: Json | None, after: Json | None, by: Json) -> Json:
    return {
        "change_id": f"war/statement/{by['report_id']}/{claim}@{version}",
        "episode": "war",
        "report_id": by["report_id"],
        "claim": claim,
        "version": version,
        "before": before,
        "after": after,
        "cause": cause(by),
    }


def test_statement_change_has_all_fields() -> None:
    """Each statement is published with its position and all fields."""
    target = {"report_id": "x", "claim": 1, "revision": 2}
    denial: Json = {"against": "south", "text": "no", "refers_to": target}
    said = report("a", says(), killed(7), act("agreed"), says("denied", "casualties", **denial))
    assert Story(said).changes[-2:] == [
        ("statements", change(0, 1, None, statement(), said)),
        ("statements", change(3, 1, None, statement(act="denied", about="casualties", **denial), said)),
    ]


def test_a_reference_to_any_revision_says_null() -> None:
    said = report("a", says(refers_to={"report_id": "x", "claim": 0}))
    ((_, record),) = Story(said).changes
    assert record["after"]["refers_to"] == {"report_id": "x", "claim": 0, "revision": None}


def test_unchanged_statement_is_not_published_again() -> None:
    """A revision that leaves a statement unchanged publishes no change."""
    story = Story(report("a", says(text="one"), says(text="two")))
    revised = report("a", says(text="one"), says(text="three"), revision=2)
    assert story.take(revised) == [
        ("statements", change(1, 2, statement(text="two"), statement(text="three"), revised)),
    ]


def test_removed_statement_is_withdrawn_and_may_return() -> None:
    """A removed statement is withdrawn; if it returns, its versions continue."""
    story = Story(report("a", says(), says()))
    shorter, back = report("a", killed(7), revision=2), report("a", says(), says(), revision=4)
    gone = withdrawal("a", revision=3)
    assert [each for each in story.take(shorter) if each[0] == "statements"] == [
        ("statements", change(claim, 2, statement(), None, shorter)) for claim in (0, 1)
    ]
    assert [each for each in story.take(gone) if each[0] == "statements"] == []
    assert story.take(back) == [("statements", change(claim, 3, None, statement(), back)) for claim in (0, 1)]


def test_a_statement_of_another_source_is_another_statement() -> None:
    story = Story(report("a", says()))
    revised = report("a", says(), source="watch", revision=2)
    assert story.take(revised) == [("statements", change(0, 2, statement(), statement("watch"), revised))]


def test_statements_change_no_count_and_no_picture() -> None:
    """Statements change no count and are not in the picture."""
    story = Story(report("a", says("denied", "casualties"), published_at=at(14)))
    assert story.picture() == {
        "clock": at(14),
        "cells": [],
        "parties": [],
        "totals": [],
        "derived": [],
        "ceasefires": [],
    }
