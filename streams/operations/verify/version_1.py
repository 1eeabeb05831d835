"""The part of a partition that workers of contract version 1 wrote.

Version 2 reads some ceasefires otherwise: a newspaper ends none. So the views, pictures and messages from before the
upgrade cannot be recomputed, and are taken as they were written. Counts and statements are checked as always.
"""

import math
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import orjson

from streams.core.ceasefires.view import JOINT, view_name
from streams.core.source_registry import CONTRACT, Registry
from streams.kafka.ledger_keys import LedgerKey

__all__ = ["History", "WrittenViews"]


class History(NamedTuple):
    """The source registries of a partition, each with its first offset."""

    registries: list[tuple[int, Registry]]
    #: Offset from which workers of this version wrote: 0 for all of it, infinite for none.
    upgraded_at: float

    @classmethod
    def of(cls, live: Mapping[bytes, bytes]) -> "History":
        """Return the history in the live entries of a ledger."""
        prefix = LedgerKey.REGISTRY_HISTORY.value
        kept = [orjson.loads(value) for key, value in sorted(live.items()) if key.startswith(prefix)]
        registries = [(entry["from"], Registry.of_record(entry["sources"] or {})) for entry in kept]
        ours = [entry["from"] for entry in kept if entry.get("contract", 1) == CONTRACT]
        return cls(registries, min(ours, default=math.inf) if kept else 0)

    def digests(self) -> set[str]:
        """Return the digests of the registries that workers of this version used."""
        return {registry.digest for begins, registry in self.registries if begins >= self.upgraded_at}


class WrittenViews:
    """The last value of each view that version 1 published."""

    def __init__(self, changes: Iterable[bytes], upgraded_at: float, digests: Container[str]) -> None:
        """Take the changes of ceasefires of a partition; `digests` are those of this version's registries."""
        self._views: dict[bytes, list[Any]] = {}
        self.names: set[str] = set()
        for change in changes:
            with suppress(ValueError, KeyError, TypeError):  # a record of others, which is found extra
                self._keep(orjson.loads(change), upgraded_at, digests)

    def _keep(self, change: dict[str, Any], upgraded_at: float, digests: Container[str]) -> None:
        cause = change["cause"]
        if cause["registry"] in digests if "registry" in cause else cause["origin"]["offset"] >= upgraded_at:
            return
        source = JOINT if change["view"] == view_name(JOINT) else change["view"].removeprefix("source:")
        key = orjson.dumps(["v", change["episode"], change["ceasefire"], source])
        self._views[key] = [change["version"], change["after"]]
        self.names.add(change["change_id"])

    def put_into(self, entries: Iterable[tuple[bytes, bytes | None]]) -> Iterator[tuple[bytes, bytes | None]]:
        """Yield ledger entries, those of views as they were written."""
        for key, value in entries:
            if value is not None and (written := self._views.get(key)):
                yield key, orjson.dumps([*written, *orjson.loads(value)[len(written) :]])
            else:
                yield key, value
