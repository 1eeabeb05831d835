"""CloudEvents 1.0 headers, Kafka binding, binary mode, made from the record alone (contract section 6)."""

from collections.abc import Sequence
from typing import Final

from streams.core.times import LAST_US, format_time

__all__ = ["Header", "Headers"]

Header = tuple[str, bytes | None]

_SPEC: Final = ("ce_specversion", b"1.0")
_JSON: Final = ("content-type", b"application/json")
#: A message may quote what it refuses; no more of it than this is kept.
MESSAGE_CHARACTERS: Final = 1000
_BYTES: Final = ("content-type", b"application/octet-stream")


class Headers:
    """The headers of one topic's records; what is the same for all is made once."""

    def __init__(self, prefix: str, topic: str) -> None:
        """Take the prefix of the topics and the name of one: `ce_type` is both, `ce_source` the log."""
        self._type = ("ce_type", f"{prefix}.{topic}".encode())
        self._source = ("ce_source", f"{prefix}.reports".encode())

    def event(self, name: str, subject: bytes, time: str | None, trace: Sequence[Header] = ()) -> list[Header]:
        """Return the headers of a JSON event: its id, the episode's key, when it happened, and its trace."""
        headers: list[Header] = [_SPEC, ("ce_id", name.encode()), self._type, self._source, ("ce_subject", subject)]
        if time is not None:
            headers.append(("ce_time", time.encode()))
        headers.append(_JSON)
        headers.extend(trace)
        return headers

    def rejected(self, code: str, message: str, origin: tuple[str, int, int], timestamp_ms: int) -> list[Header]:
        """Return the headers of a rejected record: why, and where and when it stood in the log."""
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
        # A record may say that it is of the year 30,000.
        if 0 <= timestamp_ms <= LAST_US // 1000:
            time = format_time(timestamp_ms * 1000).encode()
            headers += [("time", time), ("ce_time", time)]
        return headers
