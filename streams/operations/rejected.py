"""Check rejected reports before they are sent again."""

from streams.core.model import Message
from streams.core.parse import check_timestamp, parse

__all__ = ["checked"]


def checked(value: bytes, now_us: int) -> Message:
    """Return the message in a value that may be sent now; raises Refusal (contract section 2, rules 1 and 2)."""
    message = parse(value)
    check_timestamp(message, now_us)
    return message
