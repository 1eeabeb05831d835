"""streams.kafka.retry: work is awaited, and tried again until it succeeds."""

import asyncio

import pytest

from streams.kafka.retry import backoff_s, retry_forever


class Work:
    """Work that fails a number of times, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    async def run(self) -> str:
        await asyncio.sleep(0)
        if self.errors:
            raise self.errors.pop(0)
        return "done"


async def retried(work: Work) -> tuple[str, list[tuple[str, float]]]:
    failures: list[tuple[str, float]] = []
    answer = await retry_forever(
        lambda: work.run(),  # noqa: PLW0108 - a lambda is what tenacity does not take for a coroutine function
        first_s=0.001,
        max_s=0.002,
        failed=lambda error, wait_s: failures.append((str(error), wait_s)),
        retriable=lambda error: not isinstance(error, LookupError),
    )
    return answer, failures


async def test_the_coroutine_of_a_lambda_is_awaited() -> None:
    assert await retried(Work()) == ("done", [])


async def test_failures_are_tried_again_with_growing_waits() -> None:
    work = Work(OSError("1"), OSError("2"), OSError("3"))
    assert await retried(work) == ("done", [("1", 0.001), ("2", 0.002), ("3", 0.002)])


async def test_an_error_that_no_retry_fixes_is_raised() -> None:
    with pytest.raises(LookupError):
        await retried(Work(OSError("1"), LookupError("2")))


def test_the_wait_doubles_up_to_its_limit() -> None:
    assert [backoff_s(failures, 0.5, 3.0) for failures in (1, 2, 3, 4, 9)] == [0.5, 1.0, 2.0, 3.0, 3.0]
