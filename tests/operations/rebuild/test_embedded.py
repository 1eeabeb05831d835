"""`truceline rebuild --embedded`: a ledger is folded again beside the old one, and replaces it only if asked to."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streams.cli import app
from streams.core.times import DAY_US
from streams.operations.verify.embedded import verify_embedded
from streams.stores.sqlite import refold
from streams.stores.sqlite.database import DATABASE
from streams.stores.sqlite.store import EmbeddedStore
from tests.support.alerts import rules
from tests.support.build import REGISTRY, Json, act, at, killed, report
from tests.support.embedded_server import SOURCES
from tests.support.ledger_file import Clock, opened, stored, taken, value
from tests.support.waiting import eventually

SHORT_US = 5 * DAY_US
LATE = report("late", killed(12, as_of=at(1)), source="watch", published_at=at(1))
STORY = [report("a", killed(71), act("announced")), report("b", killed(80), published_at=at(15)), LATE]
ELSEWHERE = report("c", killed(1), episode="elsewhere")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder kept under a horizon of five days, which has refused a report; its registry is in the environment."""
    (tmp_path / "sources.yaml").write_text(
        SOURCES + "border: {name: Border service of the north, kind: official, affiliation: north, partial: true}\n"
        "daily: {name: A newspaper, kind: media}\n"
    )
    monkeypatch.setenv("TRUCELINE_SOURCES", str(tmp_path / "sources.yaml"))
    folder = tmp_path / "ledger"
    folder.mkdir()
    book = opened(folder / DATABASE, horizon_us=SHORT_US)
    assert taken(book, *STORY, ELSEWHERE) == ["accepted", "accepted", "too_late", "accepted"]
    book.finish()
    return folder


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["rebuild", "--embedded", str(folder), *arguments, "-q"])


def horizon_of(folder: Path) -> str:
    with sqlite3.connect(folder / DATABASE) as file:
        (found,) = file.execute("SELECT value FROM meta WHERE name = 'horizon_us'").fetchone()
    file.close()
    return str(found)


def kills(folder: Path, source: str) -> int | None:
    book = opened(folder / DATABASE)
    cells = {cell["source"]: cell["value"]["best"] for cell in book.ledger.picture("war")["cells"]}
    book.finish()
    return cells.get(source)


def test_a_longer_horizon_is_compared_and_then_put_in_place(folder: Path) -> None:
    """The report that was too late counts; the log is the same, and the old ledger is kept."""
    before = stored(folder / DATABASE)
    looked = run(folder, "--horizon", "P3660D")
    assert (looked.exit_code, looked.stdout.splitlines()) == (
        1,
        [
            f"{folder}/rebuilt is the log of {folder}, folded under a horizon of P3660D (it was P5D)",
            "refused reports: 1 before, 0 now",
            "the rebuilt ledger matches the log",
            f"1 episodes agree with {folder}; 1 differ",
            "  war: casualties: the old one has 2 changes, the rebuilt one 3",
        ],
    )
    assert looked.stderr == "To switch: stop the server, and run this again with --replace\n"
    assert stored(folder / DATABASE) == before
    refused = run(folder, "--horizon", "P3660D", "--replace")
    assert (refused.exit_code, refused.stderr) == (
        1,
        "truceline: not replaced: see above; or use --accept-differences\n",
    )
    assert stored(folder / DATABASE) == before
    done = run(folder, "--horizon", "P3660D", "--replace", "--accept-differences")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == (
        f"{folder} now has the rebuilt ledger; the old one is in {folder}/before-rebuild"
    )
    after = stored(folder / DATABASE)
    assert (after["log"], after["rejected"]) == (before["log"], [])
    assert stored(folder / "before-rebuild" / DATABASE) == before
    assert horizon_of(folder) == str(3660 * DAY_US)
    assert verify_embedded(folder, REGISTRY) == []
    assert (kills(folder, "watch"), kills(folder, "mod")) == (12, 80)


