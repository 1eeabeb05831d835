"""Cancelling tasks reliably: a single cancel can be lost."""

import asyncio
from collections.abc import Iterable
from typing import Any

__all__ = ["cancel"]

CANCEL_AGAIN_S = 2.0


async def cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until all have finished, with any result.

    It repeats the cancel: aiokafka's clients swallow one that arrives while they close, and so does asyncio's wait_for
    at its very end (Python 3.11).
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)
