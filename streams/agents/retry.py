"""Retries for agents: an agent that raises loses its event, since Faust takes it as processed."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog
from aiokafka.errors import MessageSizeTooLargeError

from streams.kafka import retry

__all__ = ["retry_forever"]

RETRY_FIRST_S = 1.0
RETRY_MAX_S = 10.0

_log = structlog.get_logger(__name__)
_Answer = TypeVar("_Answer")


async def retry_forever(function: Callable[..., Awaitable[_Answer]], *arguments: Any) -> _Answer:
    """Call until it succeeds, with growing waits, and return the answer.

    Raises MessageSizeTooLargeError, which a retry does not fix.
    """
    return await retry.retry_forever(
        lambda: function(*arguments),
        first_s=RETRY_FIRST_S,
        max_s=RETRY_MAX_S,
        failed=_failed,
        retriable=lambda error: not isinstance(error, MessageSizeTooLargeError),
    )


def _failed(error: Exception, wait_s: float) -> None:
    _log.warning("alerts_retrying", reason=f"{type(error).__name__}: {error}", retry_in_s=wait_s)
