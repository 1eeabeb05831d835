"""A worker that stops dead at a chosen moment and says so: `python -m tests.support.workers.dying`.

DIES_AT is `commit` (all of a transaction is written, and its end never asked for), `answer` (the broker has ended it,
and the worker never takes that in) or `restore` (in the middle of a ledger); DIES_AFTER, how often that may pass
before. It makes the file DIES_SAYING and hangs, its heartbeats too; its parent then kills it.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.producer.sender import EndTxnHandler

from streams.core.ledger import Ledger
from streams.settings import load
from streams.worker import serve

MOMENTS: dict[str, tuple[type, str]] = {
    "commit": (AIOKafkaProducer, "commit_transaction"),
    "answer": (EndTxnHandler, "handle_response"),
    "restore": (Ledger, "load"),
}


def dying(call: Callable[..., Any], passes: int, saying: Path) -> Callable[..., Any]:
    """Return the call, which goes through so often and no more."""
    left = iter(range(passes))

    def call_or_die(*args: Any) -> Any:
        if next(left, None) is None:
            saying.touch()
            signal.pause()
        return call(*args)

    return call_or_die


if __name__ == "__main__":
    owner, name = MOMENTS[os.environ["DIES_AT"]]
    passes, saying = int(os.environ["DIES_AFTER"]), Path(os.environ["DIES_SAYING"])
    setattr(owner, name, dying(getattr(owner, name), passes, saying))
    serve(load())
