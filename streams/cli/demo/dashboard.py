"""The demo's panel: counts, totals, ceasefires, and what changed them."""

from collections import deque
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from streams.cli.demo.servers import ShownChange
from streams.cli.render.picture import ceasefires_text, cell_key, cells_table, totals_text
from streams.cli.render.text import Times, change_words
from streams.core.phrases import figure, plain

__all__ = ["Dashboard", "change_line"]

FEED_MOST = 12
FEED_LEAST = 3
#: Lines of the panel's border and the feed's heading, and one for the cursor.
BORDER_LINES = 4
BORDER_COLUMNS = 4


class Dashboard:
    """Collects pictures and changes, and shows them as one panel."""

    def __init__(self, title: str) -> None:
        """Begin with no picture and no change; `title` is the heading."""
        self.title = title
        self.now = ""
        self.times = Times()
        self.picture: dict[str, Any] | None = None
        self._last: dict[tuple[str, ...], str] = {}
        self._heard: dict[str, str] = {}
        self._feed: deque[ShownChange] = deque(maxlen=FEED_MOST)

    def take(self, change: ShownChange) -> None:
        """Add a published change."""
        topic, record = change
        if topic == "casualties":
            self._last[cell_key(record)] = f"{record['kind']}, {_step(record)}"
        if topic == "ceasefires" and record["view"] == "joint" and "source" in record["cause"]:
            cause = record["cause"]
            at = self.times(cause["published_at"])
            self._heard[record["ceasefire"]] = f"announced by {plain(cause['source'])} {at}"
        self._feed.append(change)

    def __rich_console__(self, console: Console, _options: ConsoleOptions) -> RenderResult:
        """Yield everything as one panel, no taller than the terminal where possible."""
        parts: list[RenderableType] = [Text(self.now, style="italic")]
        picture = self.picture
        if picture is not None and picture["cells"]:
            parts.append(cells_table(picture["cells"], self.times, self._last))
        if picture is not None:
            parts += [*totals_text(picture), *self._ceasefires(picture), ""]
        width = console.width - BORDER_COLUMNS
        above = len(console.render_lines(Group(*parts), console.options.update_width(width)))
        room = max(FEED_LEAST, console.height - above - BORDER_LINES)
        parts.append(_feed_table(list(self._feed)[-room:], self.times))
        yield Panel(Group(*parts), title=self.title, border_style="dim")

    def _ceasefires(self, picture: dict[str, Any]) -> list[Text]:
        lines = ceasefires_text(picture, self.times)
        for line, view in zip(lines, picture["ceasefires"], strict=True):
            if view["view"] == "joint" and view["ceasefire"] in self._heard:
                line.append(f"; {self._heard[view['ceasefire']]}", style="dim")
        return lines


def change_line(change: ShownChange, times: Times) -> Text:
    """Return a change in one line, with the time and source of its cause."""
    at, who, words = _columns(change, times)
    return Text.assemble((f"{at:<12}", "dim"), (f" {who}  ", "cyan"), words)


def _feed_table(feed: list[ShownChange], times: Times) -> Table:
    table = Table(
        box=None,
        expand=True,
        pad_edge=False,
        title="Changes: time, source, and what changed",
        title_justify="left",
    )
    table.title_style = "bold"
    table.show_header = False
    table.add_column(style="dim", no_wrap=True, min_width=12)
    table.add_column(style="cyan", no_wrap=True, min_width=14)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for change in feed:
        table.add_row(*(Text(words) for words in _columns(change, times)))
    return table


def _columns(change: ShownChange, times: Times) -> tuple[str, str, str]:
    cause = change.record["cause"]
    at = times(cause.get("published_at") or cause.get("tick"))
    return at, plain(cause.get("source") or "clock"), change_words(change.topic, change.record, times)


def _step(record: dict[str, Any]) -> str:
    if record["before"] is None or record["after"] is None:
        return figure(record["after"])
    return f"{record['delta']:+,}" if record["delta"] else f"{figure(record['before'])} → {figure(record['after'])}"
