"""Waits for an event, under one limit for all tests.

The limit is generous: a test waits only as long as the event takes, and it must pass on a machine with other work.
`TEST_LIMIT_S` in the environment sets another limit.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

__all__ = ["LIMIT_S", "eventually", "eventually_equal", "eventually_sync"]

T = TypeVar("T")

#: Seconds until a wait fails.
LIMIT_S = float(os.environ.get("TEST_LIMIT_S", "120"))
#: Seconds between two looks.
POLL_S = 0.05


@overload
async def eventually(
    predicate: Callable[[], Awaitable[T]], what: str = ..., *, limit_s: float = ..., poll_s: float = ...
) -> T: ...
@overload
async def eventually(
    predicate: Callable[[], T], what: str = ..., *, limit_s: float = ..., poll_s: float = ...
) -> T: ...
async def eventually(
    predicate: Callable[[], object], what: str = "", *, limit_s: float = LIMIT_S, poll_s: float = POLL_S
) -> object:
    """Return the first true value of a predicate. Raises AssertionError with `what` at the limit."""
    give_up_at = time.monotonic() + limit_s
    while not (value := await _value(predicate)):
        assert time.monotonic() < give_up_at, _never(what, predicate, value, limit_s)
        await asyncio.sleep(poll_s)
    return value


async def eventually_equal(
    look: Callable[[], object], wanted: object, *, limit_s: float = LIMIT_S, poll_s: float = POLL_S
) -> None:
    """Return once a value is as wanted. Raises AssertionError with the last value at the limit."""
    give_up_at = time.monotonic() + limit_s
    while (value := await _value(look)) != wanted:
        assert time.monotonic() < give_up_at, f"after {limit_s:g} s still {value}, not {wanted}"
        await asyncio.sleep(poll_s)


def eventually_sync(
    predicate: Callable[[], T], what: str = "", *, limit_s: float = LIMIT_S, poll_s: float = POLL_S
) -> T:
    """Return the first true value of a predicate, outside an event loop. Raises AssertionError at the limit."""
    give_up_at = time.monotonic() + limit_s
    while not (value := predicate()):
        assert time.monotonic() < give_up_at, _never(what, predicate, value, limit_s)
        time.sleep(poll_s)
    return value


async def _value(look: Callable[[], object]) -> object:
    value = look()
    return await value if inspect.isawaitable(value) else value


def _never(what: str, predicate: Callable[[], object], value: object, limit_s: float) -> str:
    return f"not within {limit_s:g} s: {what or predicate}; last value: {value!r}"
