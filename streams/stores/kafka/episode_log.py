"""The committed records of an episode, read from the topic of reports."""

from collections.abc import AsyncGenerator
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError

from streams.kafka.range_reader import ALL, RangeReader, RangeUnreadable, UnknownTopic, partitions
from streams.kafka.routing import partition_of
from streams.stores.episode_log import EpisodeLogTooLong
from streams.stores.store import StoredReport, StoreUnavailable

__all__ = ["kafka_episode_log"]


async def kafka_episode_log(
    options: dict[str, Any], topic: str, episode: str, *, skimmed_max: int | None = None
) -> AsyncGenerator[StoredReport, None]:
    """Yield the committed records of an episode that stand on the topic of reports now, in order.

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
                # One under another key is sent on by the desk, and comes again under this one.
                if record.key == key and record.value is not None:
                    yield StoredReport(record.value, record.timestamp * 1_000, record.partition, record.offset)
    except UnknownTopic as error:
        raise StoreUnavailable(f"there is no topic {topic}: run `truceline topics create`") from error
    except KafkaConnectionError as error:
        raise StoreUnavailable(f"no Kafka broker answers at {options['bootstrap_servers']}") from error
    except KafkaError as error:
        raise StoreUnavailable(f"{topic} cannot be read to its end: {error}") from error
    except (RangeUnreadable, TimeoutError) as error:
        raise StoreUnavailable(f"{topic} cannot be read to its end: nothing comes") from error


def _limit(reader: RangeReader, skimmed_max: int | None) -> None:
    for tp, (start, end) in reader.remaining.items():
        if skimmed_max is not None and end - start > skimmed_max:
            raise EpisodeLogTooLong(
                f"{tp.topic} partition {tp.partition} has {end - start:,} records, more than the {skimmed_max:,}"
                " that one answer takes; on the command line there is no limit"
            )
