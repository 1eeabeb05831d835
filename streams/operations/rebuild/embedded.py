"""A rebuild of an embedded server's ledger in a folder beside it, which decides whether it may replace the old one."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from schemas.topics import CHANGE_TOPICS
from streams.core.ledger import Ledger
from streams.core.source_registry import Registry
from streams.operations.rebuild.digests import Digests, digest_of, first_difference
from streams.operations.verify.embedded import verify_embedded
from streams.stores.sqlite.database import DATABASE, claim_folder
from streams.stores.sqlite.reader import Reader
from streams.stores.sqlite.refold import Refold, switch
from streams.stores.store import StoreUnavailable

__all__ = ["REBUILT", "EmbeddedRebuild", "EmbeddedResult"]

#: Folder of the rebuilt ledger, inside the one of the old.
REBUILT = "rebuilt"


@dataclass
class EmbeddedResult:
    """The result of a rebuild."""

    #: Faults of the rebuilt ledger.
    problems: list[str]
    #: Horizon of the old ledger in microseconds, None if unknown.
    old_horizon_us: int | None
    #: Number of reports of the log that are refused, before and now.
    refused: tuple[int, int]
    agreeing: int
    #: Episode → its first different change.
    differing: dict[str, str] = field(default_factory=dict)
    #: The folder that keeps the old ledger, once it is replaced.
    kept: Path | None = None


class EmbeddedRebuild:
    """A rebuild of the ledger in `folder` under a source registry and a horizon."""

    def __init__(self, folder: Path, registry: Registry, *, horizon_us: int, topic: str) -> None:
        """Use these settings; `topic` is the name of the log."""
        self.folder = folder
        self.rebuilt = folder / REBUILT
        self.stage = "folding"
        self._registry, self._horizon_us, self._topic = registry, horizon_us, topic
        self.refold = Refold(folder, self.rebuilt, Ledger(registry, horizon_us=horizon_us), topic)

    def run(self, *, replace: bool, may_replace: Callable[[EmbeddedResult], bool]) -> EmbeddedResult:
        """Rebuild, check and compare; with `replace`, and if `may_replace` agrees, replace the old ledger.

        To replace it the server must be stopped; otherwise it may run. Raises StoreUnavailable.
        """
        if not (self.folder / DATABASE).is_file():
            raise StoreUnavailable(f"no ledger in {self.folder}: no embedded server has run there")
        with _claimed(self.folder if replace else None), _claimed(self.rebuilt):
            self.refold.run()
            self.stage = "checking the rebuilt ledger against the log"
            problems = verify_embedded(self.rebuilt, self._registry, horizon_us=self._horizon_us, topic=self._topic)
            self.stage = "comparing with the old one"
            result = self._compared(problems)
            if replace and may_replace(result):
                result.kept = switch(self.folder, self.rebuilt)
        return result

    def _compared(self, problems: list[str]) -> EmbeddedResult:
        with closing(Reader(self.folder / DATABASE)) as old, closing(Reader(self.rebuilt / DATABASE)) as new:
            horizon = old.meta().get("horizon_us")
            last = new.last_offset()
            before, after = _published(old, last), _published(new, last)
            refused = (_refused(old), _refused(new))
        episodes = sorted(before.keys() | after.keys())
        differing = {
            episode: found
            for episode in episodes
            if (found := first_difference(before.get(episode, {}), after.get(episode, {})))
        }
        stored = None if horizon is None else int(horizon)
        return EmbeddedResult(problems, stored, refused, len(episodes) - len(differing), differing)


@contextmanager
def _claimed(folder: Path | None) -> Iterator[None]:
    if folder is None:
        yield
        return
    lock = claim_folder(folder)
    try:
        yield
    finally:
        lock.release()


def _published(reader: Reader, last_offset: int) -> dict[str, Digests]:
    """Return the digests of the changes up to an offset, by episode and topic."""
    found: dict[str, Digests] = {}
    after = 0
    while page := reader.changes(after):
        for change in page:
            if change.topic in CHANGE_TOPICS:
                record = orjson.loads(change.record)
                origin = record["cause"].pop("origin", None)
                if origin is None or origin["offset"] <= last_offset:
                    found.setdefault(change.episode, {}).setdefault(change.topic, []).append(digest_of(record))
        after = page[-1].row
    return found


def _refused(reader: Reader) -> int:
    after = count = 0
    while page := reader.rejected(after):
        count += len(page)
        after = page[-1].row
    return count
