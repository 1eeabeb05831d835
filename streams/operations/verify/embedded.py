"""Check an embedded server's ledger: its file, and its changes, state and rejections against a new fold of its log."""

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

import orjson

from streams.core.ledger import Ledger
from streams.core.parse import Refusal, parse
from streams.core.source_registry import Registry
from streams.core.times import DEFAULT_HORIZON_US
from streams.settings import horizon_in_force
from streams.stores.sqlite.checksum import state_checksum
from streams.stores.sqlite.database import DATABASE
from streams.stores.sqlite.ledger_file import PARTITION
from streams.stores.sqlite.reader import PublishedChange, Reader
from streams.stores.store import StoreUnavailable

__all__ = ["verify_embedded"]

#: Problems of one kind that are listed; the rest is counted.
LISTED_MAX = 20


def verify_embedded(
    folder: Path, registry: Registry, *, horizon_us: int = DEFAULT_HORIZON_US, topic: str = "truceline.reports"
) -> list[str]:
    """Return the problems of the ledger in a folder, none if it is intact; the server may be running.

    `registry` and `horizon_us` must be those of the server, and `topic` the name of its log. If the horizon stored
    in the ledger is shorter, it is used, as the server does.
    Raises StoreUnavailable where there is no ledger that can be opened.
    """
    path = folder / DATABASE
    if not path.is_file():
        raise StoreUnavailable(f"no ledger in {folder}: no embedded server has run there ({path} is missing)")
    with closing(Reader(path)) as reader:
        damage = reader.damage()
        if damage:
            return [f"{path} is damaged: {problem}" for problem in damage]
        return list(_problems(reader, registry, horizon_us, topic))


def _problems(reader: Reader, registry: Registry, horizon_us: int, topic: str) -> Iterator[str]:
    kept = reader.meta()
    if kept.get("registry", registry.digest) != registry.digest:
        yield "the ledger was kept with another source registry: name its file with --sources (TRUCELINE_SOURCES)"
        return
    stored = kept.get("horizon_us")
    horizon_us = horizon_in_force(None if stored is None else int(stored), horizon_us)
    with reader.snapshot():
        ledger = Ledger(registry, horizon_us=horizon_us)
        expected = _refolded(reader, ledger, topic)
        changes = _changes(reader)
        registry_changes = reader.has_registry_changes()
        if registry_changes:
            # Their old registries are not kept: the changes before them cannot be folded again.
            for _ in expected:
                pass
        else:
            yield from _compared(expected, changes)
        yield from _state(reader, ledger, versions=not registry_changes)


def _refolded(reader: Reader, ledger: Ledger, topic: str) -> Iterator[tuple[int, str, str, Any]]:
    """Yield the changes that the log gives: offset, topic, episode and record. Raises what a damaged report raises."""
    after, expected = -1, 0
    while page := reader.log(after):
        for report in page:
            if report.offset != expected:
                raise StoreUnavailable(f"log: offsets {expected} to {report.offset - 1} are missing")
            expected = report.offset + 1
            try:
                step = ledger.take(parse(report.value), (topic, PARTITION, report.offset))
            except Refusal:
                continue
            for name, _, record in step.published():
                yield report.offset, name, step.episode, record
        after = page[-1].offset


def _changes(reader: Reader) -> Iterator[PublishedChange]:
    after = 0
    while page := reader.changes(after):
        yield from (change for change in page if change.topic != "alerts")
        after = page[-1].row


def _compared(expected: Iterator[tuple[int, str, str, Any]], changes: Iterator[PublishedChange]) -> Iterator[str]:
    wrong = 0
    try:
        for wanted, change in zip_longest(expected, changes):
            if wanted and change and wanted[1:] == (change.topic, change.episode, change.record):
                continue
            wrong += 1
            if wrong <= LISTED_MAX:
                yield _difference(wanted, change)
            if wanted is None or change is None or wrong > LISTED_MAX:
                break
    except StoreUnavailable as error:
        yield str(error)
    except Exception as error:  # noqa: BLE001 - a damaged report may raise anything
        yield f"log: a report cannot be folded: {type(error).__name__}: {error}"
    if wrong > LISTED_MAX:
        yield "changes: and more; only the first are listed"


def _difference(wanted: tuple[int, str, str, Any] | None, change: PublishedChange | None) -> str:
    if change is None:
        assert wanted is not None  # noqa: S101 - one of the two is there
        return f"changes: missing the {wanted[1]} change of {wanted[2]} for the report at offset {wanted[0]}"
    if wanted is None:
        return f"changes: row {change.row} ({change.topic} of {change.episode}) does not follow from the log"
    return f"changes: row {change.row} ({change.topic} of {change.episode}) is not what the log gives at its place"


def _state(reader: Reader, ledger: Ledger, *, versions: bool) -> Iterator[str]:
    """Compare the pictures that a server would show with those of the log.

    Without `versions` those of ceasefires may differ: a change of the registry raises them, and is not in the log.
    """
    stored = Ledger(ledger.registry, horizon_us=ledger.horizon_us)
    kept = reader.meta().get("state_crc")
    if kept is not None and kept != state_checksum(reader.state()):
        yield "state: it is not what the server wrote when it stopped (its checksum differs)"
    try:
        for key, value in reader.state():
            stored.load(key, value)
        stored.loaded()
        names = sorted({*ledger.episodes(), *stored.episodes()})
        shown = partial(_picture, versions=versions)
        wrong = [name for name in names if shown(stored, name) != shown(ledger, name)]
    except Exception as error:  # noqa: BLE001 - damaged state may raise anything
        yield f"state: it cannot be read: {type(error).__name__}: {error}"
        return
    if stored.reports() != ledger.reports():
        yield f"state: it holds {stored.reports():,} reports, the log gives {ledger.reports():,}"
    for name in wrong[:LISTED_MAX]:
        yield f"state: the picture of {name} is not what the log gives"
    if len(wrong) > LISTED_MAX:
        yield f"state: and {len(wrong) - LISTED_MAX:,} more pictures"


def _picture(ledger: Ledger, episode: str, *, versions: bool) -> bytes | None:
    try:
        picture = ledger.picture(episode)
    except KeyError:
        return None
    if not versions:
        picture["ceasefires"] = [{**view, "version": None} for view in picture["ceasefires"]]
    return orjson.dumps(picture)
