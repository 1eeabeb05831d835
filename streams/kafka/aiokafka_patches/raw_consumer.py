"""The desk's consumer, which hands over records as they were decoded.

aiokafka makes another object of each, of eleven fields in a dict of its own, to say of which topic and partition it is
and how long. Who folds a partition knows the former, and the bytes know the latter. Everything else is aiokafka's own:
what is skipped, where the position stands, what is raised. Held by tests/kafka/test_aiokafka.py.
"""

from collections import OrderedDict
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import FetchResult

__all__ = ["RawConsumer"]


class RawConsumer(AIOKafkaConsumer):  # type: ignore[misc] # aiokafka has no types
    """A consumer whose records have an offset, timestamp, key, value and headers, and no topic or partition."""

    async def start(self) -> None:
        """Connect, as any consumer."""
        await super().start()
        # Nothing has been fetched before there is a subscription; if something has, it is opened too.
        self._fetcher._records = _Fetched(self._fetcher._records)  # noqa: SLF001


class _Fetched(OrderedDict[TopicPartition, Any]):
    """What has been fetched and not handed over, by partition; each is opened as it comes in.

    A fetcher puts it here whole, before it takes the first record of it.
    """

    def __setitem__(self, place: TopicPartition, fetched: Any) -> None:
        if isinstance(fetched, FetchResult):  # and not an error, to be raised
            fetched._partition_records._consumer_record = _as_decoded  # noqa: SLF001
        super().__setitem__(place, fetched)


def _as_decoded(place: TopicPartition, record: Any) -> Any:
    del place
    return record
