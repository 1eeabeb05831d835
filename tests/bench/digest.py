"""Compare a set of changes with the expected set, by the sum of the digests of their names."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any, NamedTuple

_MODULUS = 1 << 64


class Expected(NamedTuple):
    """The number of changes, and the sum of the digests of their names."""

    changes: int
    digest: int


def name_of(change: dict[str, Any]) -> str:
    """Return what a change is known by and what it says: change_id, or a peer's cell, with the figure or status."""
    after = change["after"] or {}
    said = after.get("best", after.get("status"))
    named = change.get("change_id") or "/".join(
        change[field] for field in ("episode", "source", "party", "outcome", "population")
    )
    return f"{named}={said}"


def summed(names: Iterable[str]) -> Expected:
    """Return how many names there are and the sum of their digests, whatever their order."""
    count = total = 0
    for name in names:
        count += 1
        total += int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big")
    return Expected(count, total % _MODULUS)
