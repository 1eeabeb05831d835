"""A ledger in a folder, read beside the server that may be writing it."""

from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path

from streams.core.times import format_time
from streams.stores.rejected import RejectedFilter, RejectedRecord
from streams.stores.sqlite.database import DATABASE
from streams.stores.sqlite.ledger_file import PARTITION
from streams.stores.sqlite.reader import Reader
from streams.stores.sqlite.topic_reader import SqliteTopicReader
from streams.stores.store import StoredReport, StoreUnavailable
from streams.stores.topic_records import TopicFilter, TopicReader

__all__ = ["SqliteStoreReader"]


class SqliteStoreReader:
    """The committed rows of one SQLite file."""

    def __init__(self, folder: Path, topic: str) -> None:
        """`topic` names the log in the causes of changes; raises StoreUnavailable where there is no ledger."""
        self.topic = topic
        self._folder = folder
        self._path = folder / DATABASE
        if not self._path.is_file():
            raise StoreUnavailable(f"no ledger in {folder}: no embedded server has run there ({self._path} is missing)")

    def location(self, _topic: str) -> str:
        """Return the folder."""
        return str(self._folder)

    async def episode_log(self, episode: str | None) -> AsyncGenerator[StoredReport, None]:
        """Yield an episode's reports and ticks in log order, None: of all episodes; raises StoreUnavailable."""
        after = -1
        with closing(Reader(self._path)) as reader:
            while page := reader.log(after, episode=episode):
                for report in page:
                    yield StoredReport(report.value, report.time_us, PARTITION, report.offset, report.submitted_by)
                after = page[-1].offset

    async def log_begin(self, _episode: str) -> int:
        """Return 0: a server does not open a file whose log lost its first reports."""
        return 0

    def topic_reader(self, wanted: TopicFilter) -> TopicReader:
        """Return a reader of a table; raises StoreUnavailable where the file has no such table."""
        return SqliteTopicReader(self._path, wanted)

    async def rejected(self, wanted: RejectedFilter) -> AsyncGenerator[RejectedRecord, None]:
        """Yield the rejected reports that a filter selects, oldest first; raises StoreUnavailable."""
        after = 0
        with closing(Reader(self._path)) as reader:
            while rows := reader.rejected(after):
                after = rows[-1].row
                for row in rows:
                    time = format_time(row.time_us)
                    rejected = RejectedRecord(str(row.row), time, row.code, row.message, None, row.value)
                    if wanted.takes(rejected):
                        yield rejected
