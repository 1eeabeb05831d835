"""The same page over Kafka: a broker, a worker, and the story of the demo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager

import httpx2
import pytest
from playwright.sync_api import Page, expect

from streams.cli.demo.servers import DemoServer, on_kafka
from streams.cli.demo.story import EPISODE, story
from tests.support.waiting import LIMIT_S
from tests.support.worker_process import free_port


@contextmanager
def elsewhere(stage: AbstractContextManager[DemoServer]) -> Iterator[DemoServer]:
    """Enter and leave in a thread of its own: the browser's loop runs in this one."""
    with ThreadPoolExecutor(1) as pool:
        entered = pool.submit(stage.__enter__).result()
        try:
            yield entered
        finally:
            pool.submit(stage.__exit__, None, None, None).result()


def test_page_over_kafka_is_live_and_shows_the_past(
    kafka: str, monkeypatch: pytest.MonkeyPatch, visit: Callable[..., Page]
) -> None:
    """The page shows the changes a worker commits, live, and rebuilds past states from the log."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka)
    with elsewhere(on_kafka(free_port(), lambda _words: None)) as stage:
        page = visit(f"{stage.url}/#/{EPISODE}", expected="404")
        expect(page.get_by_text("has come in yet")).to_be_visible()
        for scene in story():
            assert httpx2.post(f"{stage.url}/reports", content=scene.value, timeout=LIMIT_S).status_code == 202
        # A picture is at most a second behind the changes that it shows.
        expect(page.locator(".total")).to_have_text("176 = 105 Armenia + 71 Azerbaijan")
        expect(page.locator(".derived li")).to_be_visible()
        expect(page.locator("#connection")).to_have_text("Connected")
        page.reload()
        expect(page.locator(".state")).to_contain_text("10 changes")
        page.get_by_role("slider").press("Home")
        expect(page.locator(".past-notice")).to_contain_text("This is what was known on 13 Sep 2022 16:00 UTC")
        expect(page.get_by_text("No casualty figure is reported.")).to_be_visible()
