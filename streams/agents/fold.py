"""The two stateful agents, and the desk's way to them.

The state they fold into, the ledger, comes along with the batch: it is the partition's, and what they do to
it counts only once the desk has committed it.
"""

import asyncio
from collections.abc import AsyncIterable, Callable
from typing import Protocol

import faust

from streams.agents.batch_channel import BatchChannel

__all__ = ["AgentBatch", "AgentStage", "AgentTimeout", "add_folding_agents"]

#: For a batch to come back, or for an agent to be there at all.
ANSWER_S = 30.0
SUBSCRIBE_POLL_S = 0.01


class AgentTimeout(Exception):
    """An agent does not take its batch, or does not give it back."""


class AgentBatch(Protocol):
    """Messages of one partition, and the ledger that they go into."""

    def fold_counts(self) -> None:
        """Take the messages in and fold counts and statements."""

    def concerns_ceasefires(self) -> bool:
        """Whether there is anything to fold of ceasefire views."""

    def fold_ceasefires(self) -> None:
        """Fold the ceasefire views."""


class _Job:
    """A batch on its way to an agent and back."""

    def __init__(self, batch: AgentBatch) -> None:
        self._batch: AgentBatch | None = batch
        self.done: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

    def run(self, fold: Callable[[AgentBatch], None]) -> None:
        """Fold, unless nobody waits for it any more: the batch may have been undone by then."""
        # Let go of here: an agent holds its last errand until the next one comes.
        batch, self._batch = self._batch, None
        if batch is None or self.done.done():
            return
        try:
            fold(batch)
        except Exception as error:  # noqa: BLE001 - the desk decides what becomes of it
            self.done.set_result(error)
        else:
            self.done.set_result(None)


class AgentStage:
    """Hands batches to the agent that reads a channel."""

    def __init__(
        self,
        channel: BatchChannel,
        name: str,
        *,
        answer_s: float = ANSWER_S,
        concerned: Callable[[AgentBatch], bool] | None = None,
    ) -> None:
        """Take the channel and the agent's name, for messages.

        A batch that it is not `concerned` by is not sent: the way there and back takes as long as two reports.
        """
        self._channel = channel
        self._name = name
        self._answer_s = answer_s
        self._concerned = concerned

    async def __call__(self, batch: AgentBatch) -> Exception | None:
        """Return what the agent's fold raised, or None. Raises AgentsGone after a time."""
        try:
            if self._concerned is not None and not self._concerned(batch):
                return None
        except Exception as error:  # noqa: BLE001 - as what the agent's fold raises
            return error
        errand = _Job(batch)
        try:
            async with asyncio.timeout(self._answer_s):
                # What is put with no subscriber there vanishes.
                while not self._channel.subscriber_count:  # noqa: ASYNC110 - Faust tells nobody
                    await asyncio.sleep(SUBSCRIBE_POLL_S)
                await self._channel.put(errand)  # type: ignore[arg-type] # typed for events
                return await errand.done
        except TimeoutError:
            raise AgentTimeout(f"agent {self._name} has not answered for {self._answer_s:.0f} s") from None


def add_folding_agents(app: faust.App) -> list[AgentStage]:
    """Add the agents `casualties` and `ceasefires` to an app; return the way to each, in the order of the fold."""
    counts, views = BatchChannel(app), BatchChannel(app)

    @app.agent(counts, name="casualties")
    async def casualties(errands: AsyncIterable[_Job]) -> None:
        async for errand in errands:
            errand.run(_fold_counts)

    @app.agent(views, name="ceasefires")
    async def ceasefires(errands: AsyncIterable[_Job]) -> None:
        async for errand in errands:
            errand.run(_fold_ceasefires)

    return [AgentStage(counts, "casualties"), AgentStage(views, "ceasefires", concerned=_concerns_ceasefires)]


def _fold_counts(batch: AgentBatch) -> None:
    batch.fold_counts()


def _concerns_ceasefires(batch: AgentBatch) -> bool:
    return batch.concerns_ceasefires()


def _fold_ceasefires(batch: AgentBatch) -> None:
    batch.fold_ceasefires()
