"""Live = replay: the exported log, folded with no broker, gives the same changes and pictures an episode."""

from collections import defaultdict
from typing import Any

import orjson
from aiokafka import TopicPartition

from streams.core.claims import Message
from streams.core.intake import Refusal, check_timestamp, parse
from streams.core.ledger import Ledger
from streams.desk.routing import partition_of
from streams.kafka import client_options
from streams.settings import Settings
from streams.sources import read_sources
from streams.testing.reading import Reading

CHANGES = ("casualties", "ceasefires", "statements")


async def differs_from_replay(settings: Settings, partitions: int) -> list[str]:
    """Return where the outputs are not, byte for byte but for origin, what a replay of the log says."""
    async with Reading(client_options(settings)) as reading:
        outputs = {name: await _records(reading, settings, name, partitions) for name in (*CHANGES, "episodes")}
        log = await _records(reading, settings, "reports", partitions)
    replayed: dict[tuple[str, str], list[bytes]] = defaultdict(list)
    assert settings.sources is not None
    ledger = Ledger(read_sources(settings.sources), horizon_us=settings.horizon_us)
    for record in log:
        message = _in_place(record, partitions)
        if message is None:
            continue
        try:
            step = ledger.take(message)
        except Refusal:
            continue
        for topic, change in step.changes():
            replayed[topic, message.episode].append(orjson.dumps(change))
    live: dict[tuple[str, str], list[bytes]] = defaultdict(list)
    for name in CHANGES:
        for record in outputs[name]:
            live[name, record.key.decode()].append(orjson.dumps(_without_origin(orjson.loads(record.value))))
    problems = [
        f"{topic} of {episode}: live and replay differ"
        for topic, episode in sorted(live.keys() | replayed.keys())
        if live[topic, episode] != replayed[topic, episode]
    ]
    last = {record.key.decode(): orjson.loads(record.value) for record in outputs["episodes"]}
    for episode in ledger.episodes():
        shown = {k: v for k, v in last.get(episode, {}).items() if k not in {"episode", "through"}}
        if orjson.dumps(shown) != orjson.dumps(ledger.picture(episode)):
            problems.append(f"the last picture of {episode} is not the replay's")
    return problems


async def _records(reading: Reading, settings: Settings, name: str, partitions: int) -> list[Any]:
    places = [TopicPartition(settings.topic(name), number) for number in range(partitions)]
    found = await reading.read(places)
    return [record for place in places for record in found[place]]


def _in_place(record: Any, partitions: int) -> Message | None:
    """Return what the record says, or None where an export leaves it out: sent on, misrouted or no report."""
    try:
        message = parse(record.value or b"")
        check_timestamp(message, record.timestamp * 1000)
    except Refusal:
        return None
    key = message.episode.encode()
    return message if record.key == key and record.partition == partition_of(key, partitions) else None


def _without_origin(change: dict[str, Any]) -> dict[str, Any]:
    change["cause"].pop("origin", None)
    return change
