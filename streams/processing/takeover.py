"""Taking a partition over: fence the last owner, read the ledger back, find out where to go on."""

import logging
import time
from dataclasses import dataclass

from aiokafka import TopicPartition

from schemas.topics import CHANGE_TOPICS
from streams.core.ledger import Ledger
from streams.kafka.transactional_producer import TransactionalProducer
from streams.processing.context import TaskContext
from streams.processing.errors import NeedsOperator
from streams.processing.picture_schedule import PictureSchedule
from streams.processing.restore import Restored, holds_records, restore
from streams.processing.status import PartitionState, PartitionStatus
from streams.settings import too_long_a_horizon

__all__ = ["OUTPUTS", "TakenOver", "finish_open_transactions", "take_over", "transactional_id"]

log = logging.getLogger(__name__)

#: What a partition writes to, beside the log itself.
OUTPUTS = (*CHANGE_TOPICS, "episodes", "rejected", "ledger")

#: How often a long restore says how far it is.
SAY_EVERY_S = 5.0

REBUILD = (
    "To make all outputs anew from the log, beside what is there: `truceline rebuild --to PREFIX`, with a prefix that"
    " no topic has yet; it says how to switch to it"
)


@dataclass(slots=True)
class TakenOver:
    """A partition that is ours: its producer, and its ledger as the ledger topic has it."""

    producer: TransactionalProducer
    ledger: Ledger
    #: Next input offset.
    next_offset: int
    #: The group's offset, which whoever watches its lag looks at, and when it may be committed again (monotonic).
    group_offset: int
    pictures: PictureSchedule
    #: Digest of the source registry that the ledger topic names; None: it is empty.
    registry: str | None
    #: The horizon (µs) that it names; None as above.
    horizon_us: int | None
    #: The app that it names as its own; None as above.
    app_id: str | None
    #: How many registries it has named so far.
    registries: int = 0
    #: Records taken in since what is settled was last forgotten.
    since_forgetting: int = 0
    group_due_s: float = 0.0

    def due_s(self) -> float | None:
        """Return when there is something to write without a record that comes (monotonic); None: never."""
        pictures_s = self.pictures.next_s()
        if self.group_offset == self.next_offset:
            return pictures_s
        return self.group_due_s if pictures_s is None else min(self.group_due_s, pictures_s)


def transactional_id(app_id: str, place: TopicPartition) -> str:
    """Return the id whose newest producer is the one owner of an input partition."""
    return f"{app_id}-{place.topic}-{place.partition}"


async def take_over(setup: TaskContext, status: PartitionStatus, producer: TransactionalProducer) -> TakenOver:
    """Return the state of a partition, `producer` being new. Raises Blocked, or what Kafka raises."""
    settings, number = setup.settings, status.partition
    log_place = TopicPartition(settings.topic("reports"), number)
    async with setup.takeovers:
        status.state, status.reason = PartitionState.FENCING, ""
        setup.shape = await setup.cluster.shape()
        await producer.start([settings.topic(name) for name in ("reports", *OUTPUTS)])
        if producer.last_outcome is not None:
            status.last_outcome = producer.last_outcome
        await finish_open_transactions(setup, number, producer, commit=status.last_outcome)
        status.last_outcome = None
        status.state = PartitionState.RESTORING
        ledger = Ledger(setup.registry, horizon_us=settings.horizon_us)
        restored = await _restore(setup, status, ledger)
        next_offset = await _next_offset(setup, log_place, restored)
    pictures = PictureSchedule()
    pictures.restore(restored.owed, time.monotonic())
    group_offset = next_offset if restored.group_offset is None else restored.group_offset
    return TakenOver(
        producer, ledger, next_offset, group_offset, pictures,
        restored.registry, restored.horizon_us, restored.app_id, restored.registries,
    )  # fmt: skip


async def finish_open_transactions(
    setup: TaskContext, number: int, producer: TransactionalProducer, *, commit: bool | None
) -> None:
    """End what a broker has left open of the partition's last transaction, by what that was decided to be.

    Raises Blocked where that is not known any more: it may have ended in some partitions, and not in others.
    """
    settings = setup.settings
    places = [TopicPartition(settings.topic(name), number) for name in OUTPUTS]
    # Ticks and reports sent on to where they belong.
    places += [TopicPartition(settings.topic("reports"), each) for each in range(setup.shape.partitions)]
    found = await producer.open_transactions(places)
    if not found:
        return
    names = ", ".join(f"{place.topic} partition {place.partition}" for place in found)
    if commit is None:
        raise NeedsOperator(
            f"a broker left a transaction of {producer.transactional_id} open in {names}, and whether it was committed"
            " is not known any more: no reader of committed records comes past it. `kafka-transactions.sh abort` ends"
            f" it there; then ask `truceline verify`. {REBUILD}"
        )
    log.warning(
        "partition %d: a broker left a transaction open that was %s: it is ended now in %s",
        number, "committed" if commit else "aborted", names, extra={"partition": number},
    )  # fmt: skip
    await producer.finish_transaction(found, settings.app_id, commit=commit)
    setup.status.counts["left_open"] += 1


