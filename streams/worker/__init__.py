"""The worker: one process with the HTTP server, the processing of reports and the Faust agents.

`truceline serve` runs it by `serve`; `faust -A streams.worker worker` finds `app`.
"""

from typing import Any

from streams.worker.faust_app import TrucelineApp, create_app, serve

__all__ = ["TrucelineApp", "create_app", "serve"]


def __getattr__(name: str) -> Any:
    # Made on first use, not on import: its settings come from the environment.
    if name != "app":
        raise AttributeError(name)
    made = globals()["app"] = create_app()
    return made
