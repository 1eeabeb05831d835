"""Ending tasks for certain: a cancel can be lost."""

import asyncio
from collections.abc import Iterable
from typing import Any

__all__ = ["cancel"]

CANCEL_AGAIN_S = 2.0


async def cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and return once they have ended, whatever with.

    More than once where need be: aiokafka's clients swallow a cancel that meets their closing, and so does
    asyncio's wait_for at its very end (Python 3.11).
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)
