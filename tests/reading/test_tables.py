import pytest

from streams.reading import statements, truce_table
from streams.reading.statements import StatementRow
from streams.reading.truce_table import TruceRow
from tests.reading.build import acts, claims

TRUCES = truce_table.ROWS
STATEMENTS = statements.ROWS


@pytest.mark.parametrize("row", TRUCES, ids=lambda row: row.id)
def test_truce_example_is_that_act(row: TruceRow) -> None:
    known = {act for _, act, _ in acts(f"Southern officials: {row.example}")}
    monitored = {"violation_alleged": {"violation_alleged", "violation_confirmed"}}
    assert known & monitored.get(row.act, {row.act})


@pytest.mark.parametrize("row", TRUCES, ids=lambda row: row.id)
def test_truce_counter_example_is_not_that_act(row: TruceRow) -> None:
    assert row.act not in {act for _, act, _ in acts(f"Southern officials: {row.counter}")}


@pytest.mark.parametrize("row", TRUCES, ids=lambda row: row.id)
def test_truce_row_switched_off_loses_its_example(row: TruceRow, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"Southern officials: {row.example}"
    before = acts(text)
    monkeypatch.setattr("streams.reading.truces.ROWS", tuple(other for other in TRUCES if other is not row))
    assert acts(text) != before


def told(text: str) -> set[tuple[str, str]]:
    """Return the statements of a text: act and about."""
    found = claims(f"The Southern Defence Ministry said: {text}")
    return {(claim["act"], claim["about"]) for _, claim in found if claim["type"] == "statement"}


@pytest.mark.parametrize("row", STATEMENTS, ids=lambda row: row.id)
def test_statement_example_is_that_act(row: StatementRow) -> None:
    assert row.act in {act for act, _ in told(row.example)}


@pytest.mark.parametrize("row", STATEMENTS, ids=lambda row: row.id)
def test_statement_counter_example_is_none(row: StatementRow) -> None:
    assert row.act not in {act for act, _ in told(row.counter)}


@pytest.mark.parametrize("row", STATEMENTS, ids=lambda row: row.id)
def test_statement_row_switched_off_loses_its_example(row: StatementRow, monkeypatch: pytest.MonkeyPatch) -> None:
    before = told(row.example)
    monkeypatch.setattr(statements, "ROWS", tuple(other for other in STATEMENTS if other is not row))
    assert told(row.example) != before
