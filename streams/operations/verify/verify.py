"""Check all outputs against a recomputation of the log.

It reads the log and every output topic as committed, folds the log with the core alone, and says in words what
is extra, missing, repeated, wrong or out of order, where versions have a gap, where a transaction was left
open, and where the stored state or an offset is not the fold's. For operators as for tests: it writes nothing
and joins no group. Reports not yet processed are no fault; run it while the workers are idle.
"""

import asyncio
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiokafka import TopicPartition

from schemas.topics import CHANGE_TOPICS
from streams.core.ledger import Ledger
from streams.core.source_registry import Registry
from streams.files.source_registry import read_sources
from streams.kafka.client import client_options
from streams.kafka.ledger_keys import LedgerKey
from streams.kafka.routing import REROUTED, Router
from streams.kafka.topic_reader import TopicReader
from streams.operations.verify.diff_records import differences
from streams.operations.verify.expected import Expected, ExpectedOutput, rerouted_marks
from streams.operations.verify.foreign_keys import CORE_PREFIX, foreign_keys
from streams.operations.verify.pictures import PictureCheck
from streams.operations.verify.version_1 import History, WrittenViews
from streams.processing.errors import WHOLE_LOG
from streams.settings import Settings, duration_text, horizon_in_force

__all__ = ["verify", "verify_now"]

OUTPUTS = (*CHANGE_TOPICS, "rejected", "episodes", "ledger")
#: A transaction open at the first check may just have been in progress.
SETTLE_S = 0.5
SETTLE_TRIES = 10


def verify_now(settings: Settings) -> list[str]:
    """Return the problems found, as `verify`; for callers with no event loop."""
    return asyncio.run(verify(settings))


async def verify(settings: Settings, registry: Registry | None = None) -> list[str]:
    """Return all problems found, in words; none if the outputs match the log.

    The source registries are those that the workers have kept beside their state; one that is given, or that the
    settings name, must be the last of them. The horizon must be that of the workers. Raises SettingsError,
    SourcesError, KafkaError, and Unreadable where a topic is missing.
    """
    options = client_options(settings)
    if registry is None and settings.sources is not None:
        registry = read_sources(settings.sources)
    async with TopicReader(options) as reading:
        return await _verify(settings, registry, reading)


async def _verify(settings: Settings, registry: Registry | None, reading: TopicReader) -> list[str]:
    topics = [settings.topic(name) for name in ("reports", *OUTPUTS)]
    counts = await reading.partitions(topics)
    partitions = counts.pop(topics[0])
    problems = [
        f"{topic} has {count} partitions, {topics[0]} has {partitions}"
        for topic, count in counts.items()
        if count != partitions
    ]
    if problems:
        return problems
    places = [TopicPartition(topic, number) for topic in topics for number in range(partitions)]
    cut = {tp.partition: begin for tp, (begin, _) in (await reading.bounds(places[:partitions])).items() if begin}
    problems += [
        f"{topics[0]} partition {number} begins at offset {begin}: the records before were deleted, and its outputs"
        f" cannot be checked. {WHOLE_LOG}"
        for number, begin in cut.items()
    ]
    problems += await _dangling(reading, places)
    committed = await reading.committed(settings.app_id, places[:partitions])
    sent_on: dict[bytes, tuple[bytes, int, bytes | None]] = {}
    copies: dict[bytes, list[Any]] = defaultdict(list)
    for number in (number for number in range(partitions) if number not in cut):
        partition = await _read(reading, settings, number)
        for mark, record in rerouted_marks(partition.log):
            copies[mark].append(record)
        try:
            check = _Check(settings, Router(partitions), registry, partition, committed.get(places[number]))
        except (ValueError, KeyError, TypeError) as error:
            problems.append(
                f"{settings.topic('ledger')} partition {number}: what its state was made with cannot be read: {error!r}"
            )
            continue
        problems += check.problems(sent_on)
    problems += _reroutes(sent_on, copies) if not cut else ()
    return problems


@dataclass
class _Partition:
    """All committed records of one partition number, by topic."""

    number: int
    log: list[Any]
    log_end: int
    outputs: dict[str, list[Any]]
    live: dict[bytes, bytes] = field(default_factory=dict)