def test_the_same_horizon_gives_the_same_ledger(folder: Path) -> None:
    """Without a difference it needs no leave to replace, and each old ledger has a folder of its own."""
    before = stored(folder / DATABASE)
    for kept in ("before-rebuild", "before-rebuild-2"):
        done = run(folder, "--horizon", "P5D", "--replace")
        assert done.exit_code == 0, done.output
        assert f"2 episodes agree with {folder}; 0 differ\n" in done.stdout
        assert stored(folder / DATABASE) == stored(folder / kept / DATABASE) == before
    book = opened(folder / DATABASE, horizon_us=SHORT_US)
    assert taken(book, STORY[0], LATE, report("d", killed(81), published_at=at(16))) == [
        "duplicate",
        "too_late",
        "accepted",
    ]
    book.finish()


def test_a_running_server_is_not_replaced(folder: Path) -> None:
    """Beside it a ledger may be built; to put that in place, the server must stop."""
    store = EmbeddedStore(folder, REGISTRY, horizon_us=SHORT_US, clock=Clock().wall_clock())
    try:
        assert run(folder, "--horizon", "P5D").exit_code == 0
        refused = run(folder, "--horizon", "P5D", "--replace")
        assert (refused.exit_code, refused.stderr) == (
            74,
            f"truceline: another truceline server is running on {folder}\n",
        )
    finally:
        store.close()
    assert run(folder, "--horizon", "P5D", "--replace").exit_code == 0


async def test_alerts_are_kept_and_not_raised_again(folder: Path) -> None:
    raising = rules("crosses: 80")

    def alerts(where: Path) -> list[Json]:
        return [json.loads(row[3]) for row in stored(where / DATABASE)["changes"] if row[2] == "alerts"]

    def with_rules() -> EmbeddedStore:
        return EmbeddedStore(folder, REGISTRY, horizon_us=3660 * DAY_US, rules=raising, clock=Clock().wall_clock())

    store = with_rules()
    await eventually(lambda: len(alerts(folder)) == 1, "the alert is stored")
    store.close()
    before = alerts(folder)
    assert run(folder, "--horizon", "P3660D", "--replace", "--accept-differences").exit_code == 0
    assert alerts(folder) == before
    rows = [row[0] for row in stored(folder / DATABASE)["changes"]]
    assert rows == list(range(1, len(rows) + 1))
    store = with_rules()
    await store.submit([value(report("e", killed(90), source="watch", published_at=at(17)))])
    await eventually(lambda: len(alerts(folder)) == 2, "the next alert is stored")
    store.close()
    assert alerts(folder)[:1] == before


def test_a_rebuild_that_stops_leaves_the_ledger_as_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = stored(folder / DATABASE)
    take, calls = refold.Refold._take, []

    def stopped(self: refold.Refold, *arguments: object) -> None:
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        take(self, *arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(refold.Refold, "_take", stopped)
        ended = run(folder, "--replace")
    assert (ended.exit_code, ended.stderr) == (130, f"truceline: stopped; the ledger in {folder} is as it was\n")
    assert stored(folder / DATABASE) == before
    assert not (folder / "rebuilt" / DATABASE).exists()
    assert run(folder, "--horizon", "P5D", "--replace").exit_code == 0


def test_authors_and_drafts_are_kept(folder: Path) -> None:
    with sqlite3.connect(folder / DATABASE) as file:
        file.execute("INSERT INTO authors VALUES (0, 'newsroom')")
        file.execute("CREATE TABLE documents (id TEXT, version INTEGER, sha256 TEXT, draft BLOB)")
        file.execute("INSERT INTO documents VALUES ('d', 1, 'x', '{}')")
    file.close()
    assert run(folder, "--horizon", "P5D", "--replace").exit_code == 0
    with sqlite3.connect(folder / DATABASE) as file:
        assert file.execute("SELECT * FROM authors").fetchall() == [(0, "newsroom")]
        assert file.execute("SELECT * FROM documents").fetchall() == [("d", 1, "x", "{}")]
    file.close()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "name either --to PREFIX (Kafka) or --embedded DIR"),
        (["--to", "t-2", "--embedded", "."], 2, "name either --to PREFIX (Kafka) or --embedded DIR"),
        (["--to", "t-2", "--replace"], 2, "--replace is for --embedded DIR"),
        (["--embedded", "/nowhere"], 74, "no ledger in /nowhere"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: list[str], code: int, words: str) -> None:
    ended = CliRunner().invoke(app, ["rebuild", *arguments, "-q"])
    assert (ended.exit_code, words in ended.stderr) == (code, True), ended.output
