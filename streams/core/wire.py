"""Records on the wire: a line unwrapped, a record parsed (contract section 7)."""

from typing import Final

import msgspec

from streams.core.log_record import Record
from streams.core.model import Message
from streams.core.parse import Refusal, check_timestamp, parse
from streams.core.times import read_time

__all__ = ["read_record", "unwrap"]


def unwrap(line: bytes) -> Record:
    """Return the record in a line.

    An object with a `value`, and neither a `report_id` nor a `tick` of its own, is a wrapped one. Its value
    is cut out as it stands, so that limits are measured on it and it is parsed once.
    Raises Refusal `invalid` where the wrapping's timestamp is no time.
    """
    if line.startswith(b'{"report_id"'):  # most lines, and surely not wrapped
        return Record(line)
    try:
        wrapping = _WRAPPING.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return Record(line)
    if not wrapping.value or wrapping.report_id or bytes(wrapping.tick) not in (b"", b"null"):
        return Record(line)
    stamp = bytes(wrapping.timestamp)
    return Record(bytes(wrapping.value), _timestamp(stamp) if stamp else None)


def read_record(record: Record) -> Message:
    """Return the report or tick that a record holds. Raises Refusal: also where it is ahead of its timestamp."""
    message = parse(record.value)
    check_timestamp(message, record.timestamp_us)
    return message


class _Wrapping(msgspec.Struct):
    value: msgspec.Raw = msgspec.Raw()
    timestamp: msgspec.Raw = msgspec.Raw()
    report_id: msgspec.Raw = msgspec.Raw()
    tick: msgspec.Raw = msgspec.Raw()


_WRAPPING: Final = msgspec.json.Decoder(_Wrapping)
_TEXT: Final = msgspec.json.Decoder(str | None)


def _timestamp(raw: bytes) -> int | None:
    try:
        text = _TEXT.decode(raw)
        return None if text is None else read_time(text)
    except (msgspec.MsgspecError, ValueError) as error:
        raise Refusal("invalid", f"timestamp: {error}") from None
