"""A rolling update as the Deployment does it: a new worker is ready before an old one is stopped."""

from __future__ import annotations

import asyncio
import json
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Self

from streams.operations.verify.verify import verify_now
from tests.support.kafka_log import create_topics, read, settings_for, until_processed
from tests.support.numbered_reports import report
from tests.support.waiting import LIMIT_S, eventually
from tests.support.worker_process import start_worker, wait_for_status

REPLACED = 2


class Sender:
    """Posts reports one after the other to workers that are in service, and counts those that were answered 202."""

    def __init__(self) -> None:
        self.ports: list[int] = []
        self.taken = 0
        self._posting: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._posting = asyncio.create_task(self._post_all())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._posting is not None
        self._posting.cancel()
        await asyncio.gather(self._posting, return_exceptions=True)

    async def more(self, count: int) -> None:
        """Return once `count` more reports are accepted."""
        wanted = self.taken + count
        await eventually(lambda: self.taken >= wanted, f"{count} more reports taken")

    async def _post_all(self) -> None:
        number = 0
        while True:
            number += 1
            value = report(number, f"e-{number % 7}").value or b""
            while not await asyncio.to_thread(self._post, value):
                await asyncio.sleep(0.05)
            self.taken += 1

    def _post(self, value: bytes) -> bool:
        for port in list(self.ports):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/reports", value, LIMIT_S) as answer:
                    return bool(answer.status == 202 and json.load(answer)["outcome"] == "logged")
            except (urllib.error.URLError, ConnectionError):
                continue
        return False


async def test_nothing_is_lost_and_nothing_counted_twice(kafka: str, prefix: str, tmp_path: Path) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 4)
    running: list[tuple[subprocess.Popen[bytes], int]] = []

    async def another(name: str) -> None:
        (tmp_path / name).mkdir()
        running.append(start_worker("truceline serve", tmp_path / name, kafka, prefix))
        await wait_for_status(running[-1][1], "/readyz", 200)

    try:
        await another("old")
        async with Sender() as sender:
            sender.ports.append(running[0][1])
            await sender.more(20)
            for number in range(REPLACED):
                await another(f"new {number}")
                sender.ports.append(running[-1][1])
                old, _ = running.pop(0)
                # A service takes a pod out of turn when it is stopped.
                sender.ports.pop(0)
                old.terminate()
                assert await asyncio.to_thread(old.wait, LIMIT_S) == 0
                await sender.more(20)
        await until_processed(settings)
    finally:
        for process, _ in running:
            process.terminate()
            process.wait(LIMIT_S)
    names = {json.loads(record.value)["party"] for record in await read(settings, "casualties", 4)}
    assert len(names) >= sender.taken, "each report names a party of its own"
    assert await asyncio.to_thread(verify_now, settings) == []
