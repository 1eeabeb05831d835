"""The transactions of one partition: a batch, due pictures, a tick, or the changes of another source registry."""

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import orjson
from aiokafka import TopicPartition

from streams.core.cloudevents import Headers
from streams.core.source_registry import CONTRACT
from streams.core.times import format_time
from streams.kafka.ledger_keys import LedgerKey
from streams.kafka.routing import Router
from streams.observability import metrics, tracing
from streams.processing.batch import BatchStats
from streams.processing.context import TaskContext
from streams.processing.decode import Decoder
from streams.processing.encode import Encoder
from streams.processing.outbox import Outbox
from streams.processing.output_record import NO_HEADERS, OutputRecord, SizeLimits
from streams.processing.pipeline import BatchPipeline
from streams.processing.rejection_log import log_internal_error, log_rejected
from streams.processing.takeover import TakenOver, made_with_now

if TYPE_CHECKING:
    from streams.core.state.step import EntryKey

__all__ = ["PartitionTransactions", "PartitionWriters"]

PRUNE_EVERY_RECORDS = 1_000
#: The largest age of the group's offset, which serves only lag monitors.
GROUP_EVERY_S = 1.0
#: Records of one transaction with the changes of another source registry, about.
REGISTER_RECORDS = 10_000


class PartitionWriters:
    """The parts of a partition that outlive a takeover; decoder and encoder remember what a broker refused."""

    def __init__(self, context: TaskContext, tp: TopicPartition, router: Router) -> None:
        """`tp` is the input partition."""
        prefix = context.settings.topic_prefix
        self.tp = tp
        self.router = router
        self.decoder = Decoder(tp.partition, router)
        self.encoder = Encoder(prefix, tp.partition, router)
        self.pipeline = BatchPipeline(tp, self.decoder, self.encoder, context.stages)
        self.picture_headers = Headers(prefix, "episodes")
        self.tracer = tracing.tracer()


