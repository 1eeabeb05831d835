"""Retries with a growing wait: the one back-off of the clients of Kafka."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential

__all__ = ["backoff_s", "retry_forever"]

_Answer = TypeVar("_Answer")


def backoff_s(failures: int, first_s: float, max_s: float) -> float:
    """Return the wait after a number of failures in a row, the first being 1; it doubles each time."""
    return min(max_s, first_s * 2.0 ** min(failures - 1, 30))


async def retry_forever(
    work: Callable[[], Awaitable[_Answer]],
    *,
    first_s: float,
    max_s: float,
    failed: Callable[[Exception, float], object],
    retriable: Callable[[Exception], bool] = lambda _: True,
) -> _Answer:
    """Call until it succeeds, with growing waits, and return the answer.

    `failed` is called with each error and the wait that follows. Raises an error that is not `retriable`.
    """

    def before_sleep(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, Exception) and state.next_action is not None:
            failed(error, state.next_action.sleep)

    async def attempt() -> _Answer:
        # tenacity awaits what `async def` made and nothing else: not a lambda that returns a coroutine.
        return await work()

    retrying = AsyncRetrying(
        # CancelledError and its like are no Exceptions.
        retry=retry_if_exception(lambda error: isinstance(error, Exception) and retriable(error)),
        wait=wait_exponential(multiplier=first_s, max=max_s),
        before_sleep=before_sleep,
        reraise=True,
    )
    return await retrying(attempt)
