"""Several workers, each a process of its own: a fold is one event loop, and so one core.

The parent listens on all ports, starts the workers and waits; Kafka shares the partitions out, as among any workers.
They begin and end together: when one has ended by itself the others are told to.
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

#: How long a worker may take to end when its parent is gone.
GRACE_S = 60.0
_WAKING = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)

_log = structlog.get_logger(__name__)


def serve(settings: Settings) -> NoReturn:
    """Run `settings.processes` workers until told to stop (SIGTERM, SIGINT), or until one ends by itself.

    Exits with 0, or with the code of the worker that ended first, 128 and the signal's number for a signal, 1 for one
    that had ended in good order. Raises OSError where an address to listen on is taken, and what `worker.create_app`
    raises, before any of them is started.
    """
    faust_app.create_app(settings)  # what is wrong with the settings is said once
    listeners = _listeners(settings)
    # From here on signals wait until asked for; the workers inherit that, and take them once they can end well.
    # What `multiprocessing` keeps beside them comes first, for Python 3.11 lets signals through as it starts that.
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
    raise SystemExit(0 if failed is None else _say(started.index(failed), failed))


def end_with_parent() -> None:
    """Have this process told to stop when its parent is gone, however that ended; SIGKILL where it does not heed it."""
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
    # Spawned, not forked: a copy of a process with threads and locks is none to begin with.
    process = multiprocessing.get_context("spawn").Process(target=_work, args=(settings, number, listener))
    process.start()
    _log.info("a worker process is started", process=number, pid=process.pid, url=url_of(listener))
    listener.close()
    return process


def _work(settings: Settings, number: int, listener: socket.socket) -> NoReturn:
    end_with_parent()
    structlog.contextvars.bind_contextvars(process=number)
    log_config.configure(settings.log_format, settings.log_level)
    faust_app.serve(settings.model_copy(update={"processes": 1}), listener)


def _first_to_end(started: list[SpawnProcess]) -> SpawnProcess | None:
    """Return the worker that has ended by itself; None once SIGTERM or SIGINT comes."""
    while signal.sigwait(_WAKING) == signal.SIGCHLD:
        for process in started:
            if not process.is_alive():
                return process
    return None


def _say(number: int, failed: SpawnProcess) -> int:
    """Say which worker has ended or failed, and return the code to exit with."""
    # One that was told to end, alone, ends with 0: not so the command, or no supervisor would start it again.
    code = failed.exitcode or 1
    code = 128 - code if code < 0 else code
    says = (
        "a worker process has ended, and so all have: its own lines above say why (a code over 128 is 128 and the"
        " number of a signal; 137 is one that was killed, perhaps for want of memory). Start the command again"
    )
    _log.error(says, process=number, pid=failed.pid, exit_code=code)
    return code
