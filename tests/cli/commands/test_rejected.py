"""`truceline rejected`: on a real Kafka, and on an embedded server's file."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from schemas.headers import Code
from streams.cli import app
from streams.core.source_registry import Registry
from streams.operations.verify.verify import verify
from streams.settings import Settings, load
from streams.stores.sqlite.store import EmbeddedStore
from streams.web.app import create_app
from streams.web.server import listen, running
from tests.support.build import REGISTRY, killed, report
from tests.support.kafka_log import read, running_consumer, send, until_processed
from tests.support.mixed_log import Sent
from tests.support.paths import ROOT

DOCS = ROOT / "docs" / "how-to/rejected.md"
NOON_MS = 1_700_000_000_000
GOOD = json.dumps(report("good", killed(7)))
BAD = '{"report_id": "bad", "episode": "war", "claims": 7}'


def run(*args: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, ["rejected", *args], input=stdin)


@pytest.fixture
def settings(kafka: str, prefix: str, topics: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Those of the environment, where three records have been rejected and one has been taken."""
    for name, value in (("BOOTSTRAP_SERVERS", kafka), ("TOPIC_PREFIX", prefix), ("APP_ID", prefix)):
        monkeypatch.setenv(f"TRUCELINE_{name}", value)
    topics(1)
    made = load()
    asyncio.run(_work(made))
    return made


async def _work(settings: Settings) -> None:
    other = json.dumps(report("good", killed(8)))
    values = [BAD.encode(), GOOD.encode(), b"no json", other.encode()]
    await send(settings, [Sent(0, b"war", value, NOON_MS + 60_000 * at) for at, value in enumerate(values)])
    await take_in(settings)


async def take_in(settings: Settings) -> None:
    async with running_consumer(settings, Registry()):
        await until_processed(settings)


def test_the_list_says_where_each_lay_and_why_it_was_refused(settings: Settings) -> None:
    listed = run("list")
    assert listed.exit_code == 0
    head, *lines = [line.split()[:6] for line in listed.stdout.splitlines() if line[:1].strip()]
    assert head == ["origin", "on", "the", "log", "code", "episode"]
    assert lines == [
        ["0/0", "14", "Nov", "2023", "22:13:20", "invalid"],
        ["0/2", "14", "Nov", "2023", "22:15:20", "not_json"],
        ["0/3", "14", "Nov", "2023", "22:16:20", "revision_conflict"],
    ]
    assert settings.topic_prefix not in listed.stdout


@pytest.mark.parametrize(
    ("filters", "origins"),
    [
        (["--code", "invalid", "--code", "not_json"], ["0/0", "0/2"]),
        (["--episode", "war"], ["0/0", "0/2", "0/3"]),
        (["--episode", "peace"], []),
        (["--since", "2023-11-14T22:15:20Z"], ["0/2", "0/3"]),
        (["--since", "2023-11-14T23:15:20+01:00", "--code", "not_json"], ["0/2"]),
    ],
)
@pytest.mark.usefixtures("settings")
def test_what_is_listed_can_be_chosen(filters: list[str], origins: list[str]) -> None:
    listed = run("list", "--format", "json", *filters)
    assert [json.loads(line)["origin"] for line in listed.stdout.splitlines()] == origins


@pytest.mark.usefixtures("settings")
def test_one_is_shown_as_it_came_with_the_reason_beside_it() -> None:
    shown = run("show", "0/0")
    assert shown.stdout_bytes == BAD.encode()
    assert shown.stderr.startswith("0/0  invalid: ")
    missing = run("show", "0/1")
    assert missing.exit_code == 1
    assert "has the origin 0/1" in missing.stderr


def test_a_mended_report_is_sent_under_its_episode_and_taken(settings: Settings, tmp_path: Path) -> None:
    mended = tmp_path / "mended.json"
    mended.write_text(json.dumps(report("mended", killed(9)), indent=2))
    sent = run("resend", "0/2", "--edit", str(mended))
    assert (sent.exit_code, sent.stdout) == (0, "0/2 sent (logged, now 0/4): mended revision 1 of war\n")
    asyncio.run(take_in(settings))
    *_, last = asyncio.run(read(settings, "casualties", 1))
    assert (last.key, json.loads(last.value)["cause"]["report_id"]) == (b"war", "mended")
    assert asyncio.run(verify(settings)) == []


def test_the_editor_is_given_the_report_laid_out(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", 'sed -i \'s/"report_id"/"revision": 2, "report_id"/\'')
    sent = run("resend", "0/3", "--editor")
    assert (sent.exit_code, sent.stdout) == (0, "0/3 sent (logged, now 0/4): good revision 2 of war\n")
    asyncio.run(take_in(settings))
    *_, last = asyncio.run(read(settings, "casualties", 1))
    assert json.loads(last.value)["after"]["best"] == 8
    monkeypatch.delenv("EDITOR")
    assert run("resend", "0/3", "--editor").exit_code == 2


@pytest.mark.usefixtures("settings")
def test_what_would_be_refused_at_sight_is_not_sent_and_said() -> None:
    tried = run("resend", "--episode", "war", "--dry-run")
    assert tried.exit_code == 1
    assert [line.partition(": ")[0] for line in tried.stderr.splitlines()] == ["0/0 not sent", "0/2 not sent"]
    assert tried.stdout == "0/3 would be sent: good revision 1 of war\n"
    assert run("resend", "0/2", "--edit", "-", stdin="{}").stderr.startswith("0/2 not sent: invalid: ")


@pytest.mark.parametrize(
    "args", [[], ["0/1", "0/2", "--edit", "-"], ["7", "--embedded", "."], ["0/1", "--since", "yesterday"]]
)
def test_what_makes_no_sense_is_said_before_anything_is_done(args: list[str]) -> None:
    assert run("resend", *args).exit_code == 2


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """An embedded server that has refused one report for what it knew."""
    store = EmbeddedStore(tmp_path, REGISTRY)
    # Its log is not the command's output, although they share a process here.
    with capture_logs(), running(create_app(store, loopback=True), listen("127.0.0.1", 0)) as url:
        values = [GOOD.encode(), json.dumps(report("good", killed(8))).encode()]
        assert [receipt.code for receipt in asyncio.run(store.submit(values))] == [None, "revision_conflict"]
        yield url
    store.close()


def test_an_embedded_servers_are_listed_shown_and_sent_over_http(served: str, tmp_path: Path) -> None:
    here = ("--embedded", str(tmp_path))
    (one,) = [json.loads(line) for line in run("list", "--format", "json", *here).stdout.splitlines()]
    assert (one["origin"], one["code"]) == ("1", "revision_conflict")
    shown = run("show", "1", *here).stdout
    again = run("resend", "1", *here, "--to", served)
    assert again.exit_code == 1
    assert again.stdout.startswith("1 rejected again, revision_conflict, ")
    mended = json.dumps(json.loads(shown) | {"revision": 2}, indent=1)
    sent = run("resend", "1", *here, "--to", served, "--edit", "-", stdin=mended)
    assert (sent.exit_code, sent.stdout) == (0, "1 sent (accepted, now 0/3): good revision 2 of war\n")


def test_the_docs_name_every_code() -> None:
    told = re.findall(r"^\| `(\w+)` \|", DOCS.read_text(), re.MULTILINE)
    assert sorted(told) == sorted(get_args(Code))