class PartitionTransactions:
    """A partition from one takeover to the next. After an exception it is of no more use."""

    def __init__(self, context: TaskContext, writers: PartitionWriters, taken: TakenOver) -> None:
        self.producer = taken.producer
        self.ledger = taken.ledger
        self.shapes = taken.shapes
        #: Next input offset.
        self.next_offset = taken.next_offset
        self._context = context
        self._writers = writers
        self._tp = writers.tp
        self._topics = {name: context.settings.topic(name) for name in ("reports", "episodes", "ledger")}
        self._limits = SizeLimits(taken.shapes.record_limits)
        self._pictures = taken.pictures
        self._stored = taken.restored.made_with
        self._registries = taken.restored.registries
        self._group_offset = taken.group_offset
        #: When the group's offset may be committed again (monotonic).
        self._group_due_s = 0.0
        self._since_pruning = 0

    def due_s(self) -> float | None:
        """Return when there is something to write although no record comes (monotonic); None: never."""
        pictures_s = self._pictures.next_s()
        if self._group_offset == self.next_offset:
            return pictures_s
        return self._group_due_s if pictures_s is None else min(self._group_due_s, pictures_s)

    async def batch(self, records: Sequence[Any]) -> BatchStats:
        """Process records and commit all their outputs with the offset after the last."""
        tracer = self._writers.tracer
        if tracer is None:
            return await self._batch(records)
        with tracer.batch(self._tp.topic, self._tp.partition, records):
            return await self._batch(records)

    async def _batch(self, records: Sequence[Any]) -> BatchStats:
        outbox = self._outbox()
        began_s = time.perf_counter()
        pruned = self._prune(len(records))
        stats = await self._writers.pipeline.run(self.ledger, records, outbox, self._limits, pruned)
        self.next_offset = records[-1].offset + 1
        self._pictures.changed(stats.moved, time.monotonic())
        outbox.extend(self._own_entries())
        metrics.FOLD_SECONDS.observe(time.perf_counter() - began_s)
        await self._commit(outbox)
        if records[0].timestamp >= 0:
            metrics.END_TO_END_SECONDS.observe(max(0.0, time.time() - records[0].timestamp / 1000))
        self._count(stats)
        return stats

    def _count(self, stats: BatchStats) -> None:
        """Count and log the outcomes of a committed batch."""
        status = self._context.status
        status.counts.update(stats.counts)
        metrics.count_outcomes(stats.counts)
        self._context.unknown_sources.observe(stats.sources)
        if stats.rejected:
            count = sum(n for name, n in stats.counts.items() if name.startswith("rejected_"))
            log_rejected(self._tp, stats.rejected, count)
            status.counts["rejected_truncated"] += stats.truncated
            for rejection in stats.internal_errors:
                log_internal_error(self._tp, rejection)
            status.internal_errors += len(stats.internal_errors)

    async def register(self) -> None:
        """Publish what this source registry changes, if the ledger was made with another."""
        if self._stored.registry in {None, self.ledger.registry.digest}:
            return
        encoder, outbox = self._writers.encoder, self._outbox()
        for step in self.ledger.register():
            outbox.extend(encoder.registry_changes(step, self._limits))
            outbox.extend(encoder.entries(self.ledger, step.touched, self._limits))
            if outbox.records >= REGISTER_RECORDS:
                # In one transaction it might exceed the time limit. After a failure the next owner does the rest.
                await self._commit(outbox)
                outbox = self._outbox()
        # The affiliation of a source shows in every picture, also without a changed view.
        self._pictures.changed(self.ledger.episodes(), time.monotonic())
        outbox.extend(self._own_entries())
        await self._commit(outbox)

    async def write_due(self) -> None:
        """Commit due pictures and the group's offset."""
        outbox = self._outbox()
        outbox.extend(self._due_pictures())
        await self._commit(outbox)

    async def tick(self, at_us: int, episode: str) -> None:
        """Append a tick to the log, where a replay will find it."""
        outbox = self._outbox()
        value = orjson.dumps({"tick": format_time(at_us), "episode": episode})
        route = self._writers.router.route(episode)
        outbox.extend([(self._topics["reports"], route.partition, route.key, value, NO_HEADERS, None)])
        await self._commit(outbox)
        self._context.status.counts["ticks_sent"] += 1

    def _prune(self, records: int) -> "Sequence[EntryKey]":
        """Prune settled and superseded reports from time to time; return the ledger entries that changes."""
        self._since_pruning += records
        if self._since_pruning < PRUNE_EVERY_RECORDS:
            return ()
        self._since_pruning = 0
        return self.ledger.forget()

    def _outbox(self) -> Outbox:
        return Outbox(self.producer.create_batch, self._tp.partition)

    async def _commit(self, outbox: Outbox) -> None:
        offsets = self._group_offsets(outbox)
        began_s = time.perf_counter()
        try:
            await self.producer.commit(outbox.batches, offsets, self._context.settings.app_id)
        except BaseException:
            metrics.TRANSACTIONS.labels("aborted").inc()
            raise
        metrics.COMMIT_SECONDS.observe(time.perf_counter() - began_s)
        metrics.LAST_COMMIT.set_to_current_time()
        metrics.TRANSACTIONS.labels("committed").inc()
        for tp, builders in outbox.batches.items():
            topic = tp.topic.rpartition(".")[2]
            metrics.PUBLISHED.labels(topic).inc(sum(builder.record_count() for builder in builders))
        counts = self._context.status.counts
        counts["transactions"] += 1
        counts["records_written"] += outbox.records

    def _group_offsets(self, outbox: Outbox) -> dict[TopicPartition, int]:
        """Return the group's offset if it is due: it costs a transaction two more round trips."""
        now_s = time.monotonic()
        if self._group_offset == self.next_offset or now_s < self._group_due_s:
            return {}
        outbox.extend([self._entry(LedgerKey.GROUP_OFFSET.value, b"%d" % self.next_offset)])
        self._group_offset, self._group_due_s = self.next_offset, now_s + GROUP_EVERY_S
        return {self._tp: self.next_offset}

    def _own_entries(self) -> list[OutputRecord]:
        """Return due pictures and the ledger entries that say how far the partition is."""
        outputs = self._due_pictures()
        made_with = made_with_now(self._context, self.ledger, self.shapes)
        if self._stored != made_with:
            outputs += [self._entry(key, value) for key, value in made_with.entries()]
            if self._stored.registry != made_with.registry:
                outputs.append(self._registry_entry())
            self._stored = made_with
        outputs.append(self._entry(LedgerKey.NEXT_OFFSET.value, b"%d" % self.next_offset))
        return outputs

    def _registry_entry(self) -> OutputRecord:
        """Return the registry itself: a later fold of the log changes it at the same offset."""
        begins = 0 if self._stored.registry is None else self.next_offset
        key = LedgerKey.REGISTRY_HISTORY.value + b"%06d" % self._registries
        self._registries += 1
        kept = {"from": begins, "contract": CONTRACT, "sources": self.ledger.registry.as_record()}
        entry = self._entry(key, orjson.dumps(kept))
        if not self._limits.fits(entry):
            entry = self._entry(key, orjson.dumps({**kept, "sources": None}))
        self._limits.check(entry)
        return entry

    def _due_pictures(self) -> list[OutputRecord]:
        written = self._pictures.take_due(time.monotonic(), self._context.limits.pictures)
        outputs = [self._picture(episode) for episode in written]
        owed, paid = self._pictures.marks(written)
        outputs += self._marks(owed, b"true")
        outputs += self._marks(paid, None)
        return outputs

    def _marks(self, episodes: Iterable[str], value: bytes | None) -> list[OutputRecord]:
        return [self._entry(LedgerKey.OWED_PICTURE.value + episode.encode(), value) for episode in episodes]

    def _entry(self, key: bytes, value: bytes | None) -> OutputRecord:
        return self._topics["ledger"], self._tp.partition, key, value, NO_HEADERS, None

    def _picture(self, episode: str) -> OutputRecord:
        partition = self._tp.partition
        through = {"partition": partition, "offset": self.next_offset - 1}
        picture = {"episode": episode, "through": through, **self.ledger.picture(episode)}
        key = self._writers.router.route(episode).key
        name = f"{episode}@{partition}/{through['offset']}"
        headers = self._writers.picture_headers.event(name, key, picture["clock"])
        output = (self._topics["episodes"], partition, key, orjson.dumps(picture), headers, None)
        if not self._limits.fits(output):
            self._context.status.counts["pictures_truncated"] += 1
            stub = orjson.dumps({"episode": episode, "through": through, "truncated": True})
            output = (self._topics["episodes"], partition, key, stub, headers, None)
            self._limits.check(output)
        return output
