"""Compare the outputs of two prefixes of the same log, by episode and without `origin`.

Positions of records and their input partitions may differ; contents may not.
"""

from array import array
from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

import orjson
from aiokafka import TopicPartition

from schemas.topics import CHANGE_TOPICS
from streams.kafka.client import client_options
from streams.kafka.range_reader import ALL, RangeReader, RangeUnreadable, partitions
from streams.operations.rebuild.digests import digest_of
from streams.settings import Settings

__all__ = ["Comparison", "compare"]


class Comparison(NamedTuple):
    """The result of the comparison; for an episode that differs, its first different change."""

    agreeing: int
    differing: dict[str, str]
    #: Number of episodes that the live prefix has not fully published yet.
    behind: int
    #: Topics of the live prefix that do not exist.
    missing: list[str]


#: Episode → digest of each change, in order.
_Told = dict[str, "array[int]"]


async def compare(old: Settings, new: Settings, brought: Mapping[int, int]) -> Comparison:
    """Compare all changes of the live prefix, up to the end of the copy, with those of the other.

    `brought` holds the offset behind the last record brought over, by partition of the old log.
    Raises Unreadable and KafkaError.
    """
    differing: dict[str, str] = {}
    episodes: set[str] = set()
    behind: set[str] = set()
    missing: list[str] = []
    for name in CHANGE_TOPICS:
        try:
            await partitions(client_options(old), old.topic(name))
        except RangeUnreadable:
            missing.append(old.topic(name))
            continue
        live, rebuilt = await _published(old, name, brought), await _published(new, name, None)
        for episode in live.keys() | rebuilt.keys():
            episodes.add(episode)
            theirs, ours = live.get(episode, array("Q")), rebuilt.get(episode, array("Q"))
            common = min(len(theirs), len(ours))
            if theirs[:common] != ours[:common]:
                at = next(index for index in range(common) if theirs[index] != ours[index])
                differing.setdefault(episode, f"{name}: change {at + 1} of {len(ours)} is different")
            elif len(theirs) > len(ours):
                differing.setdefault(episode, f"{name}: live has {len(theirs)} changes, the rebuilt log {len(ours)}")
            elif len(theirs) < len(ours):
                behind.add(episode)
    return Comparison(
        len(episodes) - len(differing), dict(sorted(differing.items())), len(behind - differing.keys()), missing
    )


async def _published(settings: Settings, name: str, brought: Mapping[int, int] | None) -> _Told:
    options, topic = client_options(settings), settings.topic(name)
    places = [TopicPartition(topic, number) for number in range(await partitions(options, topic))]
    told: _Told = defaultdict(lambda: array("Q"))
    async with RangeReader(options, dict.fromkeys(places, ALL)) as stretch:
        async for record in stretch.records():
            change = orjson.loads(record.value)
            origin = change["cause"].pop("origin", None)
            if brought is None or origin is None or origin["offset"] < brought.get(origin["partition"], 0):
                told[change["episode"]].append(digest_of(change))
    return told