async def _read(reading: TopicReader, settings: Settings, number: int) -> _Partition:
    read = await reading.read([TopicPartition(settings.topic(name), number) for name in OUTPUTS])
    outputs = {name: read[TopicPartition(settings.topic(name), number)] for name in OUTPUTS}
    # Read after the outputs, so that it has everything they show.
    log_place = TopicPartition(settings.topic("reports"), number)
    log = (await reading.read([log_place]))[log_place]
    log_end = (await reading.bounds([log_place]))[log_place][1]
    partition = _Partition(number, log, log_end, outputs)
    for record in outputs["ledger"]:
        if record.value is None:
            partition.live.pop(record.key, None)
        else:
            partition.live[record.key] = record.value
    return partition


class _Check:
    """The outputs of one partition and the fold of its log."""

    def __init__(
        self,
        settings: Settings,
        routes: Router,
        registry: Registry | None,
        partition: _Partition,
        committed: int | None,
    ) -> None:
        self._settings = settings
        self._partition = partition
        self._committed = committed
        self._registry = registry
        refused = {
            int(offset): (_header(record, "code"), _header(record, "message"))
            for record in self._all("rejected")
            if (offset := _header(record, "offset")).isdecimal()
        }
        self._history = History.of(partition.live)
        if not self._history.registries:
            self._history = History([(0, registry or Registry())], 0)
        before = self._all("ceasefires") if self._history.upgraded_at else ()
        self._written = WrittenViews(
            (record.value for record in before), self._history.upgraded_at, self._history.digests()
        )
        self._stored_horizon_us: int | None = orjson.loads(partition.live.get(LedgerKey.HORIZON, b"null"))
        self._horizon_us = horizon_in_force(self._stored_horizon_us, settings.horizon_us)
        self._expected = Expected(
            settings.topic_prefix, routes, self._history, self._horizon_us, refused, written=self._written
        )
        self._next = _number(partition.live.get(LedgerKey.NEXT_OFFSET))

    def problems(self, sent_on: dict[bytes, tuple[bytes, int, bytes | None]]) -> list[str]:
        """Return all faults; add to `sent_on` the records that belong in another partition."""
        if self._history.upgraded_at == math.inf:
            return [f"{self._place('ledger')} is of contract version 1: start a worker of this version first"]
        problems = list(self._offsets())
        problems += self._fold()
        for name in (*CHANGE_TOPICS, "rejected"):
            problems += differences(self._place(name), self._expected.outputs[name], self._actual(name))
        for name in CHANGE_TOPICS:
            problems += self._version_gaps(name)
        problems += self._state()
        problems += self._foreign()
        sent_on.update(self._expected.sent_on)
        return problems

    def _all(self, name: str) -> Sequence[Any]:
        return self._partition.outputs[name]

    def _place(self, name: str) -> str:
        return f"{self._settings.topic(name)} partition {self._partition.number}"

    def _offsets(self) -> Iterator[str]:
        group, log = self._settings.app_id, self._place("reports")
        if self._next > self._partition.log_end:
            yield f"{log} ends at offset {self._partition.log_end}, its state continues at {self._next}"
        noted = self._partition.live.get(LedgerKey.GROUP_OFFSET)
        expected = self._next if noted is None else _number(noted)
        if self._committed not in {None, expected, self._next}:
            yield f"group {group} has committed offset {self._committed} of {log}, its ledger says {expected}"
        if self._next == 0 and any(self._all(name) for name in OUTPUTS):
            yield f"{self._place('ledger')} has no offset, but there are outputs"

    def _fold(self) -> Iterator[str]:
        """Fold the log up to the offset in the ledger; yield the faults of the pictures on the way."""
        expected = self._expected
        shown = PictureCheck(self._place("episodes"), self._partition.number, self._all("episodes"))
        yield from shown.faults()
        for record in self._partition.log:
            if record.offset >= self._next:
                break
            expected.take(record)
            stands = [expected.ledger]
            while expected.register(record.offset + 1):
                stands.append(expected.ledger)
            if record.offset >= self._history.upgraded_at:
                yield from shown.through(record.offset, stands)
            else:
                shown.skip(record.offset)
        yield from shown.nowhere()
        mark = LedgerKey.OWED_PICTURE.value
        owed = {key.removeprefix(mark).decode() for key in self._partition.live if key.startswith(mark)}
        yield from shown.not_last(expected.ledger, owed)

    def _actual(self, name: str) -> list[ExpectedOutput]:
        key = "offset" if name == "rejected" else "ce_id"
        found = (ExpectedOutput(_header(r, key), r.key, r.value, tuple(r.headers)) for r in self._all(name))
        return [output for output in found if name != "ceasefires" or output.name not in self._written.names]

    def _version_gaps(self, name: str) -> Iterator[str]:
        versions: dict[str, int] = defaultdict(int)
        for record in self._all(name):
            what, _, version = _header(record, "ce_id").rpartition("@")
            if not version.isdecimal():
                yield f"{self._place(name)}: the record at offset {record.offset} has no change in its ce_id"
                continue
            if int(version) != versions[what] + 1:
                yield f"{self._place(name)}: {what} goes from version {versions[what]} to {version}"
            versions[what] = int(version)

    def _entries(self) -> tuple[dict[bytes, bytes], dict[bytes, bytes]]:
        """Return the stored and the expected entries, both without those that may be pruned."""
        live = {key: value for key, value in self._partition.live.items() if key[:1] == CORE_PREFIX}
        expected = self._expected.ledger
        stored = Ledger(expected.registry, horizon_us=self._horizon_us)
        for key, value in live.items():
            stored.load(key, value)
        stored.loaded()
        keys = [tuple(orjson.loads(key)) for key in live] + list(self._expected.touched)
        found, wanted = (
            {key: value for key, value in ledger.entries(ledger.forget(everywhere=True) + keys) if value is not None}
            for ledger in (stored, expected)
        )
        return found, wanted

    def _foreign(self) -> Iterator[str]:
        place = self._place("ledger")
        yield from foreign_keys(place, self._all("ledger"), set(self._expected.ledger.episodes()))
        app = orjson.loads(self._partition.live.get(LedgerKey.APP_ID, b"null"))
        if app not in {None, self._settings.app_id}:
            yield f"{place} belongs to the app {app}, this one is {self._settings.app_id}"

    def _compared(self, value: bytes | None) -> Any:
        """Return the compared part of an entry: version 1 has pruned claims that this one keeps."""
        return orjson.loads(value)[:2] if value is not None and self._history.upgraded_at else value

    def _state(self) -> Iterator[str]:
        place = self._place("ledger")
        try:
            stored, wanted = self._entries()
        except Exception as error:  # noqa: BLE001 - a damaged entry may raise anything in the reader
            yield f"{place} cannot be read back: {type(error).__name__}: {error}"
            return
        for key in sorted(wanted.keys() | stored.keys()):
            if self._compared(stored.get(key)) != self._compared(wanted.get(key)):
                yield f"{place}: {key.decode()} is {stored.get(key)!r}, the log says {wanted.get(key)!r}"
        digest = orjson.loads(self._partition.live.get(LedgerKey.REGISTRY, b"null"))
        if self._registry is not None and digest not in (None, self._registry.digest):
            yield f"{place} was made with source registry {digest}, this one is {self._registry.digest}"
        if digest not in (None, self._expected.ledger.registry.digest):
            yield f"{place} has no copy of source registry {digest}, with which it was made: it was too long to store"
        # A shorter one stays in force; a longer one was shortened since, and pruned by the next owner.
        if self._stored_horizon_us is not None and self._stored_horizon_us > self._horizon_us:
            kept, given = duration_text(self._stored_horizon_us), duration_text(self._horizon_us)
            yield f"{place} was made with a horizon of {kept}, this one is {given}"


