"""The two stateful agents, and the stages by which processing sends them batches.

A batch brings the ledger that it is folded into. The ledger belongs to the partition, and changes to it count only once
they are committed.
"""

import asyncio
from collections.abc import AsyncIterable, Callable
from typing import Protocol

import faust

from streams.agents.batch_channel import BatchChannel

__all__ = ["AgentBatch", "AgentStage", "AgentTimeout", "add_folding_agents"]

#: For an agent to answer, or to subscribe.
ANSWER_S = 30.0
SUBSCRIBE_POLL_S = 0.01


class AgentTimeout(Exception):
    """An agent does not take its batch, or does not answer."""


class AgentBatch(Protocol):
    """Messages of one partition, and the ledger that they are folded into."""

    def fold_counts(self) -> None:
        """Check the messages against the ledger and fold counts and statements."""

    def concerns_ceasefires(self) -> bool:
        """Return True if there is anything to fold of ceasefire views."""

    def fold_ceasefires(self) -> None:
        """Fold the ceasefire views."""


class _Job:
    """A batch for an agent, and the answer."""

    def __init__(self, batch: AgentBatch) -> None:
        self._batch: AgentBatch | None = batch
        self.done: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

    def run(self, fold: Callable[[AgentBatch], None]) -> None:
        """Fold, unless the sender has given up: then the batch may have been undone."""
        # Released here: an agent keeps its last job until the next one comes.
        batch, self._batch = self._batch, None
        if batch is None or self.done.done():
            return
        try:
            fold(batch)
        except Exception as error:  # noqa: BLE001 - the sender handles it
            self.done.set_result(error)
        else:
            self.done.set_result(None)


class AgentStage:
    """Sends batches to the agent that reads a channel."""

    def __init__(
        self,
        channel: BatchChannel,
        name: str,
        *,
        answer_s: float = ANSWER_S,
        accepts: Callable[[AgentBatch], bool] | None = None,
    ) -> None:
        """`name` is the agent's, for messages.

        A batch that it does not accept is not sent: a round trip takes as long as folding two reports.
        """
        self._channel = channel
        self._name = name
        self._answer_s = answer_s
        self._accepts = accepts

    async def __call__(self, batch: AgentBatch) -> Exception | None:
        """Return what the agent's fold raised, or None. Raises AgentTimeout."""
        try:
            if self._accepts is not None and not self._accepts(batch):
                return None
        except Exception as error:  # noqa: BLE001 - as an error of the fold
            return error
        job = _Job(batch)
        try:
            async with asyncio.timeout(self._answer_s):
                # Without a subscriber a put is lost.
                while not self._channel.subscriber_count:  # noqa: ASYNC110 - Faust has no event for it
                    await asyncio.sleep(SUBSCRIBE_POLL_S)
                await self._channel.put(job)  # type: ignore[arg-type] # typed for events
                return await job.done
        except TimeoutError:
            raise AgentTimeout(f"agent {self._name} has not answered for {self._answer_s:.0f} s") from None


def add_folding_agents(app: faust.App) -> list[AgentStage]:
    """Add the agents `casualties` and `ceasefires` to an app; return their stages in the order of the fold."""
    counts, views = BatchChannel(app), BatchChannel(app)

    @app.agent(counts, name="casualties")
    async def casualties(jobs: AsyncIterable[_Job]) -> None:
        async for job in jobs:
            job.run(_fold_counts)

    @app.agent(views, name="ceasefires")
    async def ceasefires(jobs: AsyncIterable[_Job]) -> None:
        async for job in jobs:
            job.run(_fold_ceasefires)

    return [AgentStage(counts, "casualties"), AgentStage(views, "ceasefires", accepts=_concerns_ceasefires)]


def _fold_counts(batch: AgentBatch) -> None:
    batch.fold_counts()


def _concerns_ceasefires(batch: AgentBatch) -> bool:
    return batch.concerns_ceasefires()


def _fold_ceasefires(batch: AgentBatch) -> None:
    batch.fold_ceasefires()
