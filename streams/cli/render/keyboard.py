"""Single keys from a terminal, and Ctrl-Z, while the event loop runs."""

import asyncio
import os
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["keys", "stopping"]


@contextmanager
def keys(pressed: Callable[[str], object]) -> Iterator[bool]:
    """Call `pressed` with each key, with no Enter, until the block ends; on a running event loop.

    Does nothing and yields False if standard input is no terminal or the process is in the background. Ctrl-C and
    Ctrl-Z work as usual; after `fg` the keys are read again.
    """
    descriptor = _terminal()
    if descriptor is None:
        yield False
        return
    loop = asyncio.get_running_loop()
    before = termios.tcgetattr(descriptor)

    def read() -> None:
        if not _is_ours(descriptor):
            loop.remove_reader(descriptor)  # a read now would stop this process
            return
        for key in os.read(descriptor, 64).decode("ascii", "ignore"):
            pressed(key)

    def listen() -> None:
        if _is_ours(descriptor):
            tty.setcbreak(descriptor, termios.TCSADRAIN)
            loop.add_reader(descriptor, read)

    listen()
    loop.add_signal_handler(signal.SIGCONT, listen)
    try:
        yield True
    finally:
        loop.remove_signal_handler(signal.SIGCONT)
        loop.remove_reader(descriptor)
        # In the background the terminal belongs to the shell; setting it would stop this process.
        if _is_ours(descriptor):
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


@contextmanager
def stopping(busy: Callable[[], bool]) -> Iterator[Callable[[], None]]:
    """Delay Ctrl-Z (SIGTSTP) while `busy`, so that nothing times out while the process is stopped.

    Yields a function to call when it is no longer busy. A second Ctrl-Z stops at once.
    """
    asked = False

    def stop() -> None:
        nonlocal asked
        asked = False
        os.kill(os.getpid(), signal.SIGSTOP)

    def ask() -> None:
        nonlocal asked
        if asked or not busy():
            stop()
        else:
            asked = True

    loop = asyncio.get_running_loop()
    if signal.getsignal(signal.SIGTSTP) is signal.SIG_IGN:  # started with no job control
        yield lambda: None
        return
    loop.add_signal_handler(signal.SIGTSTP, ask)
    try:
        yield lambda: stop() if asked else None
    finally:
        loop.remove_signal_handler(signal.SIGTSTP)


def _terminal() -> int | None:
    """Return standard input if it is a terminal in whose foreground this process is."""
    try:
        descriptor = sys.stdin.fileno()
    except (OSError, ValueError, AttributeError):  # closed or replaced
        return None
    return descriptor if _is_ours(descriptor) else None


def _is_ours(descriptor: int) -> bool:
    """Return whether this is a terminal with this process in its foreground."""
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return False
