"""Faults on demand: every function the core calls, its own and those it imports by name, may raise at its n-th call."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import streams.core

# The modules of a fold, without reading a record, explaining and storing.
FOLDING = (
    *("ceasefires.timer_queue", "ceasefires.transitions", "ceasefires.view", "change_records", "counts.cell"),
    *("counts.disputes", "folds.ceasefires", "folds.counts", "folds.statements", "ledger", "source_registry"),
    *("state.episode", "state.horizon_queue", "state.step", "times"),
)


class Fault(Exception):
    """Raised on demand, and by nothing else."""


class Faults:
    """Raises once, at the `at`-th call after `arm`; counts calls all the time."""

    def __init__(self) -> None:
        self.calls = 0
        self.at = 0

    def arm(self, at: int) -> None:
        self.calls, self.at = 0, at

    def disarm(self) -> None:
        self.at = 0

    def call(self, name: str) -> None:
        self.calls += 1
        if self.calls == self.at:
            self.at = 0
            raise Fault(name)

    def before(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapped(*args: Any, **options: Any) -> Any:
            self.call(name)
            return function(*args, **options)

        return wrapped


def _modules() -> Iterator[ModuleType]:
    root = f"{streams.core.__name__}."
    names = {found.name.removeprefix(root) for found in pkgutil.walk_packages(streams.core.__path__, root)}
    for name in FOLDING:
        assert name in names, f"streams.core.{name} is gone: which modules does a fold go through now?"
        yield importlib.import_module(f"streams.core.{name}")


def _callables(module: ModuleType) -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    """(owner, name, function) of all functions of a module, of its classes, and of those it imports by name."""
    for name, value in list(vars(module).items()):
        if inspect.isfunction(value) or inspect.isbuiltin(value):
            yield module, name, value
        elif inspect.isclass(value) and value.__module__ == module.__name__ and not issubclass(value, (tuple, str)):
            for method, function in list(vars(value).items()):
                if inspect.isfunction(function):
                    yield value, method, function


@contextmanager
def faults() -> Iterator[Faults]:
    """While it lasts, the core calls through the `Faults` it yields."""
    switch = Faults()
    replaced = []
    try:
        for module in _modules():
            for owner, name, function in _callables(module):
                setattr(owner, name, switch.before(f"{module.__name__}.{name}", function))
                replaced.append((owner, name, function))
        yield switch
    finally:
        for owner, name, function in reversed(replaced):
            setattr(owner, name, function)
