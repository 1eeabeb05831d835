"""Alerts on Kafka: aborted changes raise none, no alert is repeated, and state follows its partition."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

from streams.alerts import AlertEngine, read_rules
from streams.kafka.local.cluster import LocalKafka
from streams.settings import Settings
from streams.worker.faust_app import TrucelineApp, create_app
from tests.support.alerting_worker import (
    CROSSES_100,
    PARTITIONS,
    alert_ids_on,
    alerting_settings,
    alerts_published,
    committed_offsets,
    end_offsets,
    group_size,
    sent,
    write,
)
from tests.support.alerts import changes, day, told
from tests.support.build import killed
from tests.support.event_client import Listener
from tests.support.faust_worker import worker_running
from tests.support.kafka_log import Worker, create_topics, send, settings_for
from tests.support.metrics import MetricsDelta
from tests.support.waiting import eventually, eventually_equal

#: A rise can be seen only with the figures before.
RISES = "risen: {rises: {by: 10, within: P30D}}\n"


def alerting_worker(settings: Settings, log: Path) -> Worker:
    return Worker(settings, log, TRUCELINE_ALERTS=str(settings.alerts))


def made(settings: Settings) -> TrucelineApp:
    app = create_app(settings)
    app.finalize()
    return app


async def test_what_was_aborted_raises_no_alert(kafka: str, prefix: str, tmp_path: Path) -> None:
    settings = await alerting_settings(kafka, prefix, tmp_path, CROSSES_100)
    published = changes(day(1, killed(120)), day(2, killed(50)), day(3, killed(40)))
    first, aborted, last = (record for _, record in published)
    last["before"] = first["after"]
    gained = MetricsDelta()
    async with worker_running(app := made(settings)):
        listener = Listener(f"http://127.0.0.1:{app.http.port}", topic="alerts")
        listening = asyncio.create_task(listener.until(2))
        await eventually(lambda: listener.told, "it is connected")
        await write(settings, "casualties", [(0, first)], commits=True)
        await write(settings, "casualties", [(0, aborted)], commits=False)
        await write(settings, "casualties", [(0, last)], commits=True)
        raised = f"crossed:{first['change_id']}"
        await eventually_equal(lambda: alert_ids_on(settings), [raised, f"{raised}/resolved"])
        assert [told.content for told in await listening] == await alerts_published(settings)
    assert [alert["change_id"] for alert in await alerts_published(settings)] == [first["change_id"], last["change_id"]]
    assert gained.by("truceline_alerts_total", "state") == {"raised": 1, "resolved": 1}


async def test_alerts_survive_moves_and_kills(kafka: str, prefix: str, tmp_path: Path) -> None:
    """Partitions move and a worker is killed, and nothing is lost or repeated."""
    settings = await alerting_settings(kafka, prefix, tmp_path, CROSSES_100 + RISES)
    chance = random.Random(8)
    story = [
        day(number, killed(chance.randrange(200)), episode=f"e-{episode}")
        for number in range(1, 29)
        for episode in range(20)
    ]
    wanted = sorted(
        alert["alert_id"] for alert in told(AlertEngine(read_rules(tmp_path / "alerts.yaml")), changes(*story))
    )
    first, second = (alerting_worker(settings, tmp_path / name) for name in ("first.log", "second.log"))
    try:
        for at in range(0, 300, 20):
            await send(settings, sent(story[at : at + 20]))
            if len(await alert_ids_on(settings)) > len(wanted) // 4:
                break
        # By now both are in the group, and have shared out the partitions more than once.
        await eventually_equal(lambda: group_size(settings), 2)
    finally:
        first.kill()
    await send(settings, sent(story))
    try:
        await eventually_equal(lambda: distinct(settings), wanted)
    finally:
        assert second.stop() == 0
    before = await alert_ids_on(settings)
    # Another group has no offsets: all changes come again, to nobody who has seen them.
    again = settings.model_copy(update={"app_id": f"{prefix}-again"})
    third = alerting_worker(again, tmp_path / "third.log")
    try:
        await eventually_equal(
            lambda: committed_offsets(again, "casualties"), await end_offsets(settings, "casualties")
        )
    finally:
        assert third.stop() == 0
    assert await alert_ids_on(settings) == before


async def distinct(settings: Settings) -> list[str]:
    return sorted(set(await alert_ids_on(settings)))


async def test_agents_wait_for_missing_topics(local_kafka: Callable[..., LocalKafka], tmp_path: Path) -> None:
    """Agents wait for topics that a broker would make of another shape."""
    broker = local_kafka(properties={"auto.create.topics.enable": "true"}).bootstrap_servers
    rules = tmp_path / "alerts.yaml"
    rules.write_text(CROSSES_100)
    settings = settings_for(broker, "t", data_dir=tmp_path, alerts=rules)
    log = tmp_path / "log"
    worker = alerting_worker(settings, log)
    try:
        await eventually(lambda: "t.alerts is missing" in log.read_text(), "it says what it waits for")
        await create_topics(settings, PARTITIONS)
        await send(settings, sent([day(1, killed(120))]))
        await eventually_equal(lambda: alert_ids_on(settings), ["crossed:war/mod/north/killed/military@1"])
    finally:
        assert worker.stop() == 0
