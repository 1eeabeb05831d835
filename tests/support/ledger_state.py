"""Everything that a ledger keeps, in a form that can be compared: after an undo or a restart it must be the same."""

from __future__ import annotations

from typing import Any

from streams.core.ledger import Ledger
from tests.support.class_fields import fields_of

# Heaps that may name the departed: what is settled next, what is waited for next; and what was written of the rest.
NOT_COMPARED = frozenset({"horizon_queue", "_heap", "_json"})


def whole_state(ledger: Ledger) -> Any:
    """All episodes of a ledger, down to the last sum."""
    return [_plain(ledger.episode(name)) for name in ledger.episodes()]


def _plain(kept: Any) -> Any:
    if isinstance(kept, dict):
        return sorted([repr(key), _plain(inner)] for key, inner in kept.items())
    if isinstance(kept, list | tuple):
        return [_plain(each) for each in kept]
    if fields := fields_of(type(kept)):
        return {name: _plain(getattr(kept, name)) for name in fields if name not in NOT_COMPARED}
    return repr(kept)
