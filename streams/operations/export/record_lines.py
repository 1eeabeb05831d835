"""A record as a line: `{"timestamp": "<time>", "key": "…", "value": …}` (contract section 7)."""

import msgspec
import orjson

from streams.core.times import format_time
from streams.stores.topic_records import TopicRecord

__all__ = ["SkippedRecords", "line_of"]


class SkippedRecords(Exception):
    """A record that is not exported; the message names its kind."""


def line_of(item: TopicRecord, *, of_rejected: bool = False) -> bytes:
    """Return a record as a line with its LF. Raises SkippedRecords where its value is not JSON.

    A rejected value may be any bytes: it is written as a string, bytes that are not UTF-8 as U+FFFD, and with it come
    its headers.
    """
    timestamp = "null" if item.timestamp_us is None else f'"{format_time(item.timestamp_us)}"'
    head = b'{"timestamp":%b,"key":%b,"value":' % (timestamp.encode(), _text(item.key))
    if of_rejected:
        headers = {name: None if said is None else said.decode(errors="replace") for name, said in item.headers}
        return b'%b%b,"headers":%b}\n' % (head, _text(item.value), orjson.dumps(headers))
    value = b"null" if item.value is None else item.value
    if b"\n" in value:
        # In JSON a line break is white space; here it would end the line.
        value = value.replace(b"\n", b" ")
    line = head + value + b"}"
    try:
        # Parsed as it will be read again: a value that is not JSON would break the wrapped line.
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
