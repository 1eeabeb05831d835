"""An export from its origin to its file or pipe."""

from collections import Counter
from contextlib import aclosing
from typing import Any, Protocol

from streams.kafka.residency import taken_in
from streams.operations.export.record_lines import Item, LeftOut, line_of
from streams.operations.export.sources import EmbeddedOrigin, KafkaOrigin, Wanted

__all__ = ["Sink", "export"]


class Sink(Protocol):
    """Where lines go."""

    #: Where to go on from, by part of the log.
    positions: dict[int, int]
    #: Lines written so far.
    written: int

    def write(self, line: bytes, part: int, next_position: int) -> Any:
        """Take a line, and the position behind its record."""

    def passed(self, part: int, next_position: int) -> Any:
        """Note the position behind a record that is not written."""


async def export(origin: KafkaOrigin | EmbeddedOrigin, wanted: Wanted, sink: Sink, left_out: Counter[str]) -> None:
    """Write each record that is to be exported as a line, and count by kind in `left_out` those that are not.

    Raises what the origin and the sink raise.
    """
    of_rejected, of_reports = wanted.topic == "rejected", wanted.topic == "reports" and isinstance(origin, KafkaOrigin)
    async with aclosing(origin.items(dict(sink.positions))) as items:
        async for item in items:
            try:
                if of_reports:
                    _at_home(item, origin.counts)
                line = line_of(item, of_rejected=of_rejected)
            except LeftOut as kind:
                left_out[str(kind)] += 1
                sink.passed(item.part, item.next_position)
            else:
                sink.write(line, item.part, item.next_position)


def _at_home(item: Item, counts: tuple[int, ...]) -> None:
    if not taken_in(item.key, item.value, item.part, counts):
        # What was sent on comes again at its place.
        raise LeftOut("sent on or misrouted")
