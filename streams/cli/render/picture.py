"""The picture of an episode (contract section 5) as tables."""

from collections.abc import Callable, Iterator
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from streams.cli.render.text import IN_UTC, NO_NAMES, Times
from streams.core.phrases import Names, age, figure, kind, status_phrase, subject

__all__ = ["ceasefires_text", "cells_table", "picture_tables", "totals_text"]

_CLASSES = {
    "self_reported": "its own side",
    "other_party_claimed": "the other side",
    "third_party": "third parties",
}
#: A figure with these names equal is the whole of which a group is a part.
_WHOLE = ("source", "party", "outcome", "population", "scope")


def picture_tables(
    episode: str, picture: dict[str, Any], times: Times = IN_UTC, names: Names = NO_NAMES
) -> RenderableType:
    """Return all parts of a picture as tables and lines."""
    title = names.episode(episode)
    heading = episode if title == episode else f"{title} ({episode})"
    parts: list[RenderableType] = [Text(f"{heading}, as of {times(picture['clock'])} {times.zone}", style="bold")]
    if picture["cells"]:
        parts.append(cells_table(picture["cells"], times, names=names, newest=picture["clock"]))
    if picture["parties"]:
        parts.append(_parties_table(picture, times, names))
    parts += [*totals_text(picture, times, names), *ceasefires_text(picture, times, names)]
    if unknown := names.unknown(cell["source"] for cell in picture["cells"]):
        parts.append(Text(f"not in the source registry, so third parties: {', '.join(unknown)}", style="yellow"))
    return Group(*parts, "")


def cells_table(
    cells: list[dict[str, Any]],
    times: Times,
    changes: dict[tuple[str, ...], str] | None = None,
    *,
    names: Names = NO_NAMES,
    newest: str | None = None,
) -> Table:
    """Return the running count of each source; `changes` has the last change of a cell in words.

    With the time of the newest report, a figure that is over 30 days older says so.
    """
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("source", overflow="fold")
    table.add_column("of", overflow="fold")
    table.add_column("count", justify="right", style="bold")
    table.add_column("as of", style="dim")
    if changes is not None:
        table.add_column("last change", overflow="fold")
    for cell, what in _named(cells, names):
        value = cell["value"]
        count = Text(figure(value), style="" if value else "dim strike")
        if value and value["disputed_by"]:
            count.append(f" disputed by {', '.join(map(names.source, value['disputed_by']))}", style="yellow")
        as_of = _dated(value["as_of"], times, newest) if value else Text(times(None))
        row: list[RenderableType] = [Text(names.source(cell["source"])), Text(what), count, as_of]
        if changes is not None:
            row.append(Text(changes.get(cell_key(cell), "")))
        table.add_row(*row)
    return table


def cell_key(record: dict[str, Any]) -> tuple[str, ...]:
    """Return the name of a cell within its episode, from a cell or a count change."""
    parts = ("source", "party", "outcome", "population", "group", "scope")
    return tuple(record.get(part) or "" for part in parts)


def totals_text(picture: dict[str, Any], times: Times = IN_UTC, names: Names = NO_NAMES) -> list[Text]:
    """Return a line for each total of the self-reported counts, with its parts, and for each total by a source."""
    own = {(_kind_key(row), row["party"]): row["self_reported"] for row in picture["parties"]}
    lines = []
    for total in picture["totals"]:
        line = Text(f"self-reported by the parties, {kind(total)}: ")
        line.append(f"{total['best']:,}", style="bold")
        parts = [f"{figure(own[_kind_key(total), party])} {names.party(party)}" for party in total["parts"]]
        line.append(f" = {' + '.join(parts)}")
        if total["missing"]:
            missing = ", ".join(map(names.party, total["missing"]))
            line.append(f"; {missing} has not reported its own losses", style="yellow")
        lines.append(line)
    return lines + [_derived(derived, times, names) for derived in picture["derived"]]


def _kind_key(record: dict[str, Any]) -> tuple[str, ...]:
    return tuple(record.get(part) or "" for part in ("outcome", "population", "group", "scope"))


def _derived(derived: dict[str, Any], times: Times, names: Names) -> Text:
    """Return a sum by a source, and what the parties' own figures were at its time."""
    own = "the parties' own figures" if derived["party"] == "all" else "the party's own figure"
    verdict = {
        True: f"agrees with {own} of that time, {derived['computed']}",
        False: f"{own} of that time: {derived['computed']}",
        None: f"{own} of that time: none to compare with",
    }[derived["agrees"]]
    said = f"sum by {names.source(derived['source'])}, {times.day(derived['as_of'])}"
    line = f"{said}, {subject(derived, names)}: {figure(derived)}; {verdict}"
    return Text(line, style="yellow" if derived["agrees"] is False else "dim")


def ceasefires_text(picture: dict[str, Any], times: Times, names: Names = NO_NAMES) -> list[Text]:
    """Return a line for each ceasefire view, the joint one first."""
    lines = []
    for view in picture["ceasefires"]:
        joint = view["view"] == "joint"
        source = names.source(view["view"].removeprefix("source:"))
        name = f"ceasefire {view['ceasefire']}" if joint else f"  according to {source}"
        lines.append(Text.assemble((f"{name}: ", "bold" if joint else "dim"), status_phrase(view, names, times)))
    return lines


def _parties_table(picture: dict[str, Any], times: Times, names: Names) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("losses, as claimed by", overflow="fold")
    for heading in _CLASSES.values():
        table.add_column(heading, justify="right", overflow="fold")
    for party, what in _named(picture["parties"], names):
        table.add_row(Text(what), *(_claimed(party[name], picture["clock"], times, names) for name in _CLASSES))
    return table


def _claimed(said: dict[str, Any] | None, newest: str, times: Times, names: Names) -> Text:
    """Return the leading figure of a class: its own range, source and date; and the spread of several sources."""
    if said is None:
        return Text("–")
    words = Text.assemble((figure(said), "bold"), f"\n{names.source(said['source'])}, ")
    words.append_text(_dated(said["as_of"], times.day, newest))
    if said["sources"] > 1:
        words.append(f"\n{said['sources']} sources, {said['least']:,} to {said['greatest']:,}", style="dim")
    return words


def _dated(as_of: str, times: Callable[[str], str], newest: str | None) -> Text:
    words = Text(times(as_of))
    if newest is not None and (older := age(as_of, newest)):
        words.append(f", {older}", style="yellow")
    return words


def _named(records: list[dict[str, Any]], names: Names) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the records in order with what they are of: a group under the figure of which it is a part."""
    whole: tuple[Any, ...] | None = None
    for record in sorted(records, key=_order):
        key = tuple(record.get(name) for name in _WHOLE)
        is_part = record.get("group") is not None and key == whole
        yield record, f"  of them {record['group'].replace('_', ' ')}" if is_part else subject(record, names)
        whole = key if record.get("group") is None or is_part else None


def _order(record: dict[str, Any]) -> tuple[str, ...]:
    return tuple(record.get(name) or "" for name in (*_WHOLE, "group"))
