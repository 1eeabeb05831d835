"""Alerts with no broker: stored behind the changes that raised them, each once, and sent on."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import httpx2

from streams.alerts import AlertEngine, Rules
from streams.stores.sqlite.database import DATABASE
from streams.stores.sqlite.store import EmbeddedStore
from tests.support.alerts import day, ids, rules
from tests.support.build import REGISTRY, Json, killed
from tests.support.event_client import Listener
from tests.support.ledger_file import Clock, value
from tests.support.receivers import hook
from tests.support.waiting import LIMIT_S, eventually

RULES = rules("crosses: 100, resolved: true", "rises: {by: 10, within: P30D}")
KILLS = 3
STORY = [day(1, killed(120)), day(2, killed(50)), day(3, killed(59)), day(4, killed(60)), day(5, killed(130))]


def opened(folder: Path, rules_: Rules | None = RULES) -> EmbeddedStore:
    return EmbeddedStore(folder, REGISTRY, rules=rules_, clock=Clock().wall_clock())


def stored(folder: Path) -> list[Json]:
    with sqlite3.connect(folder / DATABASE) as file:
        rows = file.execute("SELECT record FROM changes WHERE topic = 'alerts' ORDER BY row").fetchall()
    return [json.loads(record) for (record,) in rows]


def looked_at(folder: Path, rules_: Rules = RULES) -> list[Json]:
    """Return the alerts for the stored changes."""
    with sqlite3.connect(folder / DATABASE) as file:
        rows = file.execute("SELECT topic, record FROM changes WHERE topic != 'alerts' ORDER BY row").fetchall()
    watch = AlertEngine(rules_, REGISTRY)
    return [dict(alert) for topic, record in rows for alert in watch.take(topic, json.loads(record))]


async def taken(folder: Path, *reports: Json, rules_: Rules | None = RULES) -> None:
    """Take reports, and stop once their alerts are there."""
    store = opened(folder, rules_)
    try:
        await store.submit([value(report) for report in reports])
        if rules_ is not None:
            await eventually(lambda: stored(folder) == looked_at(folder, rules_), "the alerts are stored")
    finally:
        store.close()


async def test_alerts_are_stored_once_across_restarts(tmp_path: Path) -> None:
    for report in STORY:
        # The rules remember what came before they were opened again: 60 is ten more than 50.
        await taken(tmp_path, report)
    assert ids(stored(tmp_path)) == [
        "mod/north/killed/military@1",
        "mod/north/killed/military@1/resolved",
        "r2:war/mod/north/killed/military@4",
        "mod/north/killed/military@5",
        "r2:war/mod/north/killed/military@5",
    ]
    with sqlite3.connect(tmp_path / DATABASE) as file:
        rows = file.execute("SELECT row, topic FROM changes ORDER BY row").fetchall()
    assert [row for row, _ in rows] == list(range(1, 11)), "rows are one sequence, with no gap"


async def test_rules_that_come_later_tell_of_what_is_stored_already(tmp_path: Path) -> None:
    await taken(tmp_path, *STORY, rules_=None)
    assert stored(tmp_path) == []
    await taken(tmp_path, STORY[0])
    assert stored(tmp_path) == looked_at(tmp_path)


async def test_other_rules_know_the_past_and_tell_nothing_of_it(tmp_path: Path) -> None:
    await taken(tmp_path, *STORY[:4])
    before = stored(tmp_path)
    store = opened(tmp_path, rules("crosses: 55"))
    try:
        await store.submit([value(day(6, killed(70)))])
        await store.submit([value(day(7, killed(20)))])
        await store.submit([value(day(8, killed(56)))])
        await eventually(lambda: len(stored(tmp_path)) > len(before), "an alert of the new rule")
    finally:
        store.close()
    assert ids(stored(tmp_path)[len(before) :]) == ["mod/north/killed/military@7"]


async def test_what_the_file_refused_is_published_with_the_next(tmp_path: Path) -> None:
    await taken(tmp_path, STORY[1])
    with sqlite3.connect(tmp_path / DATABASE) as file:
        file.execute(
            "CREATE TRIGGER full BEFORE INSERT ON changes WHEN NEW.topic = 'alerts'"
            " BEGIN SELECT RAISE(ABORT, 'no space'); END"
        )
    store = opened(tmp_path)
    try:
        await store.submit([value(STORY[4])])
        await store.submit([value(day(6, killed(131)))])
        with sqlite3.connect(tmp_path / DATABASE) as file:
            file.execute("DROP TRIGGER full")
        await store.submit([value(day(7, killed(90)))])
        await eventually(lambda: stored(tmp_path) == looked_at(tmp_path), "the alerts are stored")
    finally:
        store.close()
    assert len(stored(tmp_path)) == 3


async def test_alerts_are_in_the_event_stream(tmp_path: Path) -> None:
    with hook() as receiving:
        server = Server(tmp_path, receiving.url())
        listener = Listener(server.url, topic="alerts")
        async with listener.connected() as events:
            assert (await anext(events)).name == "heartbeat"
            async with httpx2.AsyncClient(base_url=server.url, timeout=LIMIT_S) as client:
                for report in (day(1, killed(150)), day(2, killed(20))):
                    assert (await client.post("/reports", content=json.dumps(report))).status_code == 202
            while len(listener.changes) < 2:
                await anext(events)
        assert server.stop(signal.SIGTERM) == 0
    assert [(told.name, told.content) for told in listener.changes] == [("alerts", alert) for alert in stored(tmp_path)]


class Server:
    """`truceline serve --embedded` with rules and a web hook."""

    def __init__(self, folder: Path, url: str) -> None:
        (folder / "alerts.yaml").write_text("r: {crosses: 100, resolved: true}\n")
        (folder / "targets").write_text(f"hook={url}\n")
        command = [
            sys.executable, "-m", "streams", "serve", "--embedded", str(folder), "--http-port", "0",
            "--alerts", str(folder / "alerts.yaml"), "--notify", str(folder / "targets"),
        ]  # fmt: skip
        environment = {name: held for name, held in os.environ.items() if not name.startswith("TRUCELINE_")}
        environment["TRUCELINE_NOTIFY_MAX_AGE"] = "P36500D"
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
        assert self.process.stderr is not None
        said = re.match(r"truceline: (http://[^,]+), ledger in ", self.process.stderr.readline())
        assert said
        self.url = said[1]
        # It listens before it answers; once it answers it can be stopped.
        assert httpx2.get(f"{self.url}/healthz", timeout=LIMIT_S).status_code == 200

    def stop(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        assert self.process.stderr is not None
        with self.process.stderr:
            return self.process.wait(LIMIT_S)


async def test_a_server_killed_repeatedly_sends_each_alert(tmp_path: Path) -> None:
    with hook() as receiving:
        receiving.answers = [503]
        for number in range(KILLS):
            server = Server(tmp_path, receiving.url())
            sources = [(f"s-{number}-{each}", 50 + 100 * (each % 2)) for each in range(40)]
            story = [day(1 + number, killed(best), source=source) for source, best in sources]
            async with httpx2.AsyncClient(base_url=server.url, timeout=LIMIT_S) as client:
                for report in story:
                    assert (await client.post("/reports", content=json.dumps(report))).status_code == 202
            assert server.stop(signal.SIGKILL) == -signal.SIGKILL
        server = Server(tmp_path, receiving.url())
        crossed = rules("crosses: 100, resolved: true")
        wanted = [alert["alert_id"] for alert in looked_at(tmp_path, crossed)]

        def sent() -> set[str]:
            return {posted["message"].splitlines()[-1] for posted in receiving.posted}

        await eventually(lambda: sent() == set(wanted), "all is sent on")
        assert server.stop(signal.SIGTERM) == 0
    assert [alert["alert_id"] for alert in stored(tmp_path)] == wanted
    assert len(wanted) == len(set(wanted)) == 20 * KILLS