def _number(text: bytes | None) -> int:
    return int(text) if text is not None and text.isdigit() else 0


def _header(record: Any, wanted: str) -> str:
    """Return the last header of a name: a rejected record may have its own, and the worker's follow them."""
    found = [value for name, value in record.headers if name == wanted]
    return found[-1].decode() if found else ""


def _reroutes(sent_on: dict[bytes, tuple[bytes, int, bytes | None]], copies: dict[bytes, list[Any]]) -> Iterator[str]:
    for mark, (key, partition, value) in sent_on.items():
        found = copies.get(mark, [])
        name = f"the record at {mark.decode()} (partition/offset)"
        if len(found) != 1:
            yield f"{name} must be rerouted to partition {partition} once; found {len(found)} copies"
        for record in found:
            if (record.key, record.partition, record.value) != (key, partition, value):
                yield f"{name} was rerouted with another value, or to the wrong partition: header {REROUTED}"


async def _dangling(reading: TopicReader, places: list[TopicPartition]) -> list[str]:
    """Return the partitions with a transaction that stays open."""
    open_: list[TopicPartition] = []
    for _ in range(SETTLE_TRIES):
        end = await reading.bounds(places, committed=False)
        stable = await reading.bounds(places)
        open_ = [place for place in places if stable[place][1] < end[place][1]]
        if not open_:
            break
        await asyncio.sleep(SETTLE_S)
    return [f"{place.topic} partition {place.partition}: a transaction stays open" for place in open_]
