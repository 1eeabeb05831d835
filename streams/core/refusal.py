"""A refused record: its code, and every fault of it by path (contract section 2)."""

from collections.abc import Iterable
from typing import Final, NamedTuple

__all__ = ["MAX_FAULTS", "Fault", "Refusal", "invalid"]

#: The most faults that a message lists.
MAX_FAULTS: Final = 20


class Fault(NamedTuple):
    """One thing wrong with a record: the field's path, as in `claims[0].count.best`, and the rule it breaks."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path or 'report'}: {self.reason}"


class Refusal(Exception):
    """A record that is not accepted: one of the contract's codes, a message, and for `invalid` all faults."""

    def __init__(self, code: str, message: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.faults = faults


def invalid(faults: Iterable[Fault]) -> Refusal:
    """Return the Refusal `invalid` with these faults; its message lists them."""
    every = tuple(faults)
    listed = [str(fault) for fault in every[:MAX_FAULTS]]
    if len(every) > MAX_FAULTS:
        listed.append(f"and {len(every) - MAX_FAULTS} more")
    return Refusal("invalid", "; ".join(listed), every)
