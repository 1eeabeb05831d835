"""Taking a partition over: fence the last owner, restore the ledger, find the offset to resume at."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import structlog
from aiokafka import TopicPartition

from schemas.topics import CHANGE_TOPICS
from streams.core.ledger import Ledger
from streams.kafka.transactional_producer import TransactionalProducer
from streams.processing.context import TaskContext
from streams.processing.errors import REBUILD, NeedsOperator, log_cut
from streams.processing.partition_state import PartitionEvent
from streams.processing.picture_schedule import PictureSchedule
from streams.processing.restore import MadeWith, Restored, holds_records, restore
from streams.processing.status import PartitionStatus
from streams.processing.topology import TopicShapes
from streams.settings import duration_text, horizon_in_force

__all__ = [
    "OUTPUTS",
    "TakenOver",
    "finish_open_transactions",
    "made_with_now",
    "make_producer",
    "take_over",
    "transactional_id",
]

_log = structlog.get_logger(__name__)

#: The topics that a partition writes to, beside the log itself.
OUTPUTS: Final = (*CHANGE_TOPICS, "episodes", "rejected", "ledger")

#: The interval at which a long restore logs its progress.
PROGRESS_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class TakenOver:
    """A partition of this worker: its producer, and its state as the ledger topic has it."""

    producer: TransactionalProducer
    ledger: Ledger
    shapes: TopicShapes
    restored: Restored
    #: Next input offset.
    next_offset: int
    #: The offset that the group has committed.
    group_offset: int
    pictures: PictureSchedule


def transactional_id(app_id: str, tp: TopicPartition) -> str:
    """Return the id whose newest producer is the one owner of an input partition."""
    return f"{app_id}-{tp.topic}-{tp.partition}"


def make_producer(context: TaskContext, tp: TopicPartition, shapes: TopicShapes) -> TransactionalProducer:
    """Return the producer of an input partition, not started."""
    settings = context.settings
    return TransactionalProducer(
        context.options,
        transactional_id(settings.app_id, tp),
        transaction_timeout_ms=int(context.limits.transaction_s * 1000),
        batch_bytes=min(shapes.record_limits.values()),
        # Only workers read the ledger, so no other program needs its codec.
        codecs={settings.topic(name): "zstd" if name == "ledger" else settings.compression for name in OUTPUTS},
    )


def made_with_now(context: TaskContext, ledger: Ledger, shapes: TopicShapes) -> MadeWith:
    """Return what a state is made with from now on."""
    return MadeWith(
        ledger.registry.digest,
        shapes.partitions,
        ledger.horizon_us,
        context.settings.app_id,
        shapes.topic_ids.get("reports"),
    )


async def take_over(
    context: TaskContext, status: PartitionStatus, producer: TransactionalProducer, shapes: TopicShapes
) -> TakenOver:
    """Return the state of a partition, `producer` being new. Raises NeedsOperator, or what Kafka raises."""
    settings = context.settings
    tp = TopicPartition(settings.topic("reports"), status.partition)
    await producer.start([settings.topic(name) for name in ("reports", *OUTPUTS)])
    status.keep_outcome(committed=producer.last_outcome)
    await finish_open_transactions(context, tp, producer, shapes, commit=status.last_outcome)
    status.forget_outcome()
    status.on(PartitionEvent.FENCED)
    ledger = Ledger(context.registry, horizon_us=settings.horizon_us)
    restored = await _restore(context, status, ledger)
    _keep_horizon(ledger, restored, tp)
    if restored.newest_us is not None:
        context.clock.continue_from(restored.newest_us)
    next_offset = await _next_offset(context, tp, shapes, restored)
    pictures = PictureSchedule()
    pictures.restore(restored.owed, time.monotonic())
    group_offset = next_offset if restored.group_offset is None else restored.group_offset
    return TakenOver(producer, ledger, shapes, restored, next_offset, group_offset, pictures)


def _keep_horizon(ledger: Ledger, restored: Restored, tp: TopicPartition) -> None:
    """Continue under the horizon of the stored state where that is shorter."""
    stored_us = restored.made_with.horizon_us
    in_force_us = horizon_in_force(stored_us, ledger.horizon_us)
    if in_force_us < ledger.horizon_us:
        _log.warning(
            "stored_horizon_kept",
            partition=tp.partition,
            horizon=duration_text(in_force_us),
            configured=duration_text(ledger.horizon_us),
            action="truceline rebuild folds the log under the longer one",
        )
        ledger.keep_horizon(in_force_us)


async def finish_open_transactions(
    context: TaskContext,
    tp: TopicPartition,
    producer: TransactionalProducer,
    shapes: TopicShapes,
    *,
    commit: bool | None,
) -> None:
    """End what a broker has left open of the partition's last transaction, by its outcome.

    Raises NeedsOperator if that is not known any more: it may have ended in some partitions and not in others.
    """
    settings, number = context.settings, tp.partition
    written = [TopicPartition(settings.topic(name), number) for name in OUTPUTS]
    # Ticks, and reports sent on to their partition.
    written += [TopicPartition(tp.topic, each) for each in range(shapes.partitions)]
    still_open = await producer.open_transactions(written)
    if not still_open:
        return
    names = ", ".join(f"{each.topic} partition {each.partition}" for each in still_open)
    if commit is None:
        raise NeedsOperator(
            f"a broker left a transaction of {producer.transactional_id} open in {names}, and its outcome is not known"
            " any more: no reader of committed records gets past it. `kafka-transactions.sh abort` ends it there; then"
            f" run `truceline verify`. {REBUILD}"
        )
    outcome = "committed" if commit else "aborted"
    _log.warning("open_transaction_finished", partition=number, outcome=outcome, open_in=names)
    await producer.finish_transaction(still_open, settings.app_id, commit=commit)
    context.status.counts["left_open"] += 1


async def _restore(context: TaskContext, status: PartitionStatus, ledger: Ledger) -> Restored:
    number = status.partition
    tp = TopicPartition(context.settings.topic("ledger"), number)
    # Asked for only now: until the producer had started, the last owner could still write.
    bounds = (await context.topology.bounds([tp]))[tp]
    total = bounds[1] - bounds[0]
    status.restoring(0, total)
    began_s = logged_s = time.monotonic()

    def progress(read: int) -> None:
        nonlocal logged_s
        status.restoring(read, total)
        if time.monotonic() - logged_s > PROGRESS_EVERY_S:
            logged_s = time.monotonic()
            _log.info("partition_restoring", partition=number, progress=status.progress)

    restored = await restore(context.options, tp, bounds, ledger, progress)
    if restored.foreign:
        context.status.counts["foreign_records"] += restored.foreign
    took_s = round(time.monotonic() - began_s, 1)
    _log.info(
        "partition_restored", partition=number, entries=restored.entries, took_s=took_s, offset=restored.next_offset
    )
    return restored


class _Takeover(NamedTuple):
    """The facts from which the next offset is decided."""

    context: TaskContext
    tp: TopicPartition
    shapes: TopicShapes
    restored: Restored
    #: First offset of the log, and the one that its next record gets.
    begin: int
    end: int

    @property
    def name(self) -> str:
        return f"{self.tp.topic} partition {self.tp.partition}"


def _half_a_ledger(facts: _Takeover) -> str | None:
    if facts.restored.next_offset is None or not facts.restored.made_with.is_incomplete:
        return None
    return (
        f"{facts.context.settings.topic('ledger')} partition {facts.tp.partition} has an offset but not what its state"
        f" was made with: it was deleted and created again under a worker, and the state before is lost. {REBUILD}"
    )


def _other_log(facts: _Takeover) -> str | None:
    then, now = facts.restored.made_with.log_id, facts.shapes.topic_ids.get("reports")
    if then == now or then is None or now is None:
        return None
    return (
        f"{facts.tp.topic} was deleted and created again since its state was made (topic id {now}, before {then}): the"
        f" state is of records that are gone. {REBUILD}"
    )


def _log_cut(facts: _Takeover) -> str | None:
    return log_cut(facts.name, facts.begin) if facts.begin else None


def _other_partitions(facts: _Takeover) -> str | None:
    then, now = facts.restored.made_with.partitions, facts.shapes.partitions
    if then in {None, now}:
        return None
    return (
        f"{facts.tp.topic} had {then} partitions when its state was made, and has {now} now: keys are in other"
        f" partitions than the state of their episodes. {REBUILD}"
    )


def _other_app(facts: _Takeover) -> str | None:
    then, now = facts.restored.made_with.app_id, facts.context.settings.app_id
    if then in {None, now}:
        return None
    return (
        f"the state of {facts.name} belongs to the app {then}, and this one is {now}: two apps on one log would each"
        f" write all outputs. Set TRUCELINE_APP_ID={then}, or give this one a TRUCELINE_TOPIC_PREFIX of its own"
    )


def _log_too_short(facts: _Takeover) -> str | None:
    offset = facts.restored.next_offset
    if offset is None or offset <= facts.end:
        return None
    return (
        f"{facts.name} ends at offset {facts.end}, but its state continues at {offset}: the log was cut or made again."
        f" {REBUILD}"
    )


def _log_begins_too_late(facts: _Takeover) -> str | None:
    offset = facts.restored.next_offset
    if offset is None or offset >= facts.begin:
        return None
    return (
        f"{facts.name} begins at offset {facts.begin}, but its state continues at {offset}: the records between were"
        f" deleted before they were processed; the log's retention must be unlimited. {REBUILD}"
    )


#: Each returns why processing must not resume, or None; the first reason counts.
_CHECKS: Final[tuple[Callable[[_Takeover], str | None], ...]] = (
    _other_partitions,
    _other_app,
    _half_a_ledger,
    _other_log,
    _log_too_short,
    _log_begins_too_late,
    _log_cut,
)


async def _next_offset(context: TaskContext, tp: TopicPartition, shapes: TopicShapes, restored: Restored) -> int:
    """Return the offset to resume at; raises NeedsOperator if the state does not fit the log."""
    begin, end = (await context.topology.bounds([tp]))[tp]
    committed = await context.topology.committed(context.settings.app_id, tp)
    facts = _Takeover(context, tp, shapes, restored, begin, end)
    for check in _CHECKS:
        if (reason := check(facts)) is not None:
            raise NeedsOperator(reason)
    if restored.next_offset is None:
        await _refuse_lost_ledger(context, tp.partition, committed)
        return begin
    _compare_group_offset(facts, committed, restored.next_offset)
    return restored.next_offset


def _compare_group_offset(facts: _Takeover, committed: int | None, next_offset: int) -> None:
    """Report a group offset that is not the one noted in the ledger: somebody has reset it."""
    noted = facts.restored.group_offset
    expected = next_offset if noted is None else noted
    # A worker of a version that notes none commits the next offset itself.
    if committed in {expected, next_offset}:
        return
    _log.warning(
        "group_offset_differs",
        topic=facts.tp.topic,
        partition=facts.tp.partition,
        group=facts.context.settings.app_id,
        committed=committed,
        ledger=expected,
        advice=f"the ledger counts. If the group's offsets were reset to process records again: {REBUILD}",
    )
    facts.context.status.counts["offset_differences"] += 1


async def _refuse_lost_ledger(context: TaskContext, number: int, committed: int | None) -> None:
    """Raise NeedsOperator if a ledger is empty although its partition was processed before."""
    settings = context.settings
    ledger = f"{settings.topic('ledger')} partition {number} is empty"
    if committed is not None:
        raise NeedsOperator(
            f"{ledger}, but group {settings.app_id} has committed offset {committed}: state was lost. {REBUILD}"
        )
    outputs = [TopicPartition(settings.topic(name), number) for name in OUTPUTS if name != "ledger"]
    for tp, bounds in (await context.topology.bounds(outputs)).items():
        if await holds_records(context.options, tp, bounds):
            raise NeedsOperator(f"{ledger}, but {tp.topic} has records there: state was lost. {REBUILD}")
