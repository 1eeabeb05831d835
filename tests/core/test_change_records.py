"""The JSON of published records (contract section 6) is valid for any text in a report."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.changes import COUNT_CHANGE, STATEMENT_CHANGE, STATUS_CHANGE, CountChange, StatementChange, StatusChange
from streams.core.change_records import Figure, cause_of, count_change, statement_change, status_change, time_of
from streams.core.model import Registration, Report, Tick
from streams.core.times import FIRST_US, LAST_US, format_time

CELL = ("mod", "north", "killed", "military")
CAUSE = '{"tick":"2022-09-14T12:00:00Z"}'
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
BOUNDS = st.none() | st.integers(0, 10**9 + 1)
MOMENTS = st.integers(FIRST_US, LAST_US)
FIGURES = st.builds(
    Figure, st.integers(0, 10**9 + 1), BOUNDS, BOUNDS, MOMENTS, st.none() | st.booleans(), st.just(["osce", "reuters"])
)


def report(report_id: str, url: str | None, headline: str | None, relayed_by: str | None) -> Report:
    return Report(report_id, 2, True, "war", "mod", relayed_by, 0, url, headline, None, (), b"")


@given(FIGURES)
def test_a_figure_is_written_as_its_fields_are(figure: Figure) -> None:
    assert json.loads(figure.json()) == figure.record() == {
        "best": figure.best, "low": figure.low, "high": figure.high, "as_of": format_time(figure.as_of),
        "final": figure.final, "disputed_by": ["osce", "reuters"],
    }  # fmt: skip


@given(WORDS, st.none() | WORDS, st.none() | WORDS, st.sampled_from([None, "daily-sabah"]))
def test_a_cause_says_what_the_report_says_in_its_own_words(
    report_id: str, url: str | None, headline: str | None, relayed_by: str | None
) -> None:
    message = report(report_id, url, headline, relayed_by)
    cause = json.loads(cause_of(message, time_of(message), ("truceline.reports", 3, 17)))
    assert cause == {
        "report_id": report_id, "revision": 2, "withdrawn": True, "source": "mod", "relayed_by": relayed_by,
        "url": url, "headline": headline, "published_at": "1970-01-01T00:00:00Z",
        "origin": {"topic": "truceline.reports", "partition": 3, "offset": 17},
    }  # fmt: skip


def test_a_tick_and_another_registry_are_causes_too() -> None:
    tick, registration = Tick(0, "war"), Registration("war", "0123456789ab")
    assert cause_of(tick, time_of(tick), None) == '{"tick":"1970-01-01T00:00:00Z"}'
    at = ',"origin":{"topic":"t","partition":0,"offset":5}'
    assert cause_of(tick, time_of(tick), ("t", 0, 5)) == f'{{"tick":"1970-01-01T00:00:00Z"{at}}}'
    assert time_of(registration) is None
    assert cause_of(registration, None, None) == '{"registry":"0123456789ab"}'


@given(st.none() | FIGURES, st.none() | FIGURES)
def test_count_change_fields_are_in_contract_order(before: Figure | None, after: Figure | None) -> None:
    """A count change has all fields in the contract's order."""
    change_id, written = count_change("war", (*CELL, "children", "in-jermuk"), 3, "up", before, after, CAUSE)
    record = json.loads(written)
    assert COUNT_CHANGE.validate_python(record) == record
    assert list(record) == list(CountChange.__annotations__)
    name = "war/mod/north/killed/military/group:children/scope:in-jermuk@3"
    assert record["change_id"] == change_id == name
    assert record["before"] == (before and before.record())
    assert record["delta"] == (after.best if after else 0) - (before.best if before else 0)


@pytest.mark.parametrize(
    ("part", "written", "fields"),
    [
        ((), "", {}),
        (("children", ""), "/group:children", {"group": "children"}),
        (("", "in-jermuk"), "/scope:in-jermuk", {"scope": "in-jermuk"}),
    ],
)
def test_group_and_scope_are_named_only_if_given(part: tuple[str, ...], written: str, fields: dict[str, str]) -> None:
    change_id, json_ = count_change("war", (*CELL, *part), 1, "first", None, None, CAUSE)
    record = json.loads(json_)
    assert change_id == record["change_id"] == f"war/mod/north/killed/military{written}@1"
    assert {name: record[name] for name in ("group", "scope") if name in record} == fields


def test_status_change_fields_are_in_contract_order() -> None:
    """A status change has all fields in the contract's order."""
    view = {
        "status": "agreed", "since": "2022-09-14T12:00:00Z", "effective_at": None, "expires_at": None,
        "declared_by": ["north"], "not_confirmed_by": [], "violations": {"alleged": 1, "denied": 0, "confirmed": 0},
        "mediators": [],
    }  # fmt: skip
    change_id, written = status_change("war", "main", "source:mod", 2, None, view, CAUSE)
    record = json.loads(written)
    assert STATUS_CHANGE.validate_python(record) == record
    assert list(record) == list(StatusChange.__annotations__)
    assert (record["change_id"], record["after"]) == (change_id, view) == ("war/main/source:mod@2", view)


@given(WORDS.filter(bool), WORDS)
def test_a_change_of_a_statement_keeps_its_words(report_id: str, text: str) -> None:
    said = {"source": "mod", "act": "denied", "about": "other", "against": None, "text": text, "refers_to": None}
    change_id, written = statement_change("war", report_id, 0, 1, said, None, CAUSE)
    record = json.loads(written)
    assert list(record) == list(StatementChange.__annotations__)
    assert record["change_id"] == change_id == f"war/statement/{report_id}/0@1"
    assert (record["report_id"], record["before"], record["after"]) == (report_id, said, None)
    assert STATEMENT_CHANGE.validate_python(record | {"report_id": "r", "change_id": "a/b@1"})
