"""Several workers, each in a process of its own, because one event loop uses one core.

The parent listens on all ports, starts the workers and waits; Kafka assigns the partitions, as among any workers.
They start and end together: when one ends by itself, the others are stopped.
"""

import errno
import multiprocessing
import os
import signal
import socket
import threading
import time
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnProcess
from typing import NoReturn

import structlog

from streams.observability import log_config
from streams.settings import Settings
from streams.web.server import listen, url_of
from streams.worker import faust_app

__all__ = ["end_with_parent", "serve"]

#: Time for a worker to end after its parent.
GRACE_S = 60.0
_WAKING = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)

_log = structlog.get_logger(__name__)


def serve(settings: Settings) -> NoReturn:
    """Run `settings.processes` workers until SIGTERM or SIGINT, or until one ends by itself.

    Exits with 0, or with the code of the worker that ended first: 128 plus the number of a signal, 1 instead of 0.
    Raises OSError if an address to listen on is taken, and what `worker.create_app` raises, before any is started.
    """
    faust_app.create_app(settings)  # a fault of the settings is reported once
    listeners = _listeners(settings)
    # From here on signals are blocked; the workers inherit that, and unblock them once they can stop cleanly.
    # The resource tracker of `multiprocessing` comes first: Python 3.11 unblocks signals while it starts it.
    resource_tracker.ensure_running()
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.pthread_sigmask(signal.SIG_BLOCK, _WAKING)
    started: list[SpawnProcess] = []
    try:
        for listener in listeners:
            started.append(_start(settings, len(started), listener))
        ended = _first_to_end(started)
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.join()
    failed = ended or next((process for process in started if process.exitcode), None)
    raise SystemExit(0 if failed is None else _log_end(started.index(failed), failed))


def end_with_parent() -> None:
    """Send SIGTERM to this process when its parent ends, and SIGKILL if it does not stop in time."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "it was started by `multiprocessing`"  # noqa: S101

    def watch() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_S)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _listeners(settings: Settings) -> list[socket.socket]:
    first = settings.http_port
    try:
        return [listen(settings.http_host, first and first + number) for number in range(settings.processes)]
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        advice = f"set TRUCELINE_HTTP_PORT to the first of {settings.processes} free ports, one for each process"
        raise OSError(error.errno, f"{error.strerror}; {advice}") from error


def _start(settings: Settings, number: int, listener: socket.socket) -> SpawnProcess:
    # Spawned, not forked: a fork copies locks that other threads hold.
    process = multiprocessing.get_context("spawn").Process(target=_work, args=(settings, number, listener))
    process.start()
    _log.info("worker_process_started", process=number, pid=process.pid, url=url_of(listener))
    listener.close()
    return process


def _work(settings: Settings, number: int, listener: socket.socket) -> NoReturn:
    end_with_parent()
    structlog.contextvars.bind_contextvars(process=number)
    log_config.configure(settings.log_format, settings.log_level)
    faust_app.serve(settings.model_copy(update={"processes": 1}), listener)


def _first_to_end(started: list[SpawnProcess]) -> SpawnProcess | None:
    """Return the worker that ended by itself; None on SIGTERM or SIGINT."""
    while signal.sigwait(_WAKING) == signal.SIGCHLD:
        for process in started:
            if not process.is_alive():
                return process
    return None


def _log_end(number: int, failed: SpawnProcess) -> int:
    """Log which worker ended or failed, and return the exit code of the command."""
    # A single worker that was stopped ends with 0; the command must not, or no supervisor would start it again.
    code = failed.exitcode or 1
    code = 128 - code if code < 0 else code
    advice = (
        "all workers were stopped; the lines of this process above say why it ended. A code over 128 is 128 plus the"
        " number of a signal; 137 was killed, perhaps for lack of memory. Start the command again"
    )
    _log.error("worker_process_ended", process=number, pid=failed.pid, exit_code=code, advice=advice)
    return code
