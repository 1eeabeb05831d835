"""A table of the SQLite file, read as the topic of the same name."""

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import orjson

from streams.stores.sqlite.reader import Reader
from streams.stores.store import StoreUnavailable
from streams.stores.topic_records import TABLE_TOPICS, PositionLost, TopicFilter, TopicRecord

__all__ = ["SqliteTopicReader"]


class SqliteTopicReader:
    """The rows of a table, in order; the server may be running."""

    def __init__(self, path: Path, wanted: TopicFilter) -> None:
        """Raise StoreUnavailable where the file keeps no such topic."""
        if wanted.topic not in TABLE_TOPICS:
            raise StoreUnavailable(f"an embedded server keeps no {wanted.topic}; it keeps {', '.join(TABLE_TOPICS)}")
        self.total = self.done = 0
        self._path = path
        self._wanted = wanted

    async def records(self, positions: Mapping[int, int]) -> AsyncGenerator[TopicRecord, None]:
        """Yield the rows from `positions` on; raises StoreUnavailable and PositionLost."""
        with closing(Reader(self._path)) as reader:
            first, last = (-1, reader.last_offset()) if self._wanted.topic == "reports" else (0, None)
            self.total = 0 if last is None else last + 1
            after = positions.get(0, first)
            if last is not None and after > last:
                raise PositionLost(
                    f"the log in {self._path} now ends at offset {last}, and the export was at {after}: the file was"
                    " recreated; start a new export"
                )
            while page := list(self._page(reader, after)):
                for record in page:
                    self.done = after = record.next_position
                    yield record

    def is_processed(self, _record: TopicRecord) -> bool:
        """Return True: an embedded server has one partition."""
        return True

    def _page(self, reader: Reader, after: int) -> Iterator[TopicRecord]:
        topic, episode = self._wanted.topic, self._wanted.episode
        if topic == "reports":
            for logged in reader.log(after, episode=episode):
                key = orjson.loads(logged.value)["episode"].encode()
                yield TopicRecord(0, logged.offset, logged.time_us, key, logged.value)
        elif topic == "rejected":
            for row in reader.rejected(after):
                headers = (("code", row.code.encode()), ("message", row.message.encode()))
                yield TopicRecord(0, row.row, row.time_us, None, row.value, headers)
        else:
            for change in reader.changes(after, episode=episode, topic=topic):
                yield TopicRecord(0, change.row, None, change.episode.encode(), change.record)
