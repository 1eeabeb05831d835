"""A record as a line: `{"timestamp": "<time>", "key": "…", "value": …}` (contract section 7)."""

from typing import NamedTuple

import msgspec
import orjson

from streams.core.times import format_time

__all__ = ["ExportedRecord", "SkippedRecords", "line_of"]

RecordHeader = tuple[str, bytes | None]


class ExportedRecord(NamedTuple):
    """A record of a topic or table: where to go on behind it, and what it says."""

    part: int
    next_position: int
    timestamp_us: int | None
    key: bytes | None
    value: bytes | None
    headers: tuple[RecordHeader, ...] = ()


class SkippedRecords(Exception):
    """A record that is not exported; the message says what kind it is of."""


def line_of(item: ExportedRecord, *, of_rejected: bool = False) -> bytes:
    """Return a record as a line with its LF. Raises LeftOut where its value is not JSON.

    What was rejected may be any bytes: its value is a string, bytes that are not UTF-8 as U+FFFD, and with it come
    its headers.
    """
    timestamp = "null" if item.timestamp_us is None else f'"{format_time(item.timestamp_us)}"'
    head = b'{"timestamp":%b,"key":%b,"value":' % (timestamp.encode(), _text(item.key))
    if of_rejected:
        headers = {name: None if said is None else said.decode(errors="replace") for name, said in item.headers}
        return b'%b%b,"headers":%b}\n' % (head, _text(item.value), orjson.dumps(headers))
    value = b"null" if item.value is None else item.value
    if b"\n" in value:
        # In JSON it is white space wherever it stands, and here it would end the line.
        value = value.replace(b"\n", b" ")
    line = head + value + b"}"
    try:
        # Read as it will be read again: what is not JSON would not be a wrapped line any more.
        same = bytes(_LINE.decode(line).value) == value.strip(b" \t\r")
    except (msgspec.DecodeError, RecursionError):
        same = False
    if not same:
        raise SkippedRecords("not JSON")
    return line + b"\n"


class _Line(msgspec.Struct):
    value: msgspec.Raw


_LINE = msgspec.json.Decoder(_Line)


def _text(raw: bytes | None) -> bytes:
    return b"null" if raw is None else orjson.dumps(raw.decode(errors="replace"))
