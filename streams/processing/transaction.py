"""What a partition that is ours writes: a batch, pictures that are owed, or a tick, each in one transaction."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson
from aiokafka import TopicPartition

from streams.core.cloudevents import Headers
from streams.core.times import format_time
from streams.kafka.routing import Router
from streams.observability import metrics, tracing
from streams.processing.batch import BatchStats
from streams.processing.batch_fold import Fold
from streams.processing.context import TaskContext
from streams.processing.outbox import Outbox, OutputRecord
from streams.processing.restore import (
    APP,
    GROUP_OFFSET,
    HORIZON,
    NEXT_OFFSET,
    OWED_PICTURE,
    PARTITIONS,
    REGISTRIES,
    REGISTRY,
)
from streams.processing.takeover import TakenOver

if TYPE_CHECKING:
    from streams.core.state.step import EntryKey

__all__ = ["PartitionTransactions"]

FORGET_EVERY_RECORDS = 1_000
#: How old the group's offset may be: it is for those who watch the lag.
GROUP_EVERY_S = 1.0
#: Written in one transaction, about, of what another source registry changes.
REGISTER_RECORDS = 10_000


class PartitionTransactions:
    """The transactions of one partition. After an exception the state is of no more use: take over again."""

    def __init__(self, setup: TaskContext, partition: int, routes: Router) -> None:
        settings = setup.settings
        self._setup = setup
        self._partition = partition
        self._routes = routes
        self._counts = setup.status.counts
        self._fold = Fold(settings.topic_prefix, partition, routes, setup.stages, setup.status)
        self._picture_headers = Headers(settings.topic_prefix, "episodes")
        self._topics = {name: settings.topic(name) for name in ("reports", "episodes", "ledger")}
        self._place = TopicPartition(self._topics["reports"], partition)
        self._tracer = tracing.tracer()

    async def batch(self, state: TakenOver, records: Sequence[Any]) -> BatchStats:
        """Fold records and commit all that comes of them, with the offset behind the last."""
        if self._tracer is None:
            return await self._batch(state, records)
        with self._tracer.batch(self._place.topic, self._partition, records):
            return await self._batch(state, records)

    async def _batch(self, state: TakenOver, records: Sequence[Any]) -> BatchStats:
        outbox = self._outbox(state)
        began_s = time.perf_counter()
        tally = await self._fold.fold(state.ledger, records, outbox, self._forget(state, len(records)))
        state.next_offset = records[-1].offset + 1
        state.pictures.changed(tally.moved, time.monotonic())
        self._add_own(state, outbox)
        metrics.FOLD_SECONDS.observe(time.perf_counter() - began_s)
        await self._commit(state, outbox)
        if records[0].timestamp >= 0:
            metrics.END_TO_END_SECONDS.observe(max(0.0, time.time() - records[0].timestamp / 1000))
        self._fold.count(tally)
        self._setup.strangers.observe(tally.sources)
        return tally

    def refuse(self, offset: int, reason: str) -> None:
        """Reject the record at an offset, when it comes again, for what the broker said of its outputs."""
        self._fold.refused[offset] = reason

    def undate(self, below: int) -> None:
        """Write what comes of the records below an offset, when they come again, without their timestamps."""
        self._fold.undated_below = below

    async def register(self, state: TakenOver) -> None:
        """Publish what is otherwise under this source registry than under the one the ledger was made with."""
        digest = state.ledger.registry.digest
        if state.registry in (None, digest):
            return
        outbox = self._outbox(state)
        for step in state.ledger.register():
            self._fold.register(step, state.ledger, outbox)
            if outbox.records >= REGISTER_RECORDS:
                # All at once might take longer than a transaction may. Who takes over in between does the rest.
                await self._commit(state, outbox)
                outbox = self._outbox(state)
        # Who speaks for whom shows in every picture, in one with no changed view too.
        state.pictures.changed(state.ledger.episodes(), time.monotonic())
        self._add_own(state, outbox)
        await self._commit(state, outbox)

    def _forget(self, state: TakenOver, records: int) -> "Sequence[EntryKey]":
        """Drop what is settled and superseded, now and then; return the ledger entries that this changes."""
        state.since_forgetting += records
        if state.since_forgetting < FORGET_EVERY_RECORDS:
            return ()
        state.since_forgetting = 0
        return state.ledger.forget()

    async def due(self, state: TakenOver) -> None:
        """Commit pictures that are due, and the group's offset."""
        outbox = self._outbox(state)
        self._add_pictures(state, outbox)
        await self._commit(state, outbox)

    async def tick(self, state: TakenOver, at_us: int, episode: str) -> None:
        """Append a tick to the log, where a replay will find it."""
        outbox = self._outbox(state)
        value = orjson.dumps({"tick": format_time(at_us), "episode": episode})
        home = self._routes.home(episode)
        outbox.add(OutputRecord(self._topics["reports"], home.partition, home.key, value))
        await self._commit(state, outbox)
        self._counts["ticks_sent"] += 1

    def _outbox(self, state: TakenOver) -> Outbox:
        return Outbox(state.producer.create_batch, self._setup.shape.record_limits, self._partition)

    def _offsets(self, state: TakenOver, outbox: Outbox) -> dict[TopicPartition, int]:
        """Return the group's offset where it is time for it: it costs a transaction two more round trips."""
        now_s = time.monotonic()
        if state.group_offset == state.next_offset or now_s < state.group_due_s:
            return {}
        outbox.put(self._topics["ledger"], GROUP_OFFSET, b"%d" % state.next_offset)
        state.group_offset, state.group_due_s = state.next_offset, now_s + GROUP_EVERY_S
        return {self._place: state.next_offset}

    async def _commit(self, state: TakenOver, outbox: Outbox) -> None:
        offsets = self._offsets(state, outbox)
        began_s = time.perf_counter()
        try:
            await state.producer.commit(outbox.batches, offsets, self._setup.settings.app_id)
        except BaseException:
            metrics.TRANSACTIONS.labels("aborted").inc()
            raise
        metrics.COMMIT_SECONDS.observe(time.perf_counter() - began_s)
        metrics.LAST_COMMIT.set_to_current_time()
        metrics.TRANSACTIONS.labels("committed").inc()
        for place, builders in outbox.batches.items():
            topic = place.topic.rpartition(".")[2]
            metrics.PUBLISHED.labels(topic).inc(sum(builder.record_count() for builder in builders))
        self._counts["transactions"] += 1
        self._counts["records_written"] += outbox.records

    def _add_own(self, state: TakenOver, outbox: Outbox) -> None:
        """Add the desk's own ledger entries and the pictures that are due."""
        self._add_pictures(state, outbox)
        ledger = self._topics["ledger"]
        digest, horizon_us, app_id = state.ledger.registry.digest, state.ledger.horizon_us, self._setup.settings.app_id
        if (state.registry, state.horizon_us, state.app_id) != (digest, horizon_us, app_id):
            outbox.put(ledger, REGISTRY, orjson.dumps(digest))
            outbox.put(ledger, PARTITIONS, b"%d" % self._setup.shape.partitions)
            outbox.put(ledger, HORIZON, b"%d" % horizon_us)
            outbox.put(ledger, APP, orjson.dumps(app_id))
            if state.registry != digest:
                self._add_registry(state, outbox)
            state.registry, state.horizon_us, state.app_id = digest, horizon_us, app_id
        outbox.put(ledger, NEXT_OFFSET, b"%d" % state.next_offset)

    def _add_registry(self, state: TakenOver, outbox: Outbox) -> None:
        """Keep the registry itself: whoever folds the log anew changes it where we do."""
        begins = 0 if state.registry is None else state.next_offset
        key = REGISTRIES + b"%06d" % state.registries
        sources = state.ledger.registry.as_record()
        entry = OutputRecord(
            self._topics["ledger"], self._partition, key, orjson.dumps({"from": begins, "sources": sources})
        )
        if not outbox.fits(entry):
            entry = entry._replace(value=orjson.dumps({"from": begins, "sources": None}))
        outbox.add(entry)
        state.registries += 1

    def _add_pictures(self, state: TakenOver, outbox: Outbox) -> None:
        pictures, ledger = state.pictures, self._topics["ledger"]
        written = pictures.take_due(time.monotonic(), self._setup.limits.pictures)
        for episode in written:
            outbox.add(self._picture(state, episode, outbox))
        owed, paid = pictures.marks(written)
        for episode in owed:
            outbox.put(ledger, OWED_PICTURE + episode.encode(), b"true")
        for episode in paid:
            outbox.put(ledger, OWED_PICTURE + episode.encode(), None)

    def _picture(self, state: TakenOver, episode: str, outbox: Outbox) -> OutputRecord:
        through = {"partition": self._partition, "offset": state.next_offset - 1}
        picture = {"episode": episode, "through": through, **state.ledger.picture(episode)}
        key = self._routes.home(episode).key
        name = f"{episode}@{self._partition}/{through['offset']}"
        head = self._picture_headers.event(name, key, picture["clock"])
        record = OutputRecord(self._topics["episodes"], self._partition, key, orjson.dumps(picture), head)
        if not outbox.fits(record):
            self._counts["pictures_truncated"] += 1
            stub = {"episode": episode, "through": through, "truncated": True}
            record = record._replace(value=orjson.dumps(stub))
        return record
