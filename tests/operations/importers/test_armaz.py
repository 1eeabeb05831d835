"""The Armenian and Azerbaijani case: the ministries' last figures, the derived totals, the truces."""

from pathlib import Path

import orjson

from streams.core.ledger import Ledger
from streams.core.parse import parse
from streams.core.state.step import Outcome
from streams.files.source_registry import default_sources
from streams.operations.importers.base import encode
from tests.operations.importers.imports import ARMAZ, cells, counted, fold, imported, rows_of

SEPTEMBER = "armenia-azerbaijan-2022-09"


def test_the_ministries_last_figures_stand() -> None:
    ledger, _ = fold(imported("armaz", ARMAZ))
    stands = {cell: (value["best"], value["low"], value["high"]) for cell, value in cells(ledger, SEPTEMBER).items()}
    assert stands == {
        ("armenia-mod", "armenia", "killed"): (3, 3, 3),
        ("armenia-pm", "armenia", "killed"): (135, 135, 135),
        ("armenia-pm", "armenia", "killed_or_missing"): (211, 211, None),
        ("armenia-security-council", "armenia", "captured"): (20, 20, 20),
        ("armenia-security-council", "armenia", "killed_or_missing"): (207, 207, 207),
        ("armenia-security-council", "armenia", "wounded"): (293, 293, 293),
        ("azerbaijan-mod", "azerbaijan", "killed"): (79, 79, 79),
        ("azerbaijan-mod", "azerbaijan", "wounded"): (282, 282, 282),
        ("gercek-news", "armenia", "killed"): (207, 207, 207),
        ("qna", "armenia", "killed"): (207, 207, 207),
    }
    assert cells(ledger, "nagorno-karabakh-2020")["azerbaijan-mod", "azerbaijan", "killed"]["best"] == 2_900


def test_derived_totals_are_held_against_the_parties_own_figures() -> None:
    """On 15 September 2022 cmio.org added 105 and 71 up to "at least 176"; so did the fold."""
    ledger = Ledger(default_sources())
    for report in imported("armaz", ARMAZ):
        if report["published_at"] > "2022-09-15":
            continue
        ledger.take(parse(encode(report)))
    assert ledger.picture(SEPTEMBER)["totals"][0]["parts"] == {"armenia": 105}
    for report in imported("armaz", ARMAZ):
        if report["published_at"].startswith("2022-09-15"):
            ledger.take(parse(encode(report)))
    picture = ledger.picture(SEPTEMBER)
    assert picture["totals"] == [
        {
            "outcome": "killed",
            "population": "military",
            "best": 176,
            "parts": {"armenia": 105, "azerbaijan": 71},
            "missing": [],
        }
    ]
    assert {derived["source"]: (derived["best"], derived["agrees"]) for derived in picture["derived"]} == {
        "al-jazeera": (155, False),
        "cmio": (176, True),
        "newslive": (50, True),
    }


def test_the_truce_of_september_is_not_ended_by_a_newspaper() -> None:
    """An outlet said that it had broken down; in the joint view that ends nothing (contract section 4)."""
    ledger = Ledger(default_sources())
    statuses = []
    for report in imported("armaz", ARMAZ):
        step = ledger.take(parse(encode(report)))
        statuses += [
            (report["published_at"], record["after"]["status"])
            for topic, record in step.changes()
            if topic == "ceasefires" and record["view"] == "joint" and record["episode"] == SEPTEMBER
        ]
    moves = [status for at, status in enumerate(statuses) if at == 0 or status[1] != statuses[at - 1][1]]
    assert moves == [
        ("2022-09-13T00:00:00Z", "announced"),
        ("2022-09-13T05:15:00Z", "in_effect"),
    ]
    joint = ledger.picture(SEPTEMBER)["ceasefires"][0]
    assert joint["since"] == "2022-09-13T05:15:00Z"
    assert joint["not_confirmed_by"] == ["azerbaijan-officials"]
    assert joint["violations"] == {"alleged": 5, "denied": 1, "confirmed": 0}
    assert joint["mediators"] == ["international-community", "russia", "us"]


def test_what_an_outlet_made_of_a_figure_is_the_outlets_own() -> None:
    """QNA turned "dead and missing" into "killed"; newslive.com rounded 49 to "nearly 50"."""
    by_id = {report["report_id"]: report for report in imported("armaz", ARMAZ)}
    assert by_id["armaz-030"]["source"] == "qna"
    assert by_id["armaz-006"]["source"] == "newslive"
    assert by_id["armaz-006"]["claims"] == [
        {
            "type": "casualties",
            "party": "armenia",
            "outcome": "killed",
            "population": "military",
            "count": {"best": 50},
            "basis": "derived",
            "qualifier": "nearly",
        }
    ]


def test_every_claim_is_taken_once() -> None:
    """Those that are read otherwise than coded are counted."""
    tally = counted("armaz", ARMAZ)
    assert (tally.rows.total(), tally.taken, tally.reports) == (len(rows_of(ARMAZ)), 52, 52)
    assert tally.changed["a claim without a figure: a statement"] == 2
    assert tally.changed["made or retold by an outlet: the outlet is the source"] == 10
    assert tally.changed_rows == 30


def test_a_second_import_is_all_duplicates() -> None:
    ledger, _ = fold(imported("armaz", ARMAZ))
    assert set(fold(imported("armaz", ARMAZ), ledger)[1]) == {Outcome.DUPLICATE}


def test_a_claim_that_lacks_a_field_is_left_out_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "claims.jsonl"
    row = rows_of(ARMAZ)[0]
    path.write_bytes(orjson.dumps(row) + b"\n" + orjson.dumps(row | {"act": "wavering", "seq": 2}) + b"\n")
    tally = counted("armaz", path)
    assert tally.taken == 1
    assert tally.places == ["claims.jsonl line 2: a field is missing or not what it should hold: KeyError('wavering')"]
