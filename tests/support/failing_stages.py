"""Stages of a fold with a bug: injected as the agents are, so the fold itself may be compiled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from streams.core.model import Message
from streams.processing.batch import FoldedBatch
from streams.processing.pipeline import FoldStage
from tests.support.kafka_log import fold_ceasefires_here, fold_counts_here

__all__ = ["failing_stages"]


def failing_stages(report_id: str) -> dict[str, Sequence[FoldStage]]:
    """Return the two stages of a fold by the moment at which they fail on a report."""

    async def within_counts(batch: FoldedBatch) -> Exception | None:
        messages = batch.messages
        batch.messages = failing = _FailingMessages(messages, report_id)
        try:
            return await fold_counts_here(batch)
        finally:
            batch.messages = messages
            failing.fails = False

    async def after_counts(batch: FoldedBatch) -> Exception | None:
        return await fold_counts_here(batch) or _bug(batch.messages, report_id)

    async def after_ceasefires(batch: FoldedBatch) -> Exception | None:
        return await fold_ceasefires_here(batch) or _bug(batch.messages, report_id)

    return {
        "within counts": [within_counts, fold_ceasefires_here],
        "after counts": [after_counts, fold_ceasefires_here],
        "after ceasefires": [fold_counts_here, after_ceasefires],
    }


class _FailingMessages(list[tuple[Any, Message]]):
    """Messages whose iteration fails at one report, when those before it are folded.

    Only while `fails`: a logger that shows local variables iterates them later.
    """

    def __init__(self, messages: Sequence[tuple[Any, Message]], report_id: str) -> None:
        super().__init__(messages)
        self._report_id = report_id
        self.fails = True

    def __iter__(self) -> Iterator[tuple[Any, Message]]:
        for item in super().__iter__():
            if self.fails and (bug := _bug([item], self._report_id)):
                raise bug
            yield item


def _bug(messages: Sequence[tuple[Any, Message]], report_id: str) -> Exception | None:
    hit = any(getattr(message, "report_id", "") == report_id for _, message in messages)
    return ZeroDivisionError("a bug") if hit else None