async def _restore(setup: TaskContext, status: PartitionStatus, ledger: Ledger) -> Restored:
    place = TopicPartition(setup.settings.topic("ledger"), status.partition)
    # Asked for only now: until the producer had started, the last owner could still write.
    bounds = (await setup.cluster.bounds([place]))[place]
    status.restored, status.restore_end = 0, bounds[1] - bounds[0]

    began_s = said_s = time.monotonic()

    def progress(read: int) -> None:
        nonlocal said_s
        status.restored = read
        if time.monotonic() - said_s > SAY_EVERY_S:
            said_s = time.monotonic()
            log.info(
                "partition %d is being restored: %s", status.partition, status.progress,
                extra={"partition": status.partition},
            )  # fmt: skip

    restored = await restore(setup.options, place, bounds, ledger, progress)
    log.info(
        "partition %d restored: %d entries of %d offsets in %.1f s, going on at offset %s",
        status.partition, restored.entries, status.restore_end, time.monotonic() - began_s, restored.next_offset,
        extra={"partition": status.partition, "offset": restored.next_offset},
    )  # fmt: skip
    return restored


async def _next_offset(setup: TaskContext, place: TopicPartition, restored: Restored) -> int:
    begin, end = (await setup.cluster.bounds([place]))[place]
    committed = await setup.cluster.committed(setup.settings.app_id, place)
    next_offset = restored.next_offset
    if restored.partitions not in (None, setup.shape.partitions):
        raise NeedsOperator(
            f"{place.topic} had {restored.partitions} partitions when its state was made, and has"
            f" {setup.shape.partitions} now: keys lie elsewhere, and the state of their episodes does not. {REBUILD}"
        )
    name = f"{place.topic} partition {place.partition}"
    if restored.app_id not in (None, setup.settings.app_id):
        raise NeedsOperator(
            f"the state of {name} is the app {restored.app_id}'s, and this one is {setup.settings.app_id}: two apps on"
            f" one log would each write all outputs. Set TRUCELINE_APP_ID={restored.app_id}, or give this one a"
            " TRUCELINE_TOPIC_PREFIX of its own"
        )
    if conflict := too_long_a_horizon(restored.horizon_us, setup.settings.horizon_us):
        raise NeedsOperator(f"the state of {name} {conflict}. {REBUILD}")
    if next_offset is None:
        await _refuse_lost_ledger(setup, place.partition, committed)
        return begin
    if next_offset > end:
        raise NeedsOperator(
            f"{name} ends at offset {end}, but its state goes on at {next_offset}: the log was cut or made anew."
            f" {REBUILD}"
        )
    if next_offset < begin:
        raise NeedsOperator(
            f"{name} begins at offset {begin}, but its state goes on at {next_offset}: the records between were"
            f" deleted before they were taken in; the log's retention must be unlimited. {REBUILD}"
        )
    expected = next_offset if restored.group_offset is None else restored.group_offset
    # A worker of a version that takes no note commits the next offset itself.
    if committed not in {expected, next_offset}:
        log.warning(
            "group %s has committed offset %s of %s, its ledger says %d: the ledger counts. Were the group's offsets"
            " reset? To have records folded anew, the outputs must be made anew. %s",
            setup.settings.app_id, committed, name, expected, REBUILD,
        )  # fmt: skip
        setup.status.counts["offset_differences"] += 1
    return next_offset


async def _refuse_lost_ledger(setup: TaskContext, number: int, committed: int | None) -> None:
    """Raise Blocked where a ledger is empty although its partition has been worked on."""
    settings = setup.settings
    ledger = f"{settings.topic('ledger')} partition {number} is empty"
    if committed is not None:
        raise NeedsOperator(f"{ledger}, but group {settings.app_id} has come to {committed}: state was lost. {REBUILD}")
    places = [TopicPartition(settings.topic(name), number) for name in OUTPUTS if name != "ledger"]
    for place, (begin, end) in (await setup.cluster.bounds(places)).items():
        if await holds_records(setup.options, place, (begin, end)):
            raise NeedsOperator(f"{ledger}, but {place.topic} has records there: state was lost. {REBUILD}")
