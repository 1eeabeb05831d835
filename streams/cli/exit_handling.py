"""Exit codes, messages and no half-written file for commands that read and write files."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import typer

from streams.cli import errors

if TYPE_CHECKING:
    from collections.abc import Iterator


class QuickExit(typer.Exit):
    """An exit that keeps an object alive, so that the process ends without freeing it piece by piece.

    To free a ledger of millions of reports would keep the shell waiting for seconds.
    """

    def __init__(self, code: int, kept: object) -> None:
        super().__init__(code)
        self.kept = kept


def end_process(code: int) -> NoReturn:
    """End this process at once, with everything that was printed."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        pass
    os._exit(code)


@contextmanager
def command_exit(stopped: str) -> Iterator[None]:
    """Turn whatever ends the work into the exit code that a shell expects (contract section 7).

    - Ctrl-C prints `stopped` and ends with 130; SIGTERM ends with 143. Both come as exceptions, so that half-written
      files are removed (`streams.files.atomic_output`).
    - A closed reader of standard output, as after `| head`, ends it quietly with 141.
    - An input that is missing or breaks off, and an output that cannot be written (any other OSError), end with 74
      and a message.
    """
    from streams.files import jsonl

    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
        sys.stdout.flush()
    except KeyboardInterrupt:
        typer.echo(f"truceline: {stopped}", err=True)
        raise typer.Exit(128 + signal.SIGINT) from None
    except BrokenPipeError:
        # Python would complain when it exits of what is still in the buffer: it is thrown away.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(128 + signal.SIGPIPE) from None
    except jsonl.InputUnreadable as error:
        raise errors.InputFailed(str(error)) from error
    except OSError as error:
        raise errors.InputFailed(
            f"{error.filename or 'standard output'} cannot be written: {error.strerror}"
        ) from error
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)
