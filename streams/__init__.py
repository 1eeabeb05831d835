"""Reports about an armed conflict in, running casualty counts and ceasefire status out.

import streams

for change in streams.replay("reports.jsonl", sources="sources.yaml"):
    print(change.topic, change.record["change_id"])

`replay`, `show` and `diff` are the Python interface, with the types that they return; all else may change.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streams.operations.replay.replay import Change, Replay, diff, replay, show

__all__ = ["Change", "Replay", "__version__", "diff", "replay", "show"]

__version__ = "0.2.0"


def __getattr__(name: str) -> Any:
    # Loaded on first use: `truceline --help` needs none of it.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("streams.operations.replay.replay"), name)
