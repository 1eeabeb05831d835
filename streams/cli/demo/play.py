"""Play the story: send each report over HTTP, show each change as it is published."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx2
from rich.console import Console
from rich.live import Live
from rich.text import Text

from streams.cli.demo.dashboard import Dashboard, change_line
from streams.cli.demo.servers import DemoServer, DemoServerFailed
from streams.cli.demo.story import EPISODE, StoryLine, story
from streams.cli.render.picture import picture_tables
from streams.core.phrases import Names
from streams.files.atlas import default_atlas
from streams.files.source_registry import default_sources

__all__ = ["play", "watch"]

TITLE = "Armenia and Azerbaijan, 13 to 15 September 2022"
#: Pause after each report, on a terminal.
SCENE_S = 2.0
#: The changes of a report are complete after this long without another.
SETTLED_S = 0.4
ANSWER_S = 20.0
POLL_S = 0.05


def play(stage: DemoServer, console: Console) -> None:
    """Play the whole story: a live table on a terminal, otherwise one line a change. Raises DemoServerFailed."""
    scenes = list(story())
    board = Dashboard(TITLE)
    board.times = scenes[0].times
    with httpx2.Client(base_url=stage.url, timeout=ANSWER_S) as client:
        if not console.is_terminal:

            def show(line: Text) -> None:
                console.print(line, soft_wrap=True)

            for scene in scenes:
                _play_report(stage, client, scene, board, refresh=_nothing, show=show)
            if board.picture is not None:
                names = Names(default_atlas(), default_sources())
                console.print()
                console.print(picture_tables(EPISODE, board.picture, replace(board.times, year=True), names))
            return
        with Live(board, console=console, auto_refresh=False) as live:
            for number, scene in enumerate(scenes, 1):
                at = scene.times(scene.report["published_at"])
                board.now = f"{at}, report {number} of {len(scenes)}: {scene.words}"
                _play_report(stage, client, scene, board, refresh=live.refresh, show=_nothing)
                time.sleep(SCENE_S)
            board.now = "End of the story."
            live.refresh()


def watch(stage: DemoServer, console: Console) -> None:
    """Print each further change until Ctrl-C."""
    times = next(story()).times
    while True:
        for change in stage.changes():
            console.print(change_line(change, times), soft_wrap=True)
        time.sleep(SETTLED_S)


def _nothing(_line: Text | None = None) -> None:
    """Show nothing."""


def _play_report(
    stage: DemoServer,
    client: httpx2.Client,
    scene: StoryLine,
    board: Dashboard,
    *,
    refresh: Callable[[], None],
    show: Callable[[Text], None],
) -> None:
    refresh()
    answer = client.post("/reports", content=scene.value, headers={"Content-Type": "application/json"})
    if answer.status_code != httpx2.codes.ACCEPTED:
        raise DemoServerFailed(f"the server rejected a report: {answer.text}")
    settled_at = time.monotonic() + SETTLED_S
    while time.monotonic() < settled_at:
        for change in stage.changes():
            board.take(change)
            show(change_line(change, board.times))
            settled_at = time.monotonic() + SETTLED_S
        time.sleep(POLL_S)
    board.picture = _picture(client, answer.json()["offset"])
    refresh()


def _picture(client: httpx2.Client, offset: int) -> dict[str, Any]:
    """Return the episode's picture once it shows the report at `offset`: on Kafka that can take a second."""
    give_up_at = time.monotonic() + ANSWER_S
    while True:
        answer = client.get(f"/episodes/{EPISODE}")
        picture: dict[str, Any] = answer.json()
        if answer.status_code == httpx2.codes.OK and picture["through"]["offset"] >= offset:
            return picture
        if time.monotonic() > give_up_at:
            raise DemoServerFailed(f"no picture within {ANSWER_S:.0f} s: {answer.text[:500]}")
        time.sleep(POLL_S)
