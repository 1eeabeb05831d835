"""The value of a record that is not decoded, because its batch is too long uncompressed."""

from typing import Final

from streams.core.parse import Refusal

__all__ = ["MAX_UNPACKED_BYTES", "MAX_UNPACKED_RECORDS", "Oversized", "oversized_refusal"]

#: `max.message.bytes` bounds the compressed batch only: 64 KB of zstd may be 2 GB of spaces.
MAX_UNPACKED_BYTES: Final = 64 << 20
MAX_UNPACKED_RECORDS: Final = 500_000


class Oversized(bytes):
    """An empty value in place of one that was not decoded."""

    __slots__ = ()


def oversized_refusal() -> Refusal:
    """Return the refusal of a record with such a value."""
    return Refusal(
        "too_large",
        f"its batch has more than {MAX_UNPACKED_BYTES >> 20} MiB or {MAX_UNPACKED_RECORDS:,} records uncompressed",
    )
