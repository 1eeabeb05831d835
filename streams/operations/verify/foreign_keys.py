"""Records in the ledger topic under keys that no worker writes."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from streams.kafka.ledger_keys import OWN_PREFIX, LedgerKey

__all__ = ["CORE_PREFIX", "foreign_keys"]

#: The first byte of every key of the core, which are JSON arrays.
CORE_PREFIX = b"["
_PREFIXES = (LedgerKey.OWED_PICTURE, LedgerKey.REGISTRY_HISTORY)
_WHOLE_KEYS = frozenset(key.value for key in LedgerKey if key not in _PREFIXES)


def foreign_keys(place: str, records: Iterable[Any], episodes: Collection[str]) -> Iterator[str]:
    """Yield a problem for each foreign key that has a value, with its last offset; `episodes` have reports."""
    live: dict[bytes | None, int] = {}
    for record in records:
        if record.value is None:
            live.pop(record.key, None)
        else:
            live[record.key] = record.offset
    for key, offset in live.items():
        if not _is_ours(key, episodes):
            yield f"{place} has a record that no worker wrote at offset {offset}: key {key!r}"


def _is_ours(key: bytes | None, episodes: Collection[str]) -> bool:
    if key is None or key[:1] != OWN_PREFIX:
        return key is not None and key[:1] == CORE_PREFIX
    if key.startswith(LedgerKey.OWED_PICTURE.value):
        return key.removeprefix(LedgerKey.OWED_PICTURE.value).decode("utf-8", "replace") in episodes
    if key.startswith(LedgerKey.REGISTRY_HISTORY.value):
        return key.removeprefix(LedgerKey.REGISTRY_HISTORY.value).isdigit()
    return key in _WHOLE_KEYS
