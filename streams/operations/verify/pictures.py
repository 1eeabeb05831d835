"""Check the pictures of one partition against the fold at the same offset."""

from collections import defaultdict
from collections.abc import Container, Iterator, Sequence
from typing import Any

import orjson

from streams.core.ledger import Ledger

__all__ = ["PictureCheck"]


class PictureCheck:
    """All written pictures, each checked when the fold reaches the offset it was made at."""

    def __init__(self, place: str, partition: int, records: Sequence[Any]) -> None:
        """Check these records of a partition, called `place` in messages."""
        self._place = place
        self._partition = partition
        self._faults: list[str] = []
        self._by_offset: dict[int, list[tuple[Any, dict[str, Any]]]] = defaultdict(list)
        self._last: dict[str, dict[str, Any]] = {}
        for record in records:
            try:
                picture = orjson.loads(record.value)
                name, offset = picture["episode"], picture["through"]["offset"]
            except (ValueError, TypeError, KeyError):
                self._faults.append(f"{place}: the record at offset {record.offset} is not a picture")
                continue
            if name in self._last and offset < self._last[name]["through"]["offset"]:
                self._faults.append(f"{place}: the picture of {name} through {offset} comes after a later one")
            self._by_offset[offset].append((record, picture))
            self._last[name] = picture

    def faults(self) -> list[str]:
        """Return records that are not pictures, and pictures after a later one."""
        return self._faults

    def through(self, offset: int, stands: Sequence[Ledger]) -> Iterator[str]:
        """Yield faults of the pictures made at an offset; each may show any of the states there."""
        for record, picture in self._by_offset.pop(offset, ()):
            yield from self._wrong(record, picture, stands)

    def skip(self, offset: int) -> None:
        """Take the pictures made at an offset as they are."""
        self._by_offset.pop(offset, None)

    def nowhere(self) -> Iterator[str]:
        """Yield pictures made at offsets without a record."""
        for offset, others in self._by_offset.items():
            for _, picture in others:
                yield f"{self._place}: {picture['episode']} is shown through {offset}, where no record is"

    def not_last(self, ledger: Ledger, owed: Container[str]) -> Iterator[str]:
        """Yield episodes whose last picture is not the final state, except those whose picture is due."""
        for name in ledger.episodes():
            if name in owed:
                continue
            picture = self._last.get(name)
            if picture is None:
                yield f"{self._place}: no picture of {name}"
            elif "truncated" not in picture and _bare(picture) != ledger.picture(name):
                yield f"{self._place}: the last picture of {name} is not the current state"

    def _wrong(self, record: Any, picture: dict[str, Any], stands: Sequence[Ledger]) -> Iterator[str]:
        name = picture["episode"]
        through = {"partition": self._partition, "offset": picture["through"]["offset"]}
        head: dict[str, Any] = {"episode": name, "through": through}
        place = f"{self._place}: {name} through {through['offset']}"
        if record.key != name.encode():
            yield f"{place} has the key {record.key!r}"
        if name not in stands[-1].episodes():
            yield f"{place} has a picture but no report"
            return
        wanted = (
            [orjson.dumps({**head, "truncated": True})]
            if picture.get("truncated")
            else [orjson.dumps(head | ledger.picture(name)) for ledger in stands]
        )
        if record.value not in wanted:
            yield f"{place} says {record.value.decode()}, the log says {wanted[-1].decode()}"


def _bare(picture: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in picture.items() if name not in {"episode", "through"}}
