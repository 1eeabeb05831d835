"""Trying again: an agent that raises loses the event it was at, since Faust takes it for done."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog
from aiokafka.errors import MessageSizeTooLargeError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential

__all__ = ["retry_forever"]

PAUSE_MOST_S = 10.0

_log = structlog.get_logger(__name__)
_Answer = TypeVar("_Answer")


async def retry_forever(function: Callable[..., Awaitable[_Answer]], *arguments: Any) -> _Answer:
    """Call until it comes about, with growing pauses, and return its answer.

    Raises MessageSizeTooLargeError, which no other try would mend.
    """
    retrying = AsyncRetrying(
        retry=retry_if_exception(_may_pass), wait=wait_exponential(max=PAUSE_MOST_S), before_sleep=_note, reraise=True
    )
    return await retrying(function, *arguments)


def _may_pass(error: BaseException) -> bool:
    # CancelledError and the like are no Exceptions.
    return isinstance(error, Exception) and not isinstance(error, MessageSizeTooLargeError)


def _note(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    _log.warning("alerts wait for Kafka", reason=f"{type(error).__name__}: {error}", tries=state.attempt_number)
