"""A worker that writes all of its transactions but the last word of one: `python -m tests.desk.dying_worker`.

After DIES_AFTER_COMMITS commits of the whole process the next transaction is written, never committed, and the
process says so by making the file DIES_SAYING. Whoever started it then kills it.
"""

import asyncio
import os
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from streams.app import serve
from streams.settings import load

committed = 0
commit = AIOKafkaProducer.commit_transaction


async def commit_or_hang(producer: Any) -> None:
    global committed  # noqa: PLW0603 - one process, one count
    if committed >= int(os.environ["DIES_AFTER_COMMITS"]):
        Path(os.environ["DIES_SAYING"]).touch()  # noqa: ASYNC240 - it is about to hang anyway
        await asyncio.Event().wait()
    committed += 1
    await commit(producer)


if __name__ == "__main__":
    AIOKafkaProducer.commit_transaction = commit_or_hang
    serve(load())
