"""A folder that version 1 of the contract wrote is opened, continued, checked, and answers by the rules of today."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from streams.core.source_registry import Registry
from streams.core.times import DAY_US, DEFAULT_HORIZON_US
from streams.files.source_registry import read_sources
from streams.operations.verify.embedded import verify_embedded
from streams.stores.sqlite.database import DATABASE
from streams.stores.sqlite.ledger_file import LedgerFile
from tests.support.build import Json, killed, report
from tests.support.ledger_file import Clock, opened, stored, taken
from tests.support.paths import ROOT

GOLDEN = ROOT / "tests/schemas/golden/v1"
NOW = "2022-10-22T12:00:00Z"
EPISODE = "valley-2021"
OLD_HORIZON_US = 400 * DAY_US


@pytest.fixture
def registry() -> Registry:
    return read_sources(GOLDEN / "sources.yaml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as version 1 left it."""
    packed = (ROOT / "tests/data/version-1/truceline.sqlite.gz").read_bytes()
    (tmp_path / DATABASE).write_bytes(gzip.decompress(packed))
    return tmp_path


def open_now(folder: Path, registry: Registry, horizon_us: int = DEFAULT_HORIZON_US) -> LedgerFile:
    return opened(folder / DATABASE, Clock(NOW), registry, horizon_us)


def later(report_id: str, *claims: Json, **fields: Any) -> Json:
    named = {"episode": EPISODE, "source": "armenia-mod", "published_at": "2022-07-05T08:00:00Z"}
    return report(report_id, *claims, **(named | fields))


def figure(best: int, **fields: Any) -> Json:
    return killed(best, party="armenia", population="military", **fields)


def armenian(picture: Any, outcome: str = "killed") -> Json:
    """Return the value of the Armenian ministry's own cell."""
    named = ("armenia-mod", "armenia", outcome, "military")
    (cell,) = [c for c in picture["cells"] if (c["source"], c["party"], c["outcome"], c["population"]) == named]
    found: Json = cell
    return found


def statuses(picture: Any) -> dict[tuple[str, str], tuple[str, int]]:
    return {(c["ceasefire"], c["view"]): (c["status"], c["version"]) for c in picture["ceasefires"]}


def test_nothing_that_was_stored_is_lost_or_changed(folder: Path, registry: Registry) -> None:
    before = stored(folder / DATABASE)
    open_now(folder, registry).finish()
    after = stored(folder / DATABASE)
    assert after["log"] == before["log"]
    assert after["rejected"] == before["rejected"]
    assert after["changes"][: len(before["changes"])] == before["changes"]
    assert verify_embedded(folder, registry) == []


def test_each_accepted_report_is_known(folder: Path, registry: Registry) -> None:
    """Sent again, it is a duplicate, or stale where a later revision was accepted; nothing is published."""
    book = open_now(folder, registry)
    tables = stored(folder / DATABASE)
    refused = {value for _, value in tables["rejected"]}
    reports = [value for _, _, value in tables["log"] if value not in refused and b'"tick"' not in value]
    outcomes = {receipt.outcome for value in reports for receipt in book.write([value])}
    assert outcomes == {"duplicate", "stale"}
    assert stored(folder / DATABASE) == tables
    book.finish()


def test_counts_continue_at_the_version_they_had(folder: Path, registry: Registry) -> None:
    """A corrected figure is a revision of what version 1 stored, a repeat is a duplicate, an old one is too late."""
    book = open_now(folder, registry)
    before = armenian(book.ledger.picture(EPISODE))
    assert (before["value"]["best"], before["version"]) == (150, 6)
    first = json.loads(stored(folder / DATABASE)["log"][-1][2])
    old = later("old", figure(1), published_at="2021-05-20T08:00:00Z")
    again = later("mod-6", figure(151), revision=2)
    pruned = later("mod-1", figure(1), revision=2)
    assert taken(book, first, again, old, pruned) == ["duplicate", "accepted", "too_late", "too_late"]
    after = armenian(book.ledger.picture(EPISODE))
    assert (after["value"]["best"], after["version"], after["revision"]) == (151, 7, 2)
    change = json.loads(stored(folder / DATABASE)["changes"][-1][3])
    assert (change["change_id"], change["kind"]) == (f"{EPISODE}/armenia-mod/armenia/killed/military@7", "up")
    assert change["before"]["best"] == 150
    book.finish()
    assert verify_embedded(folder, registry) == []


def test_claims_of_version_2_are_added_to_old_cells(folder: Path, registry: Registry) -> None:
    book = open_now(folder, registry)
    parts = later("parts", figure(17, group="medics"), figure(-2, basis="incremental", place="jermuk"))
    assert taken(book, parts) == ["accepted"]
    picture = book.ledger.picture(EPISODE)
    assert {c.get("group"): c["value"]["best"] for c in picture["cells"] if c["source"] == "armenia-mod"
            and c["outcome"] == "killed"} == {None: 148, "medics": 17}  # fmt: skip
    book.finish()
    reopened = open_now(folder, registry)
    assert reopened.ledger.picture(EPISODE) == picture
    reopened.finish()


def test_a_view_that_is_now_read_otherwise_is_published(folder: Path, registry: Registry) -> None:
    """A newspaper ended a truce in version 1; it no longer does. A truce that was pruned stays as published."""
    book = open_now(folder, registry)
    found = statuses(book.ledger.picture(EPISODE))
    assert found["second", "joint"] == ("in_effect", 4)
    assert found["second", "source:daily-sabah"] == ("collapsed", 1)
    assert found["first", "joint"] == ("ended", 2)
    change = json.loads(stored(folder / DATABASE)["changes"][-1][3])
    assert change["change_id"] == f"{EPISODE}/second/joint@4"
    assert (change["before"]["status"], change["after"]["status"]) == ("collapsed", "in_effect")
    book.finish()
    rows = len(stored(folder / DATABASE)["changes"])
    open_now(folder, registry).finish()
    assert len(stored(folder / DATABASE)["changes"]) == rows


def test_sums_are_compared_with_the_figures_of_their_time(folder: Path, registry: Registry) -> None:
    book = open_now(folder, registry)
    sums = {d["report_id"]: (d["computed"], d["agrees"]) for d in book.ledger.picture(EPISODE)["derived"]}
    assert sums == {"sum-1": (125, True), "sum-2": (215, True)}
    book.finish()


def test_the_shorter_stored_horizon_continues_and_is_logged(folder: Path, registry: Registry) -> None:
    with capture_logs() as logs:
        book = open_now(folder, registry)
    assert book.options.horizon_us == book.ledger.horizon_us == OLD_HORIZON_US
    (kept,) = [entry for entry in logs if entry["event"] == "stored_horizon_kept"]
    assert (kept["horizon"], kept["configured"]) == ("P400D", "P3660D")
    taken(book, later("next", figure(152)))
    book.finish()
    with capture_logs() as logs:
        reopened = open_now(folder, registry)
    assert reopened.options.horizon_us == OLD_HORIZON_US
    assert [entry["event"] for entry in logs] == ["stored_horizon_kept"]
    reopened.finish()


def test_a_configured_horizon_that_is_shorter_is_used(folder: Path, registry: Registry) -> None:
    with capture_logs() as logs:
        book = open_now(folder, registry, 30 * DAY_US)
    assert book.options.horizon_us == 30 * DAY_US
    assert "stored_horizon_kept" not in [entry["event"] for entry in logs]
    book.finish()
