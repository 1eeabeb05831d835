"""Unwrap a line and parse its record (contract section 7)."""

from typing import Final

import msgspec

from streams.core.log_record import Record
from streams.core.model import Message
from streams.core.parse import Refusal, check_timestamp, parse
from streams.core.times import read_time

__all__ = ["read_record", "unwrap"]


def unwrap(line: bytes) -> Record:
    """Return the record in a line.

    A line is wrapped if it is an object with a `value` and neither `report_id` nor `tick`. The value's own bytes are
    returned, so that limits apply to them and they are parsed once.
    Raises Refusal `invalid` if the wrapper's timestamp is no time.
    """
    if line.startswith(b'{"report_id"'):  # most lines; not wrapped
        return Record(line)
    try:
        wrapper = _WRAPPER.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return Record(line)
    if not wrapper.value or wrapper.report_id or bytes(wrapper.tick) not in (b"", b"null"):
        return Record(line)
    stamp = bytes(wrapper.timestamp)
    return Record(bytes(wrapper.value), _timestamp(stamp) if stamp else None)


def read_record(record: Record) -> Message:
    """Return the report or tick in a record. Raises Refusal, also if it is ahead of its timestamp."""
    message = parse(record.value)
    check_timestamp(message, record.timestamp_us)
    return message


class _Wrapper(msgspec.Struct):
    value: msgspec.Raw = msgspec.Raw()
    timestamp: msgspec.Raw = msgspec.Raw()
    report_id: msgspec.Raw = msgspec.Raw()
    tick: msgspec.Raw = msgspec.Raw()


_WRAPPER: Final = msgspec.json.Decoder(_Wrapper)
_TEXT: Final = msgspec.json.Decoder(str | None)


def _timestamp(raw: bytes) -> int | None:
    try:
        text = _TEXT.decode(raw)
        return None if text is None else read_time(text)
    except (msgspec.MsgspecError, ValueError) as error:
        raise Refusal("invalid", f"timestamp: {error}") from None
