"""Export a source to a file or pipe."""

from collections import Counter
from contextlib import aclosing
from typing import Any, Protocol

from streams.kafka.residency import is_processed_here
from streams.operations.export.record_lines import ExportedRecord, SkippedRecords, line_of
from streams.operations.export.sources import EmbeddedSource, ExportFilter, KafkaSource

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


async def export(
    origin: KafkaSource | EmbeddedSource, wanted: ExportFilter, sink: Sink, left_out: Counter[str]
) -> None:
    """Write each record to export as a line, and count the others by kind in `left_out`.

    Raises what the origin and the sink raise.
    """
    of_rejected, of_reports = wanted.topic == "rejected", wanted.topic == "reports" and isinstance(origin, KafkaSource)
    async with aclosing(origin.items(dict(sink.positions))) as items:
        async for item in items:
            try:
                if of_reports:
                    _at_home(item, origin.counts)
                line = line_of(item, of_rejected=of_rejected)
            except SkippedRecords as kind:
                left_out[str(kind)] += 1
                sink.passed(item.part, item.next_position)
            else:
                sink.write(line, item.part, item.next_position)


def _at_home(item: ExportedRecord, counts: tuple[int, ...]) -> None:
    if not is_processed_here(item.key, item.value, item.part, counts):
        # A rerouted record comes again in its own partition.
        raise SkippedRecords("rerouted or misrouted")
