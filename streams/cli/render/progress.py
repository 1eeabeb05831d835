"""Progress of a long run: a bar on a terminal, otherwise a line every few seconds."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from streams.files.jsonl import Lines

__all__ = ["Position", "progress", "reading"]

BAR_EVERY_S = 0.2
LINE_EVERY_S = 5.0


class Position(NamedTuple):
    """Progress: `done` of `total` (None: unknown) in any unit, with a text."""

    done: int
    total: int | None
    text: str


def reading(lines: Lines) -> Callable[[], Position]:
    """Return a function that returns how far some files are read."""
    return lambda: Position(lines.bytes_done, lines.bytes_total, f"{lines.path} line {lines.number:,}")


@contextmanager
def progress(position: Callable[[], Position], *, quiet: bool = False) -> Iterator[None]:
    """Show `position()` on standard error until the block ends.

    It is called from another thread, so that the work never stops to report.
    """
    if quiet:
        yield
        return
    over = threading.Event()
    draw = _bar if sys.stderr.isatty() else _lines
    thread = threading.Thread(target=draw, args=(position, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _bar(position: Callable[[], Position], over: threading.Event) -> None:
    columns = (
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
        task = bar.add_task("", total=None)
        while True:
            done, total, text = position()
            bar.update(task, completed=done, total=total, description=text, refresh=True)
            if over.wait(BAR_EVERY_S):
                return


def _lines(position: Callable[[], Position], over: threading.Event) -> None:
    began = time.monotonic()
    while not over.wait(LINE_EVERY_S):
        done, total, text = position()
        share = f"{100 * done // total} %, " if total else ""
        sys.stderr.write(f"{share}{text}, {time.monotonic() - began:.0f} s\n")
        sys.stderr.flush()
