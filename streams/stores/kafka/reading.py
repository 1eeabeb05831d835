"""Records of the topics, read without a running worker and without a consumer group."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from aiokafka import TopicPartition

from streams.kafka.client import client_options
from streams.kafka.range_reader import ALL, RangeReader, bounds, partitions
from streams.kafka.routing import partition_of
from streams.settings import Settings
from streams.stores.kafka.episode_log import kafka_episode_log
from streams.stores.kafka.errors import READ_ERRORS, reading_failed
from streams.stores.kafka.topic_reader import KafkaTopicReader
from streams.stores.rejected import RejectedFilter, RejectedRecord
from streams.stores.store import StoredReport
from streams.stores.topic_records import TopicFilter, TopicReader

__all__ = ["KafkaStoreReader"]

#: As often a worker looks at the shapes of topics.
BEGINS_EVERY_S = 60.0


class KafkaStoreReader:
    """The committed records of the topics."""

    def __init__(self, settings: Settings) -> None:
        """Raise SettingsError where the settings make no client."""
        self.topic = settings.topic("reports")
        self._settings = settings
        self._options = client_options(settings)
        #: First offset of each partition of the log, and when it was asked for.
        self._begins: list[int] = []
        self._begins_s = 0.0

    def location(self, topic: str) -> str:
        """Return the full name of a topic."""
        return self._settings.topic(topic)

    def episode_log(self, episode: str | None) -> AsyncGenerator[StoredReport, None]:
        """Yield an episode's reports and ticks in log order, None: of all episodes; raises StoreUnavailable."""
        return self._whole_log() if episode is None else kafka_episode_log(self._options, self.topic, episode)

    async def log_begin(self, episode: str) -> int:
        """Return the first offset of an episode's partition, as of a minute ago or later; raises StoreUnavailable."""
        if not self._begins or time.monotonic() - self._begins_s > BEGINS_EVERY_S:
            try:
                tps = [
                    TopicPartition(self.topic, number) for number in range(await partitions(self._options, self.topic))
                ]
                found = await bounds(self._options, tps)
            except READ_ERRORS as error:
                raise reading_failed(error, self.topic, self._options["bootstrap_servers"]) from error
            self._begins = [found[tp].start for tp in tps]
            self._begins_s = time.monotonic()
        return self._begins[partition_of(episode.encode(), len(self._begins))]

    async def _whole_log(self) -> AsyncGenerator[StoredReport, None]:
        reader = self.topic_reader(TopicFilter("reports"))
        async with aclosing(reader.records({})) as records:
            async for record in records:
                if record.value is not None and reader.is_processed(record):
                    yield StoredReport(record.value, record.timestamp_us or 0, record.part, record.next_position - 1)

    def topic_reader(self, wanted: TopicFilter) -> TopicReader:
        """Return a reader of a topic."""
        return KafkaTopicReader(self._options, self._settings.topic(wanted.topic), wanted)

    async def rejected(self, wanted: RejectedFilter) -> AsyncGenerator[RejectedRecord, None]:
        """Yield the rejected reports that a filter selects, partition by partition; raises StoreUnavailable."""
        topic = self._settings.topic("rejected")
        try:
            tps = [TopicPartition(topic, number) for number in range(await partitions(self._options, topic))]
            # A record is rejected into the partition that it came from.
            numbers = {origin.partition("/")[0] for origin in wanted.origins}
            for tp in tps:
                if numbers and str(tp.partition) not in numbers:
                    continue
                async with RangeReader(self._options, {tp: ALL}) as reader:
                    async for record in reader.records():
                        if wanted.takes(rejected := _rejected(record)):
                            yield rejected
        except READ_ERRORS as error:
            raise reading_failed(error, topic, self._options["bootstrap_servers"]) from error


def _rejected(record: Any) -> RejectedRecord:
    # A rejected record keeps its own headers, followed by the worker's, so the last of a name counts.
    headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    return RejectedRecord(
        f"{headers.get('partition', record.partition)}/{headers.get('offset', '?')}",
        headers.get("time"),
        headers.get("code", "?"),
        headers.get("message", ""),
        record.key,
        record.value or b"",
        int(headers["truncated_from"]) if headers.get("truncated_from", "").isdecimal() else None,
    )
