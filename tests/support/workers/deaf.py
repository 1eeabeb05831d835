"""A process with a worker that ignores SIGTERM; prints its process id and waits."""

import multiprocessing
import signal

from streams.worker import supervisor


def deaf() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    supervisor.GRACE_S = 0.1
    supervisor.end_with_parent()
    while True:
        signal.pause()


if __name__ == "__main__":
    worker = multiprocessing.get_context("spawn").Process(target=deaf)
    worker.start()
    print(worker.pid, flush=True)  # noqa: T201 - its parent reads it
    worker.join()
