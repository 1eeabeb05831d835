"""Bounded memoization of a pure function; the cache is cleared when full."""

from collections.abc import Callable
from typing import Generic, TypeVar

Argument = TypeVar("Argument")
Result = TypeVar("Result")


class Memo(Generic[Argument, Result]):
    """The results of a pure function, by argument.

    It is no dictionary subclass: `__missing__` makes a lookup four times as slow.
    """

    def __init__(self, function: Callable[[Argument], Result], max_entries: int) -> None:
        self._function = function
        self._max_entries = max_entries
        self._results: dict[Argument, Result] = {}

    def get(self, argument: Argument) -> Result:
        """Return the function's result, which is never None; raises what the function raises."""
        result = self._results.get(argument)
        return self._compute(argument) if result is None else result

    def _compute(self, argument: Argument) -> Result:
        result = self._function(argument)
        if len(self._results) >= self._max_entries:
            self._results.clear()
        self._results[argument] = result
        return result
