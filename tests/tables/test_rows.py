"""Rows of tables, from what is published and from reports."""

from typing import Any

import jsonschema
import orjson

from schemas.tables import TABLES, table_schema
from streams.core.ledger import Ledger
from streams.core.log_record import Record
from streams.core.model import Report
from streams.core.queries.as_of import known_at
from streams.core.queries.standing import standing_episode
from streams.core.source_registry import Registry
from streams.core.times import DEFAULT_HORIZON_US
from streams.tables import (
    Links,
    cell_rows,
    change_row,
    claim_rows,
    episode_row,
    place_rows,
    report_row,
)
from tests.support.build import act, at, killed, read, report, says, withdrawal

REPORTS = [
    report(
        "a",
        killed(50, qualifier="at_least"),
        act("announced", by="north", effective_at=at(15)),
        url="https://a.example/1",
    ),
    report("b", {**killed(71), "party": "south"}, says(text="=…"), source="watch", published_at=at(16)),
    report("a", killed(48), revision=2, published_at=at(17), url="https://a.example/2"),
    report("c", killed(1), published_at=at(17)),
    withdrawal("c", published_at=at(18)),
]
REGISTRY = Registry()
LINKS = Links("https://truceline.example")


def ledger() -> Ledger:
    return Ledger(REGISTRY, horizon_us=DEFAULT_HORIZON_US)


def records() -> list[Record]:
    return [Record(orjson.dumps(each)) for each in REPORTS]


def latest() -> dict[str, Report]:
    return standing_episode("war", records(), REGISTRY, horizon_us=DEFAULT_HORIZON_US).latest


def fits(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as it is written, checked against its table's schema."""
    unknown = set(row) - set(TABLES[name].names)
    assert unknown == set()
    full = {column: row.get(column) for column in TABLES[name].names}
    jsonschema.validate(full, table_schema(TABLES[name]))
    return full


def test_cells_name_the_report_and_its_address() -> None:
    picture = {"episode": "war", **known_at("war", records(), REGISTRY, horizon_us=DEFAULT_HORIZON_US)}
    reports = latest()
    rows = [fits("cells", row) for row in cell_rows(picture, reports, LINKS)]
    assert [(row["source"], row["best"], row["report_id"], row["revision"], row["url"]) for row in rows] == [
        ("mod", 48, "a", 2, "https://a.example/2"),
        ("watch", 71, "b", 1, None),
    ]
    assert rows[0]["permalink"] == f"https://truceline.example/#/war?at={at(17).replace(':', '%3A')}"
    assert fits("episodes", episode_row(picture, "The war", LINKS))["cells"] == 2


def test_changes_have_one_row_each() -> None:
    fold = ledger()
    changes = [change for each in REPORTS for change in fold.take(read(each)).changes()]
    rows = [fits("changes", change_row(topic, record, LINKS)) for topic, record in changes]
    assert len({row["change_id"] for row in rows}) == len(rows) == len(changes)
    moves = [(row["kind"], row["before"], row["best"], row["delta"]) for row in rows if row["topic"] == "casualties"]
    assert moves[:3] == [("first", None, 50, 50), ("first", None, 71, 71), ("down", 50, 48, -2)]
    statement = next(row for row in rows if row["topic"] == "statements")
    assert (statement["source"], statement["text"]) == ("watch", "=…")


def test_reports_and_claims_are_the_latest_revision() -> None:
    reports = latest()
    rows = [fits("reports", report_row(each, LINKS)) for each in reports.values()]
    assert [(row["report_id"], row["revision"], row["withdrawn"], row["claims"]) for row in rows] == [
        ("a", 2, False, 1), ("b", 1, False, 2), ("c", 2, True, 0),
    ]  # fmt: skip
    claims = [fits("claims", row) for each in reports.values() for row in claim_rows(each, LINKS)]
    assert [(row["report_id"], row["claim"], row["type"], row["best"]) for row in claims] == [
        ("a", 0, "casualties", 48), ("b", 0, "casualties", 71), ("b", 1, "statement", None),
    ]  # fmt: skip


def test_places_take_names_and_coordinates_from_the_atlas() -> None:
    sums = [{"place": "jermuk", "source": "mod", "party": "north", "best": 7}, {"place": "x", "best": 1}]
    places = {"jermuk": {"name": "Jermuk", "lat": 39.84, "lon": 45.67}}
    rows = [fits("places", row) for row in place_rows("war", sums, places)]
    assert [(row["name"], row["lat"], row["best"]) for row in rows] == [("Jermuk", 39.84, 7), ("x", None, 1)]
