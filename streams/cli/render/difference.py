"""Changes of an episode between two times, for people: a table on a terminal, or Markdown."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from streams.cli.render.explanation import cause_text, view_words
from streams.cli.render.text import IN_UTC, NO_NAMES, Times, change_words
from streams.core.phrases import Names, figure, kind, plain, status_phrase, subject
from streams.core.queries.as_of import EpisodeDifference

__all__ = ["difference_text", "markdown"]

Change = dict[str, Any]

#: More changes of one figure than this are cut on a terminal: the last, and every correction, are shown.
SHOWN_AT_MOST = 8

CORRECTIONS = {
    "withdrawn": "correction: a report was withdrawn",
    "revised": "correction: a report was revised",
    "lowered": "correction: a later figure is smaller",
}


class _Row(NamedTuple):
    what: str
    by: str
    before: str
    after: str
    changes: list[Change]


def difference_text(found: EpisodeDifference, times: Times = IN_UTC, names: Names = NO_NAMES) -> RenderableType:
    """Return the changes as a table, then the totals and the statements."""
    heading = f"{names.episode(found.episode)}, from {times(found.from_)} to {times(found.to)} {times.zone}"
    parts: list[RenderableType] = [Text(heading, style="bold")]
    rows = list(_rows(found, times, names))
    if rows:
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        table.add_column("what, and source", overflow="fold", max_width=34)
        table.add_column("before → after", overflow="fold", max_width=44)
        table.add_column("cause", overflow="fold")
        for row in rows:
            what = Text.assemble(row.what, (f"\n{row.by}", "dim"))
            table.add_row(
                what, Text.assemble((row.before, "dim"), "\n→ ", (row.after, "bold")), _why(row, times, names)
            )
        parts.append(table)
    parts += [Text(line) for line in _totals(found, names)]
    parts += [Text(line, overflow="fold") for line in _statements(found, times, names)]
    if len(parts) == 1:
        parts.append(Text("no changes"))
    return Group(*parts)


def markdown(found: EpisodeDifference, times: Times = IN_UTC, names: Names = NO_NAMES) -> Iterator[str]:
    """Yield the same as lines of Markdown, with every change and its address."""
    yield f"# {names.episode(found.episode)}, {times(found.from_)} to {times(found.to)} ({times.zone})\n\n"
    rows = list(_rows(found, times, names))
    if rows:
        yield f"| what | source | {times(found.from_)} | {times(found.to)} | cause |\n|---|---|---|---|---|\n"
    for row in rows:
        why = "<br>".join(_cell(_change_words(change, times, names), change) for change in row.changes)
        yield f"| {' | '.join(_escaped(cell) for cell in row[:4])} | {why} |\n"
    for line in [*_totals(found, names), *_statements(found, times, names)]:
        yield f"\n- {_escaped(line)}"
    if found.statements or found.totals:
        yield "\n"
    elif not rows:
        yield "No changes.\n"


def _rows(found: EpisodeDifference, times: Times, names: Names) -> Iterator[_Row]:
    for cell in found.cells:
        yield _Row(subject(cell, names), names.source(cell["source"]), *_sides(cell, figure), cell["changes"])
    for view in found.ceasefires:
        by = "all sources" if view["view"] == "joint" else names.source(view["view"].removeprefix("source:"))
        sides = _sides(view, lambda value: status_phrase(value, names, times))
        yield _Row(f"ceasefire {view['ceasefire']}", by, *sides, view["changes"])


def _sides(row: Change, words: Any) -> tuple[str, str]:
    """Return the values at both times; a dash before a first value, `withdrawn` where none is left."""
    before, after = row["before"], row["after"]
    return "–" if before is None else words(before), "withdrawn" if after is None else words(after)


def _why(row: _Row, times: Times, names: Names) -> Text:
    last = len(row.changes) - SHOWN_AT_MOST
    shown = [change for at, change in enumerate(row.changes) if at >= last or change["correction"]]
    why = Text(overflow="fold")
    if len(shown) < len(row.changes):
        why.append(f"{len(row.changes) - len(shown)} more, none of them a correction\n", style="dim")
    for at, change in enumerate(shown):
        why.append("\n" * bool(at) + _after_text(change, times, names), style="bold")
        if change["correction"]:
            why.append(f", {_corrected(change)}", style="yellow")
        why.append(": ").append_text(cause_text(change["cause"], times))
        if change["cause"].get("url"):
            why.append(f"\n{plain(change['cause']['url'])}", style="cyan")
    return why


def _change_words(change: Change, times: Times, names: Names) -> str:
    corrected = f", {_corrected(change)}" if change["correction"] else ""
    return f"{_after_text(change, times, names)}{corrected}: {cause_text(change['cause'], times).plain}"


def _corrected(change: Change) -> str:
    if "repeats" in change:
        return f"a repeat of the old total in {plain(change['repeats'])}, raised since"
    return CORRECTIONS[change["correction"]]


def _after_text(change: Change, times: Times, names: Names) -> str:
    """Return the count or view after a change."""
    if "kind" not in change:
        return view_words(change, times, names)
    return figure(change["after"]) if change["kind"] == "withdrawn" else f"{figure(change['after'])} ({change['kind']})"


def _totals(found: EpisodeDifference, names: Names) -> Iterator[str]:
    for total in found.totals:
        sides = [_total(total["before"], names), _total(total["after"], names)]
        yield f"self-reported by the parties, {kind(total)}: {' → '.join(sides)}"


def _total(total: Change | None, names: Names) -> str:
    if total is None:
        return "–"
    parts = " + ".join(f"{best:,} {names.party(party)}" for party, best in total["parts"].items())
    return f"{total['best']:,} = {parts}" if len(total["parts"]) > 1 else parts


def _statements(found: EpisodeDifference, times: Times, names: Names) -> Iterator[str]:
    for change in found.statements:
        source = (change["after"] or change["before"])["source"]
        when = times(change["cause"]["published_at"])
        yield f"{when}, {names.source(source)}: {change_words('statements', change, times, names)}"


def _cell(words: str, change: Change) -> str:
    url = change["cause"].get("url")
    link = url and url.replace("|", "%7C").replace(">", "%3E")
    return f"{_escaped(words)} (<{link}>)" if link else _escaped(words)


def _escaped(text: str) -> str:
    return plain(text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
