"""How a command that reads and writes files ends when it cannot go on: a word, a code, and no half file."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from streams.cli import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What a command has filled the memory with; it goes with the process, as a whole (`streams.cli.main`).
SKIP_TEARDOWN: list[object] = []


@contextmanager
def command_exit(stopped: str) -> Iterator[None]:
    """Turn what may end the work into an exit code as a shell expects it (contract section 7).

    - Ctrl-C says `stopped` and ends with 130; SIGTERM ends with 143. Both come as exceptions, so that files half
      written go (`streams.files.atomic_output`).
    - A reader of standard output that has gone, as after `| head`, ends it quietly with 141.
    - An input that is not there or breaks off, and an output that cannot be written (any other OSError), end with 74
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
        # What is still in the buffer goes nowhere: Python would complain of it when it exits.
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
