"""CloudEvents 1.0 headers of a record, Kafka binding, binary mode (contract section 6)."""

from collections.abc import Sequence
from typing import Final

from streams.core.times import LAST_US, format_time

__all__ = ["Header", "Headers"]

Header = tuple[str, bytes | None]

_SPEC: Final = ("ce_specversion", b"1.0")
_JSON: Final = ("content-type", b"application/json")
#: A message may quote the rejected input; longer ones are cut.
MESSAGE_CHARACTERS: Final = 1000
_BYTES: Final = ("content-type", b"application/octet-stream")


class Headers:
    """The headers of one topic's records; constant headers are encoded once."""

    def __init__(self, prefix: str, topic: str) -> None:
        self._type = ("ce_type", f"{prefix}.{topic}".encode())
        self._source = ("ce_source", f"{prefix}.reports".encode())

    def event(self, name: str, subject: bytes, time: str | None, trace: Sequence[Header] = ()) -> list[Header]:
        """Return the headers of a JSON event: id, episode, time, trace."""
        headers: list[Header] = [_SPEC, ("ce_id", name.encode()), self._type, self._source, ("ce_subject", subject)]
        if time is not None:
            headers.append(("ce_time", time.encode()))
        headers.append(_JSON)
        headers.extend(trace)
        return headers

    def rejected(self, code: str, message: str, origin: tuple[str, int, int], timestamp_ms: int) -> list[Header]:
        """Return the headers of a rejected record: the reason, and its position on the log."""
        topic, partition, offset = origin
        headers: list[Header] = [
            _SPEC,
            ("ce_id", f"{topic}/{partition}/{offset}".encode()),
            self._type,
            self._source,
            ("ce_subject", code.encode()),
            _BYTES,
            ("code", code.encode()),
            ("message", message[:MESSAGE_CHARACTERS].encode(errors="replace")),
            ("topic", topic.encode()),
            ("partition", str(partition).encode()),
            ("offset", str(offset).encode()),
        ]
        # Kafka timestamps may lie beyond the year 9999.
        if 0 <= timestamp_ms <= LAST_US // 1000:
            time = format_time(timestamp_ms * 1000).encode()
            headers += [("time", time), ("ce_time", time)]
        return headers
