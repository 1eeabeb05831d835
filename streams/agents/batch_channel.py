"""An in-memory channel that is independent of Faust's own consumer group.

The queues of `app.channel()` share the app's flow control: they are blocked until Faust's group has joined, and cleared
at each of its rebalances.
"""

from typing import Any

from faust.channels import Channel
from mode.utils.queues import FlowControlEvent, ThrowableQueue

__all__ = ["BatchChannel"]

#: Processing waits for each batch it puts, so a partition has at most one in the queue.
QUEUE_BATCHES = 1024


class BatchChannel(Channel[Any]):
    """A channel for `put` of plain objects; never `send` or `ask`, which make events of a generation."""

    @property
    def queue(self) -> ThrowableQueue[Any]:
        """The queue of this subscriber, with its own flow control."""
        if self._queue is None:
            flow = FlowControlEvent(initially_suspended=False)
            self._queue = ThrowableQueue(maxsize=QUEUE_BATCHES, flow_control=flow)
        return self._queue
