"""What was worked out before, by what it was worked out from: a memory that does not grow for ever."""

from collections.abc import Callable
from typing import Generic, TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


class Memo(Generic[Given, Made]):
    """A function's results, for a function that tells nothing but its argument; when it is full, it begins anew.

    It is no dictionary itself: one that makes what it lacks is searched four times as slowly.
    """

    def __init__(self, function: Callable[[Given], Made], most: int) -> None:
        """Take the function, which never returns None, and how many results are kept."""
        self._function = function
        self._most = most
        self._made: dict[Given, Made] = {}

    def of(self, given: Given) -> Made:
        """Return the function's result; raises what that raises."""
        made = self._made.get(given)
        return self._make(given) if made is None else made

    def _make(self, given: Given) -> Made:
        made = self._function(given)
        if len(self._made) >= self._most:
            self._made.clear()
        self._made[given] = made
        return made
