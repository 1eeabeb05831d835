"""Rejected records on a terminal: a table of many, or one with its reason."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from streams.cli.render.text import IN_UTC
from streams.core.phrases import plain
from streams.stores.rejected import RejectedRecord

__all__ = ["reason_text", "rejected_table"]


def rejected_table(rejected: Sequence[RejectedRecord]) -> Table:
    """Return a table, one row a record, in which control characters cannot act on the terminal."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("origin", "on the log", "code", "episode", "reason"):
        table.add_column(name, no_wrap=name != "reason", overflow="ellipsis" if name == "episode" else "fold")
    for one in rejected:
        episode = "–" if one.episode is None else plain(one.episode)
        cells = (one.origin, IN_UTC(one.time), one.code, episode, plain(one.message))
        table.add_row(*map(Text, cells))
    return table


def reason_text(one: RejectedRecord) -> str:
    """Return the reason why one was rejected, and where it was on the log."""
    lines = [f"{one.origin}  {plain(one.code)}: {plain(one.message)}"]
    lines.append(
        f"  on the log {IN_UTC(one.time)}, key {'–' if one.key is None else plain(one.key.decode(errors='replace'))}"
    )
    if one.cut_from is not None:
        lines.append(f"  only {len(one.value):,} of its {one.cut_from:,} bytes fit into the topic")
    return "\n".join(lines)
