"""ETH/PRIO declarations of ceasefires, on rows made up in their form; and on the data set, where it is at hand."""

from typing import Any

import pytest

from streams.core.model import Tick
from streams.core.state.step import Outcome
from streams.core.times import parse_time
from streams.operations.importers.eth_prio import (
    MONTH_DECLARED,
    MONTH_ENDED,
    NEVER_EFFECTIVE,
    NO_DAY_DECLARED,
    NO_EFFECT,
)
from tests.operations.importers.imports import DATA, SHARED, counted, fold, imported, rows_of

MADE_UP = DATA / "eth-prio" / "made-up.csv"
WHOLE = SHARED / "eth-prio-ceasefires" / "ceasefires_dataset.csv"
needs_the_data_set = pytest.mark.skipif(not WHOLE.exists(), reason="the data set has no licence to be kept here")


def by_id() -> dict[str, Any]:
    return {report["report_id"]: report for report in imported("eth-prio", MADE_UP)}


def test_a_row_is_the_declaration_of_its_actor_and_its_end() -> None:
    reports = by_id()
    assert reports["eth-prio-2-declared"] == {
        "report_id": "eth-prio-2-declared",
        "revision": 1,
        "episode": "northland-old",
        "source": "nlf",
        "relayed_by": "eth-prio-ceasefires",
        "published_at": "2001-03-05T00:00:00Z",
        "claims": [
            {
                "type": "ceasefire",
                "ceasefire": "999001",
                "act": "agreed",
                "by": "nlf",
                "parties": ["government-of-northland", "nlf"],
                "mediators": ["envoy-eastland-retired", "un"],
                "effective_at": "2001-03-07T00:00:00Z",
                "expires_at": "2001-04-06T00:00:00Z",
            }
        ],
    }
    assert reports["eth-prio-2-ended"] == {
        "report_id": "eth-prio-2-ended",
        "revision": 1,
        "episode": "northland-old",
        "source": "eth-prio-ceasefires",
        "relayed_by": "eth-prio-ceasefires",
        "published_at": "2001-03-20T00:00:00Z",
        "claims": [
            {
                "type": "ceasefire",
                "ceasefire": "999001",
                "act": "ended",
                "text": "replaced by another ceasefire (ETH/PRIO: ended 4)",
            }
        ],
    }


def test_a_fixed_time_that_ran_out_needs_no_report_of_its_end() -> None:
    """The contract's expiry does it: `ended` 1 names the last day, expires_at the midnight after it."""
    assert "eth-prio-1-ended" not in by_id()
    assert by_id()["eth-prio-1-declared"]["claims"][0]["expires_at"] == "2001-04-06T00:00:00Z"


def test_dates_that_are_not_whole_are_read_and_counted() -> None:
    reports, tally = by_id(), counted("eth-prio", MADE_UP)
    assert {name: reports[name]["published_at"][:10] for name in ("eth-prio-3-declared", "eth-prio-4-declared")} == {
        "eth-prio-3-declared": "2002-06-01",
        "eth-prio-4-declared": "2003-01-09",
    }
    assert reports["eth-prio-4-ended"]["published_at"] == "2003-02-28T00:00:00Z"
    assert tally.changed == dict.fromkeys((MONTH_DECLARED, NO_DAY_DECLARED, MONTH_ENDED, NEVER_EFFECTIVE, NO_EFFECT), 1)
    assert (tally.taken, dict(tally.left_out)) == (4, {"no date of declaration, not even a month": 1})


def test_each_ceasefire_of_a_country_has_its_own_status() -> None:
    ledger, _ = fold(imported("eth-prio", MADE_UP))
    ledger.take(Tick(parse_time("2004-01-01T00:00:00Z"), "northland-old"))
    joint = {
        view["ceasefire"]: (view["status"], view["since"][:10], view["declared_by"])
        for view in ledger.picture("northland-old")["ceasefires"]
        if view["view"] == "joint"
    }
    assert joint == {
        "999001": ("ended", "2001-03-20", ["government-of-northland", "nlf"]),
        "999002": ("announced", "2002-06-01", ["nlf"]),
        "999003": ("ended", "2003-02-28", ["nlf"]),
    }


@needs_the_data_set
def test_the_whole_data_set_folds_with_every_row_accounted_for() -> None:
    reports, tally = imported("eth-prio", WHOLE), counted("eth-prio", WHOLE)
    ledger, outcomes = fold(reports)
    assert set(outcomes) == {Outcome.ACCEPTED}
    assert (tally.rows.total(), tally.taken, dict(tally.left_out)) == (
        4091,
        4065,
        {"no date of declaration, not even a month": 26},
    )
    named = {row["uniq_id"] for row in rows_of(WHOLE)}
    assert len(named) == 2203
    told = {view["ceasefire"] for episode in ledger.episodes() for view in ledger.picture(episode)["ceasefires"]}
    assert told <= named
    assert set(fold(imported("eth-prio", WHOLE), ledger)[1]) == {Outcome.DUPLICATE}


@needs_the_data_set
def test_what_the_code_of_the_end_means_is_what_the_data_shows() -> None:
    """`ended` 1 names the last day of a fixed time; 3 is used without a day of effect."""
    rows = rows_of(WHOLE)
    assert sum(row["fixed"] == "1" for row in rows if row["ended"] == "1") == 615
    assert sum(row["ended"] == "1" for row in rows) == 623
    never = [row for row in rows if row["cf_effect_yr"] == "0"]
    assert sum(row["ended"] == "3" for row in never) == 106
    assert len(never) == 117
