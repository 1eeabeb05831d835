"""Alerts on Kafka: what was aborted raises none, what was told is not told again, and state follows its partition."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiokafka import TopicPartition

from streams.alerts import Watch, read_rules
from streams.app.worker import Truceline, create_app
from streams.kafka import client_options
from streams.settings import Settings
from streams.testing.reading import Reading
from tests.agents.alerting import PARTITIONS, alerting_settings, alerts_on, ids_on, sent, write
from tests.agents.test_faust import worker_running
from tests.alerts.telling import changes, day, told
from tests.core.build import killed
from tests.desk.places import WAIT_S, Worker, read, send

CROSSES = "crossed: {crosses: 100, resolved: true}\n"
#: Whether a figure has risen shows only to who knows those before.
RISES = "risen: {rises: {by: 10, within: P30D}}\n"


async def eventually(look: Callable[[], Awaitable[object]], wanted: object) -> None:
    give_up_at = time.monotonic() + WAIT_S
    while (found := await look()) != wanted:
        assert time.monotonic() < give_up_at, f"never {wanted}, but {found}"
        await asyncio.sleep(0.1)


def made(settings: Settings) -> Truceline:
    app = create_app(settings)
    app.finalize()
    return app


async def test_what_was_aborted_raises_no_alert(kafka: str, prefix: str, tmp_path: Path) -> None:
    settings = await alerting_settings(kafka, prefix, tmp_path, CROSSES)
    published = changes(day(1, killed(120)), day(2, killed(50)), day(3, killed(40)))
    first, aborted, last = (record for _, record in published)
    last["before"] = first["after"]
    async with worker_running(made(settings)):
        await write(settings, "casualties", [(0, first)], commits=True)
        await write(settings, "casualties", [(0, aborted)], commits=False)
        await write(settings, "casualties", [(0, last)], commits=True)
        raised = f"crossed:{first['change_id']}"
        await eventually(lambda: ids_on(settings), [raised, f"{raised}/resolved"])
    assert [alert["change_id"] for alert in await alerts_on(settings)] == [first["change_id"], last["change_id"]]


async def test_a_worker_killed_in_the_middle_loses_nothing_and_what_is_read_again_is_not_told_again(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    settings = await alerting_settings(kafka, prefix, tmp_path, CROSSES + RISES)
    chance = random.Random(8)
    story = [
        day(number, killed(chance.randrange(200)), episode=f"e-{episode}")
        for number in range(1, 29)
        for episode in range(20)
    ]
    wanted = sorted(alert["alert_id"] for alert in told(Watch(read_rules(tmp_path / "alerts.yaml")), changes(*story)))
    first = Worker(settings, tmp_path / "first.log", TRUCELINE_ALERTS=str(settings.alerts))
    try:
        for at in range(0, 300, 20):
            await send(settings, sent(story[at : at + 20]))
            if len(await ids_on(settings)) > len(wanted) // 4:
                break
    finally:
        first.kill()
    await send(settings, sent(story))
    second = Worker(settings, tmp_path / "second.log", TRUCELINE_ALERTS=str(settings.alerts))
    try:
        await eventually(lambda: _distinct(settings), wanted)
    finally:
        assert second.stop() == 0
    before = await ids_on(settings)
    # Another group has no offsets: all changes come again, to nobody who has seen them.
    again = settings.model_copy(update={"app_id": f"{prefix}-again"})
    third = Worker(again, tmp_path / "third.log", TRUCELINE_ALERTS=str(settings.alerts))
    try:
        await eventually(lambda: _read_to(again), await _ends(settings))
    finally:
        assert third.stop() == 0
    assert await ids_on(settings) == before


async def _distinct(settings: Settings) -> list[str]:
    return sorted(set(await ids_on(settings)))


async def _ends(settings: Settings) -> dict[int, int]:
    return {record.partition: record.offset + 1 for record in await read(settings, "casualties", PARTITIONS)}


async def _read_to(settings: Settings) -> dict[int, int]:
    places = [TopicPartition(settings.topic("casualties"), number) for number in range(PARTITIONS)]
    async with Reading(client_options(settings)) as reading:
        committed = await reading.committed(f"{settings.app_id}-agents", places)
    return {place.partition: offset for place, offset in committed.items()}
