"""An in-memory channel that Faust's own consumer group has no say in.

The queues of `app.channel()` share the app's flow control: they are blocked until Faust's group has joined,
and emptied at each of its rebalances, whatever lies in them.
"""

from typing import Any

from faust.channels import Channel
from mode.utils.queues import FlowControlEvent, ThrowableQueue

__all__ = ["BatchChannel"]

#: The desk waits for each batch it has put, so a partition has one in here at most.
QUEUE_BATCHES = 1024


class BatchChannel(Channel[Any]):
    """A channel for `put` of plain objects; never `send` or `ask`, which make events of a generation."""

    @property
    def queue(self) -> ThrowableQueue[Any]:
        """The queue of this subscriber, with a flow control of its own."""
        if self._queue is None:
            flow = FlowControlEvent(initially_suspended=False)
            self._queue = ThrowableQueue(maxsize=QUEUE_BATCHES, flow_control=flow)
        return self._queue
