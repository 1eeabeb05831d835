"""Read the committed records of an episode from the topic of reports."""

from collections.abc import AsyncGenerator, Iterable
from typing import Any

from aiokafka import TopicPartition

from streams.kafka.range_reader import ALL, RangeReader, partitions
from streams.kafka.routing import partition_of
from streams.stores.episode_log import EpisodeLogTooLong
from streams.stores.kafka.errors import READ_ERRORS, reading_failed
from streams.stores.store import SUBMITTED_BY, StoredReport

__all__ = ["kafka_episode_log"]


async def kafka_episode_log(
    options: dict[str, Any], topic: str, episode: str, *, skimmed_max: int | None = None
) -> AsyncGenerator[StoredReport, None]:
    """Yield the committed records of an episode on the topic of reports now, in order.

    It joins no group. `options` are the client's; `skimmed_max` is how many offsets
    the episode's partition may have, the records of other episodes among them.
    Raises StoreUnavailable where they cannot be read, PastTooLong where there are too many.
    """
    key = episode.encode()
    try:
        tp = TopicPartition(topic, partition_of(key, await partitions(options, topic)))
        async with RangeReader(options, {tp: ALL}) as reader:
            _limit(reader, skimmed_max)
            async for record in reader.records():
                # A record under another key is rerouted by the worker, and is read again under this one.
                if record.key == key and record.value is not None:
                    yield StoredReport(
                        record.value, record.timestamp * 1_000, record.partition, record.offset, _author(record.headers)
                    )
    except READ_ERRORS as error:
        raise reading_failed(error, topic, options["bootstrap_servers"]) from error


def _author(headers: Iterable[tuple[str, bytes]]) -> str | None:
    return next((value.decode("utf-8", "replace") for name, value in headers if name == SUBMITTED_BY), None)


def _limit(reader: RangeReader, skimmed_max: int | None) -> None:
    for tp, (start, end) in reader.remaining.items():
        if skimmed_max is not None and end - start > skimmed_max:
            raise EpisodeLogTooLong(
                f"{tp.topic} partition {tp.partition} has {end - start:,} records, more than the {skimmed_max:,}"
                " that one answer may read; the command line has no such limit"
            )
