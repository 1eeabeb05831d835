"""UCDP GED events: what the reports add up to is what the columns add up to."""

from collections import Counter
from pathlib import Path

import pytest

from streams.core.state.step import Outcome
from streams.operations.importers.base import ImportOptions
from streams.operations.importers.slugs import slug
from streams.operations.importers.ucdp_ged import BOUNDS_APART, NO_BOUNDS
from tests.operations.importers.imports import SHARED, UCDP, cells, counted, fold, imported, ledger_for, rows_of

WHOLE = SHARED / "ucdp-ged-ukraine" / "conflict_data_ukr.csv"
FILES = [
    pytest.param(UCDP, id="sample"),
    pytest.param(
        WHOLE, id="whole", marks=pytest.mark.skipif(not WHOLE.exists(), reason="the whole data set is not here")
    ),
]
COLUMNS = {"deaths_a": "side_a", "deaths_b": "side_b", "deaths_civilians": None, "deaths_unknown": None}


def column_sums(path: Path) -> Counter[tuple[str, str]]:
    """Return the deaths of each column by conflict and party in the file."""
    sums: Counter[tuple[str, str]] = Counter()
    for row in rows_of(path):
        for column, side in COLUMNS.items():
            if row["id"] and int(row[column]):
                party = slug(row[side]) if side else column.removeprefix("deaths_")
                sums[slug(row["conflict_name"]), party] += int(row[column])
    return sums


@pytest.mark.parametrize("path", FILES)
def test_running_counts_per_party_add_up_to_the_columns(path: Path) -> None:
    reports = imported("ucdp-ged", path)
    ledger, outcomes = fold(reports)
    assert set(outcomes) == {Outcome.ACCEPTED}
    counts: Counter[tuple[str, str]] = Counter()
    for episode in ledger.episodes():
        for (_, party, outcome), value in cells(ledger, episode).items():
            assert outcome == "killed"
            if party != "all":
                counts[episode, party] += value["best"]
    assert counts == column_sums(path)


@pytest.mark.parametrize("path", FILES)
def test_the_party_all_holds_the_estimates_of_the_events(path: Path) -> None:
    ledger, _ = fold(imported("ucdp-ged", path))
    sums: Counter[str] = Counter()
    for episode in ledger.episodes():
        for (_, party, _), value in cells(ledger, episode).items():
            if party == "all":
                sums.update({name: value[name] for name in ("low", "best", "high")})
    events = [{name: int(row[name]) for name in ("low", "best", "high")} for row in rows_of(path) if row["id"]]
    # A bound on the wrong side of best is set to best.
    assert sums == {
        "low": sum(min(event["low"], event["best"]) for event in events),
        "best": sum(event["best"] for event in events),
        "high": sum(max(event["high"], event["best"]) for event in events),
    }


def test_the_whole_data_set_has_the_totals_that_ucdp_publishes() -> None:
    if not WHOLE.exists():
        pytest.skip("the whole data set is not here")
    assert sum(column_sums(WHOLE).values()) == 7_882
    tally = counted("ucdp-ged", WHOLE)
    assert (tally.rows.total(), tally.taken, dict(tally.left_out)) == (
        2_990,
        2_989,
        {"a line of tags (HXL), not an event": 1},
    )
    assert tally.horizon.days == 2_599


def test_an_event_of_one_side_is_one_increment_with_its_range() -> None:
    """Six days of July 2014 (date_prec 2): since and as_of; the office carried what its source said."""
    report = next(report for report in imported("ucdp-ged", UCDP) if report["report_id"] == "ucdp-ged-147997")
    part = {
        "type": "casualties",
        "outcome": "killed",
        "count": {"best": 5, "low": 5, "high": 5},
        "basis": "incremental",
        "as_of": "2014-01-22T00:00:00Z",
        "incident": "147997",
    }
    headline = report.pop("headline", "")
    assert (headline or "").startswith("Police disperse Kiev protest, activists say one shot dead;")
    assert report == {
        "report_id": "ucdp-ged-147997",
        "revision": 1,
        "episode": "ukraine-government",
        "source": "maidan-protesters-general-prosecutor-of-ukraine",
        "relayed_by": "agence-france-presse",
        "published_at": "2014-01-25T00:00:00Z",
        "claims": [
            part | {"party": "all", "population": "mixed"},
            part | {"party": "maidan", "population": "military"},
        ],
    }


def test_days_that_are_not_known_exactly_are_a_range_of_days() -> None:
    dates = {row["id"]: (row["date_start"][:10], row["date_end"][:10]) for row in rows_of(UCDP) if row["id"]}
    for report in imported("ucdp-ged", UCDP):
        start, end = dates[report["report_id"].removeprefix("ucdp-ged-")]
        for claim in report["claims"] or ():
            assert claim["type"] == "casualties"
            assert claim["as_of"] == f"{end}T00:00:00Z"
            assert claim.get("since") == (f"{start}T00:00:00Z" if start < end else None)


def test_a_party_has_bounds_only_of_events_wholly_its_own() -> None:
    tally = counted("ucdp-ged", UCDP)
    spread = 0
    for report in imported("ucdp-ged", UCDP):
        parts = [claim for claim in report["claims"] or () if claim["type"] == "casualties" and claim["party"] != "all"]
        for part in parts:
            assert ("low" in part["count"]) is (len(parts) == 1)
            assert (part.get("qualifier") == "about") is (len(parts) > 1)
        spread += len(parts) > 1
    assert (spread, tally.changed[NO_BOUNDS], tally.changed[BOUNDS_APART]) == (spread, spread, 13)


def test_a_second_import_is_all_duplicates() -> None:
    reports = imported("ucdp-ged", UCDP)
    ledger, _ = fold(reports)
    assert set(fold(imported("ucdp-ged", UCDP), ledger)[1]) == {Outcome.DUPLICATE}


def test_a_later_edition_replaces_the_one_before() -> None:
    """With the horizon that its summary names."""
    tally, options = counted("ucdp-ged", UCDP, options=ImportOptions(revision=2)), ImportOptions(revision=2)
    assert tally.horizon > counted("ucdp-ged", UCDP).horizon
    reports = imported("ucdp-ged", UCDP)
    ledger, _ = fold(reports, ledger_for(reports, tally.horizon.days))
    before = {episode: cells(ledger, episode) for episode in ledger.episodes()}
    assert set(fold(imported("ucdp-ged", UCDP, options=options), ledger)[1]) == {Outcome.ACCEPTED}
    assert {episode: cells(ledger, episode) for episode in ledger.episodes()} == before
