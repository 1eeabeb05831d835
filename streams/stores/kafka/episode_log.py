"""An episode's past: its reports and ticks as they lie on the log, read back for who asks why, or what stood then.

`Store.past` gives them in the order of the log, for both stores; `gathered` holds them to a limit.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError

from streams.kafka.client import partition_of
from streams.kafka.range_reader import ALL, NoTopic, Stretch, Unreadable, partitions
from streams.stores.store import Logged, StoreUnavailable

__all__ = ["BYTES_MAX", "RECORDS_MAX", "PastTooLong", "gathered", "past_on_kafka"]

#: What one answer of the web server may take of an episode.
RECORDS_MAX = 50_000
BYTES_MAX = 64 << 20


class PastTooLong(Exception):
    """More lies on the log than one answer may take; the message says the limit and what does without one."""


async def gathered(
    past: AsyncIterator[Logged], *, records_max: int = RECORDS_MAX, bytes_max: int = BYTES_MAX
) -> list[Logged]:
    """Return all of an episode's records; raises PastTooLong, and StoreUnavailable as the store does."""
    records: list[Logged] = []
    taken_bytes = 0
    async for record in past:
        records.append(record)
        taken_bytes += len(record.value)
        if len(records) > records_max or taken_bytes > bytes_max:
            raise PastTooLong(
                f"the episode has more than {records_max:,} records or {bytes_max >> 20} MiB on the log, more than one"
                " answer takes; on the command line there is no limit"
            )
    return records


async def past_on_kafka(
    options: dict[str, Any], topic: str, episode: str, *, skimmed_max: int | None = None
) -> AsyncGenerator[Logged, None]:
    """Yield the committed records of an episode that stand on the topic of reports now, in order.

    It joins no group. `options` are the client's; `skimmed_max` is how many offsets
    the episode's partition may have, the records of other episodes among them.
    Raises StoreUnavailable where they cannot be read, PastTooLong where there are too many.
    """
    key = episode.encode()
    try:
        place = TopicPartition(topic, partition_of(key, await partitions(options, topic)))
        async with Stretch(options, {place: ALL}) as stretch:
            _limit(stretch, skimmed_max)
            async for record in stretch.records():
                # One under another key is sent on by the desk, and comes again under this one.
                if record.key == key and record.value is not None:
                    yield Logged(record.value, record.timestamp * 1_000, record.partition, record.offset)
    except NoTopic as error:
        raise StoreUnavailable(f"there is no topic {topic}: run `truceline topics create`") from error
    except KafkaConnectionError as error:
        raise StoreUnavailable(f"no Kafka broker answers at {options['bootstrap_servers']}") from error
    except KafkaError as error:
        raise StoreUnavailable(f"{topic} cannot be read to its end: {error}") from error
    except (Unreadable, TimeoutError) as error:
        raise StoreUnavailable(f"{topic} cannot be read to its end: nothing comes") from error


def _limit(stretch: Stretch, skimmed_max: int | None) -> None:
    for place, (start, end) in stretch.left.items():
        if skimmed_max is not None and end - start > skimmed_max:
            raise PastTooLong(
                f"{place.topic} partition {place.partition} has {end - start:,} records, more than the {skimmed_max:,}"
                " that one answer takes; on the command line there is no limit"
            )
