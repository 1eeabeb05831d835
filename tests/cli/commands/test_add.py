"""`truceline add`: one report by hand, over HTTP to a real server."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from streams.cli import app
from streams.operations.send.claim_words import claim_of
from streams.stores.sqlite.database import DATABASE
from streams.stores.sqlite.reader import Reader
from streams.stores.sqlite.store import EmbeddedStore
from streams.web.app import create_app
from streams.web.server import listen, running
from tests.support.build import REGISTRY

KILLED = "killed=71 party=north population=military"
GIVEN = ("--episode", "war", "--source", "mod", "--published-at", "2022-09-14T12:00:00Z")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


@pytest.fixture
def url(folder: Path) -> Iterator[str]:
    store = EmbeddedStore(folder, REGISTRY)
    with running(create_app(store, loopback=True), listen("127.0.0.1", 0)) as url:
        yield url
    store.close()


def added(url: str, *args: str) -> tuple[int, str, str]:
    run = CliRunner().invoke(app, ["add", "--to", url, *args])
    return run.exit_code, run.stdout, run.stderr


def log(folder: Path) -> list[dict[str, Any]]:
    reader = Reader(folder / DATABASE)
    return [orjson.loads(each.value) for each in reader.log()]


@pytest.mark.parametrize(
    ("words", "claim"),
    [
        (
            "killed=71 party=north",
            {
                "type": "casualties", "population": "unknown", "outcome": "killed", "count": {"best": 71},
                "party": "north",
            },
        ),
        (
            "wounded=36-38 party=north population=civilian",
            {
                "type": "casualties", "population": "civilian", "outcome": "wounded",
                "count": {"best": 36, "low": 36, "high": 38}, "qualifier": "about", "party": "north",
            },
        ),
        (
            "missing=19+ party=north final=true",
            {
                "type": "casualties", "population": "unknown", "outcome": "missing", "count": {"best": 19},
                "qualifier": "at_least", "party": "north", "final": True,
            },
        ),
        ("act=announced by=north mediators=un,third", {
            "type": "ceasefire", "act": "announced", "by": "north", "mediators": ["un", "third"],
        }),
        ("act=denied about=casualties against=south", {
            "type": "statement", "act": "denied", "about": "casualties", "against": "south",
        }),
    ],
)  # fmt: skip
def test_words_become_a_claim(words: str, claim: dict[str, Any]) -> None:
    assert claim_of(words) == claim


@pytest.mark.parametrize("words", ["killed", "killed=many people", "party=north", "killed=1 final=maybe", "low=x", ""])
def test_words_that_are_no_claim_are_refused(words: str) -> None:
    with pytest.raises(ValueError, match=r"killed=|NAME=VALUE|final=|low="):
        claim_of(words)


def test_the_effect_is_shown_before_a_report_is_sent(url: str, folder: Path) -> None:
    """A dry run sends nothing; sent twice it is a duplicate; a withdrawal takes it back."""
    code, out, err = added(url, *GIVEN, "--claim", KILLED, "--dry-run")
    assert (code, out, log(folder)) == (0, "", [])
    assert "  north killed, military: 71, says Ministry of the north\n" in err
    assert added(url, *GIVEN, "--claim", KILLED)[0] == 2
    given = (*GIVEN, "--claim", KILLED, "--id", "r-1", "--yes")
    assert added(url, *given)[:2] == (0, "accepted: r-1, revision 1\n")
    assert added(url, *given) == (0, "", "duplicate: it is known already\n")
    code, out, err = added(url, *GIVEN, "--id", "r-1", "--revision", "2", "--withdraw", "--yes")
    assert (code, out) == (0, "accepted: r-1, revision 2\n")
    assert [(each["revision"], each.get("withdrawn"), len(each["claims"])) for each in log(folder)] == [
        (1, None, 1), (2, True, 0),
    ]  # fmt: skip


def test_all_faults_are_told_at_once(url: str, folder: Path) -> None:
    code, _, err = added(url, *GIVEN, "--claim", "killed=71 party=North population=civilians", "--yes")
    assert (code, log(folder)) == (1, [])
    assert "claims[0].party: " in err
    assert "claims[0].population: " in err
    assert "civilian" in err


def test_a_terminal_asks_field_by_field(url: str, folder: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "streams", "add", "--to", url, "--published-at", "2022-09-14T12:00:00Z"]
    child = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.write(ours, b"war\nmod\ncasualties\nkilled\n71\nnorth\nmilitary\ncumulative\nn\ny\n")
    said = b""
    while True:
        try:
            said += os.read(ours, 65_536)
        except OSError:  # the terminal is gone with its program
            break
    os.close(ours)
    assert child.wait() == 0, said.decode()
    assert "north killed, military: 71" in said.decode()
    assert [each["claims"][0]["count"] for each in log(folder)] == [{"best": 71}]
