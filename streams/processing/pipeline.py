"""A batch on its way: decode, fold in the agents, encode, append to the outbox.

It is done a slice at a time, so that the outputs of one stage are still in the processor's cache in the next: a batch
of thousands in one piece takes half as long again.

An exception of parser or fold rejects its record and never stops the partition.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

import structlog
from aiokafka import TopicPartition

from streams.core.ledger import Ledger
from streams.core.refusal import Refusal
from streams.processing.batch import BatchStats, FoldedBatch
from streams.processing.decode import CODE_TOO_LARGE, Decoded, Decoder, internal_error
from streams.processing.encode import Encoder
from streams.processing.errors import OutputTooLarge, SplitBatch
from streams.processing.outbox import Outbox
from streams.processing.output_record import OutputRecord, SizeLimits
from streams.processing.rejection_log import Rejection

if TYPE_CHECKING:
    from streams.core.state.step import EntryKey

__all__ = ["SLICE_RECORDS", "BatchPipeline", "FoldStage"]

_log: Final = structlog.get_logger(__name__)

#: This many reports and all their outputs fit into the cache of one core.
SLICE_RECORDS: Final = 64
#: After a longer change the ledger entries may not fit, so they are checked while its record is at hand.
LONG_BYTES: Final = 16 << 10


class FoldStage(Protocol):
    """One of the agents that fold."""

    async def __call__(self, batch: FoldedBatch) -> Exception | None:
        """Return what the fold raised, or None. Raises if the agent does not answer."""


class BatchPipeline:
    """The stages that every batch of one partition passes, each once."""

    def __init__(self, tp: TopicPartition, decoder: Decoder, encoder: Encoder, stages: Sequence[FoldStage]) -> None:
        """`tp` is the input partition; `stages` are the agents in the order in which they fold."""
        self._tp = tp
        self._decoder = decoder
        self._encoder = encoder
        self._stages = stages

    async def run(
        self,
        ledger: Ledger,
        records: Sequence[Any],
        outbox: Outbox,
        limits: SizeLimits,
        changed: "Iterable[EntryKey]" = (),
    ) -> BatchStats:
        """Fold a batch and append its outputs, and the `changed` ledger entries, to the outbox.

        Raises SplitBatch, or what an agent raises that does not answer.
        """
        stats = BatchStats()
        # Cells and views change many times in a batch; their last values are written, once.
        deferred: dict[EntryKey, None] = {}
        outbox.extend(self._encoder.entries(ledger, changed, limits))
        for start in range(0, len(records), SLICE_RECORDS):
            part = records[start : start + SLICE_RECORDS]
            outbox.extend(await self._slice(ledger, part, limits, stats, deferred))
        try:
            outbox.extend(self._encoder.entries(ledger, deferred, limits))
        except Exception as error:
            raise SplitBatch(f"{type(error).__name__}: {error}") from error
        return stats

    async def _slice(
        self,
        ledger: Ledger,
        records: Sequence[Any],
        limits: SizeLimits,
        stats: BatchStats,
        deferred: "dict[EntryKey, None]",
    ) -> list[OutputRecord]:
        """Return the outputs of a slice. If it fails, its records come as slices of one; one that fails is rejected."""
        decoded = self._decoder.decode(records)
        batch = FoldedBatch(ledger, decoded.messages, self._tp)
        outputs: list[OutputRecord] = []
        failure = await self._fold(batch)
        if failure is None:
            try:
                outputs = self._encode(batch, limits, deferred)
            except Exception as error:  # noqa: BLE001 - the record at fault is found below
                failure = error
        if failure is not None:
            batch.undo()
            if len(records) > 1:
                _log.warning("slice_refolded_one_by_one", records=len(records), error=type(failure).__name__)
                for record in records:
                    outputs += await self._slice(ledger, [record], limits, stats, deferred)
                return outputs
            batch.rejected[:] = [_rejection(records[0], failure)]
        if decoded.rerouted or decoded.rejected or batch.rejected:
            outputs += self._divert(decoded, batch, limits, stats)
        stats.count_steps(batch)
        return outputs

    def _divert(
        self, decoded: Decoded, batch: FoldedBatch, limits: SizeLimits, stats: BatchStats
    ) -> list[OutputRecord]:
        """Return the outputs of records that are not folded here: copies for other partitions and rejected records."""
        outputs, refused = self._encoder.rerouted(decoded.rerouted, limits)
        if outputs:
            stats.counts["rerouted"] += len(outputs)
        rejections = sorted(decoded.rejected + batch.rejected + refused, key=_offset)
        for rejection in rejections:
            output, truncated = self._encoder.rejected(rejection, limits)
            outputs.append(output)
            stats.truncated += truncated
        stats.count_rejected(rejections)
        return outputs

    async def _fold(self, batch: FoldedBatch) -> Exception | None:
        for stage in self._stages:
            failure = await stage(batch)
            if failure is not None:
                return failure
        return None

    def _encode(self, batch: FoldedBatch, limits: SizeLimits, deferred: "dict[EntryKey, None]") -> list[OutputRecord]:
        """Return changes and ledger entries; entries that many records touch are deferred if they are sure to fit."""
        outputs = self._encoder.changes(batch.steps, limits)
        reports, others = batch.touched()
        if len(batch.messages) == 1 or any(len(value or b"") >= LONG_BYTES for _, _, _, value, _, _ in outputs):
            outputs += self._encoder.entries(batch.ledger, reports + others, limits)
        else:
            outputs += self._encoder.entries(batch.ledger, reports, limits)
            for key in others:
                deferred[key] = None
        return outputs


def _offset(rejection: Rejection) -> int:
    offset: int = rejection.record.offset
    return offset


def _rejection(record: Any, failure: Exception) -> Rejection:
    if isinstance(failure, OutputTooLarge):
        return Rejection(record, CODE_TOO_LARGE, str(failure))
    if isinstance(failure, Refusal):
        return Rejection(record, failure.code, failure.message)
    return internal_error(record, failure)
