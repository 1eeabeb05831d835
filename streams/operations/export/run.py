"""Export a source to a file or pipe."""

from collections import Counter
from contextlib import aclosing
from typing import Any, Protocol

from streams.operations.export.record_lines import SkippedRecords, line_of
from streams.stores.topic_records import TopicReader, TopicRecord

__all__ = ["Sink", "export"]


class Sink(Protocol):
    """A target of exported lines."""

    #: Position to resume from, by part of the log.
    positions: dict[int, int]
    #: Lines written so far.
    written: int

    def write(self, line: bytes, part: int, next_position: int) -> Any:
        """Write a line, with the position after its record."""

    def passed(self, part: int, next_position: int) -> Any:
        """Note the position after a record that is not written."""


async def export(reader: TopicReader, sink: Sink, skipped: Counter[str], *, of_rejected: bool = False) -> None:
    """Write each record as a line, and count by kind in `skipped` those that are not exported.

    `of_rejected`: the records are rejected ones, whose values may be any bytes. Raises what reader and sink raise.
    """
    async with aclosing(reader.records(dict(sink.positions))) as records:
        async for record in records:
            try:
                line = _line(reader, record, of_rejected=of_rejected)
            except SkippedRecords as kind:
                skipped[str(kind)] += 1
                sink.passed(record.part, record.next_position)
            else:
                sink.write(line, record.part, record.next_position)


def _line(reader: TopicReader, record: TopicRecord, *, of_rejected: bool) -> bytes:
    if not reader.is_processed(record):
        # A rerouted report is read again in its own partition.
        raise SkippedRecords("rerouted or misrouted")
    return line_of(record, of_rejected=of_rejected)
