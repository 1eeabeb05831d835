"""Slips of an operator, and foreign hands: each on a deployment of its own, with the words that a worker must report.

A slip that puts the result in doubt must block: the worker says why, publishes nothing more, and says it again after a
restart. One that does not must leave the worker at work, degraded, with words that name it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Literal

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from schemas.topics import TOPICS
from streams.kafka.local.node import Node
from tests.chaos.deployment import PARTITIONS, Deployment, ceasefire
from tests.support.kafka_log import exists, is_gone, partitions_of
from tests.support.waiting import eventually, eventually_equal

__all__ = ["SLIPS", "SlipKind", "hang_broker", "slip"]

SlipKind = Literal[
    "remake topic",
    "set retention",
    "add partitions",
    "empty ledger",
    "leap clock",
    "write foreign records",
]

DAY_S = 24 * 3600.0
#: Reports before a slip, and after it.
BEFORE, AFTER = 60, 20
#: A record that no program of truceline writes, by topic.
FOREIGN = {
    "casualties": (b"foreign", b'{"change_id": "x", "cause": {"origin": {}}}'),
    "ceasefires": (b"foreign", b"data: x\n\nevent: forged\n\n"),
    "episodes": (b"foreign", b"no picture"),
    "alerts": (b"foreign", b"\xff\xfe"),
    "ledger": (b"foreign", b"bar"),
}


async def slip(kind: SlipKind, deployment: Deployment) -> list[str]:
    """Run one slip on a new deployment; return what is wrong."""
    try:
        await deployment.create_topics()
        deployment.start()
        await deployment.until_ready(200)
        await deployment.fold(BEFORE)
        await SLIPS[kind](deployment)
    except Exception as fault:  # noqa: BLE001 - any failure is a finding, and the run continues
        return [f"{kind}: {type(fault).__name__}: {fault}"]
    finally:
        deployment.stop()
    return []


async def hang_broker(node: Node, deployment: Deployment) -> list[str]:
    """Hang one broker of three; return what is wrong. Reports must be processed while it hangs."""
    try:
        await deployment.create_topics()
        deployment.start()
        await deployment.until_ready(200)
        await deployment.fold(BEFORE)
        node.pause()
        try:
            await deployment.fold(AFTER)
        finally:
            node.resume()
        await deployment.until_ready(200)
    except Exception as fault:  # noqa: BLE001 - any failure is a finding
        return [f"hang broker: {type(fault).__name__}: {fault}"]
    finally:
        deployment.stop()
    return []


async def _remake_topic(deployment: Deployment) -> None:
    """The log is deleted and created again, and is soon longer than the old one."""
    await _remake(deployment, "reports")
    await deployment.send(BEFORE + AFTER)
    await _blocks(deployment, _named(deployment, "reports", "recreated|remade|topic id|deleted"))


async def _empty_ledger(deployment: Deployment) -> None:
    """The ledger is deleted and created again while the worker runs."""
    await _remake(deployment, "ledger")
    await deployment.send(AFTER)
    await _blocks(deployment, _named(deployment, "ledger", "recreated|remade|topic id|deleted|state was lost"))


async def _set_retention(deployment: Deployment) -> None:
    await _alter(deployment, "reports", {"retention.ms": str(int(7 * DAY_S * 1000))})
    await _blocks(deployment, _named(deployment, "reports", "retention"))


async def _add_partitions(deployment: Deployment) -> None:
    topic, partitions = deployment.topic("reports"), 2 * PARTITIONS

    async def grow(client: AIOKafkaAdminClient) -> None:
        if await partitions_of(client, topic) < partitions:
            await client.create_partitions({topic: NewPartitions(total_count=partitions)})
        await eventually_equal(lambda: partitions_of(client, topic), partitions)

    await deployment.administer(grow)
    # The words name either the topics that were left as they were, or the log.
    await _blocks(deployment, f"the reports {partitions}|{partitions} now")


async def _leap_clock(deployment: Deployment) -> None:
    """The wall clock leaps past the end of a ceasefire, and comes back: no tick may end it."""
    await deployment.send_records([ceasefire(1_000_000, time.time() + 30 * DAY_S)])
    await deployment.fold(AFTER)
    deployment.leap_file.write_text(str(60 * DAY_S))
    await deployment.fold(AFTER)
    await deployment.until_ready(200, "clock")
    deployment.leap_file.write_text("0")
    await deployment.fold(AFTER)
    ticks = [record.value for record in await deployment.log() if b'"tick"' in (record.value or b"")]
    assert ticks == [], f"ticks of a time that has not come: {ticks}"


async def _write_foreign_records(deployment: Deployment) -> None:
    """Records of others on each topic: work continues, and /readyz names each; after a restart those that are read."""
    await asyncio.to_thread(deployment.listen)
    written = {topic: await deployment.write(topic, key, value) for topic, (key, value) in FOREIGN.items()}
    await deployment.publish(AFTER)
    named = {topic: rf"{re.escape(deployment.topic(topic))} .*\b{offset}\b" for topic, offset in written.items()}
    for topic in ("casualties", "ceasefires", "alerts", "episodes"):
        await deployment.until_ready(200, named[topic])
    deployment.stop()
    deployment.start()
    await deployment.until_ready(200, named["episodes"])
    await deployment.until_ready(200, "1 records in the ledger that no worker wrote")
    await deployment.publish(AFTER)


SLIPS: dict[SlipKind, Callable[[Deployment], Awaitable[None]]] = {
    "remake topic": _remake_topic,
    "set retention": _set_retention,
    "add partitions": _add_partitions,
    "empty ledger": _empty_ledger,
    "leap clock": _leap_clock,
    "write foreign records": _write_foreign_records,
}


def _named(deployment: Deployment, topic: str, words: str) -> str:
    """Match reasons that name a topic and use one of some words."""
    return rf"(?s)(?=.*{re.escape(deployment.topic(topic))})(?=.*({words}))"


async def _blocks(deployment: Deployment, words: str) -> None:
    """Assert that the worker reports the words, publishes nothing more, and reports them again after a restart."""
    await deployment.until_ready(503, words)
    before = await deployment.published()
    await deployment.send(AFTER)
    deployment.stop()
    deployment.start()
    await deployment.until_ready(503, words)
    after = await deployment.published()
    assert after == before, f"published {after - before} records while blocked"


async def _remake(deployment: Deployment, name: str) -> None:
    topic = deployment.topic(name)

    async def delete(client: AIOKafkaAdminClient) -> None:
        if await exists(client, topic):
            await client.delete_topics([topic])
        await eventually(partial(is_gone, client, topic), f"{topic} is gone")

    await deployment.administer(delete)
    await deployment.create_topics()


async def _alter(deployment: Deployment, name: str, configs: dict[str, str]) -> None:
    # A request sets all settings of the topic: those that it leaves out return to their defaults.
    whole = TOPICS[name].configuration | configs
    resource = ConfigResource(ConfigResourceType.TOPIC, deployment.topic(name), configs=whole)
    await deployment.administer(lambda client: client.alter_configs([resource]))
