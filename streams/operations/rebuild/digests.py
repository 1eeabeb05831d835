"""Digests of changes, to compare two ledgers of the same log."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import orjson

from schemas.topics import CHANGE_TOPICS

__all__ = ["Digests", "digest_of", "first_difference"]

#: Topic → digest of each change, in order.
Digests = dict[str, list[int]]


def digest_of(change: Any) -> int:
    """Return a digest of a change without its `origin`."""
    return int.from_bytes(blake2b(orjson.dumps(change), digest_size=8).digest(), "big")


def first_difference(live: Mapping[str, Sequence[int]], rebuilt: Mapping[str, Sequence[int]]) -> str | None:
    """Return the first difference of an episode's changes in words, None if there is none."""
    for name in CHANGE_TOPICS:
        theirs, ours = live.get(name, ()), rebuilt.get(name, ())
        common = min(len(theirs), len(ours))
        for index in range(common):
            if theirs[index] != ours[index]:
                return f"{name}: change {index + 1} of {len(ours)} is different"
        if len(theirs) != len(ours):
            return f"{name}: the old one has {len(theirs)} changes, the rebuilt one {len(ours)}"
    return None
