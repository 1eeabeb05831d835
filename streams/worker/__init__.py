"""The worker: one process that holds the web, the desk and the Faust agents.

`truceline serve` runs it by `serve`; `faust -A streams.worker worker` finds `app`, made of the environment's settings.
"""

from typing import Any

from streams.worker.faust_app import TrucelineApp, create_app, serve

__all__ = ["TrucelineApp", "create_app", "serve"]


def __getattr__(name: str) -> Any:
    # Made when asked for, not when imported: its settings come from the environment.
    if name != "app":
        raise AttributeError(name)
    made = globals()["app"] = create_app()
    return made
