"""Live = replay: the exported log, folded with no broker, gives the same changes and pictures an episode."""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import orjson
from aiokafka import TopicPartition

from schemas.topics import CHANGE_TOPICS
from streams import replay
from streams.kafka.client import client_options
from streams.kafka.topic_reader import TopicReader
from streams.operations.export.resumable_file import ResumableFile
from streams.operations.export.run import export
from streams.settings import Settings
from streams.stores.opening import open_store
from streams.stores.topic_records import TopicFilter


async def differs_from_replay(settings: Settings, partitions: int, file: Path) -> list[str]:
    """Export the log to a file; return where outputs are not, byte for byte but for origin, what its replay says."""
    async with TopicReader(client_options(settings)) as reading:
        outputs = {name: await _records(reading, settings, name, partitions) for name in (*CHANGE_TOPICS, "episodes")}
    with ResumableFile(file, {}, resume=False) as sink:
        await export(open_store(settings).topic_reader(TopicFilter("reports")), sink, Counter())
    story = replay(file, sources=settings.sources, horizon=settings.horizon)
    replayed: dict[tuple[str, str], list[bytes]] = defaultdict(list)
    for topic, change in story:
        replayed[topic, change["episode"]].append(orjson.dumps(change))
    live: dict[tuple[str, str], list[bytes]] = defaultdict(list)
    for name in CHANGE_TOPICS:
        for record in outputs[name]:
            live[name, record.key.decode()].append(orjson.dumps(_without_origin(orjson.loads(record.value))))
    problems = [
        f"{topic} of {episode}: live and replay differ"
        for topic, episode in sorted(live.keys() | replayed.keys())
        if live[topic, episode] != replayed[topic, episode]
    ]
    last = {record.key.decode(): orjson.loads(record.value) for record in outputs["episodes"]}
    for episode, picture in story.snapshot()["episodes"].items():
        shown = {k: v for k, v in last.get(episode, {}).items() if k not in {"episode", "through"}}
        if orjson.dumps(shown) != orjson.dumps(picture):
            problems.append(f"the last picture of {episode} is not the replay's")
    return problems


async def _records(reading: TopicReader, settings: Settings, name: str, partitions: int) -> list[Any]:
    places = [TopicPartition(settings.topic(name), number) for number in range(partitions)]
    found = await reading.read(places)
    return [record for place in places for record in found[place]]


def _without_origin(change: dict[str, Any]) -> dict[str, Any]:
    change["cause"].pop("origin", None)
    return change
