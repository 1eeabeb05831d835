"""The picture of an episode (contract section 5) as tables."""

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from streams.cli.render.text import IN_UTC, Times, ceasefire_words, figure, kind_words

__all__ = ["ceasefires_text", "cells_table", "picture_tables", "totals_text"]

_CLASSES = {
    "self_reported": "its own side",
    "other_party_claimed": "the other side",
    "third_party": "third parties",
}


def picture_tables(episode: str, picture: dict[str, Any], times: Times = IN_UTC) -> RenderableType:
    """Return all parts of a picture as tables and lines."""
    parts: list[RenderableType] = [Text(f"{episode}, as of {times(picture['clock'])} {times.zone}", style="bold")]
    if picture["cells"]:
        parts.append(cells_table(picture["cells"], times))
    if picture["parties"]:
        parts.append(_parties_table(picture["parties"]))
    parts += [*totals_text(picture), *ceasefires_text(picture, times)]
    return Group(*parts, "")


def cells_table(cells: list[dict[str, Any]], times: Times, changes: dict[tuple[str, ...], str] | None = None) -> Table:
    """Return the running count of each source; `changes` has the last change of a cell in words."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("source", overflow="fold")
    table.add_column("of", overflow="fold")
    table.add_column("count", justify="right", style="bold")
    table.add_column("as of", style="dim")
    if changes is not None:
        table.add_column("last change", overflow="fold")
    for cell in cells:
        value = cell["value"]
        count = Text(figure(value), style="" if value else "dim strike")
        if value and value["disputed_by"]:
            count.append(f" disputed by {', '.join(value['disputed_by'])}", style="yellow")
        row: list[RenderableType] = [
            Text(cell["source"]),
            Text(_subject(cell)),
            count,
            Text(times(value and value["as_of"])),
        ]
        if changes is not None:
            row.append(Text(changes.get(cell_key(cell), "")))
        table.add_row(*row)
    return table


def cell_key(record: dict[str, Any]) -> tuple[str, ...]:
    """Return the name of a cell within its episode, from a cell or a count change."""
    parts = ("source", "party", "outcome", "population", "group", "scope")
    return tuple(record.get(part) or "" for part in parts)


def totals_text(picture: dict[str, Any]) -> list[Text]:
    """Return a line for each total of the self-reported counts, with its parts."""
    lines = []
    for total in picture["totals"]:
        line = Text("self-reported by the parties, ")
        line.append(f"{kind_words(total)}: ")
        line.append(f"{total['best']:,}", style="bold")
        line.append(" = " + " + ".join(f"{best:,} {party}" for party, best in total["parts"].items()))
        if total["missing"]:
            line.append(f"; {', '.join(total['missing'])} has not reported its own losses", style="yellow")
        lines.append(line)
    for derived in picture["derived"]:
        verdict = {True: "agrees", False: f"computed here: {derived['computed']}", None: "nothing to compare with"}
        words = f"total by {derived['source']}, {_subject(derived)}: {derived['best']:,}; {verdict[derived['agrees']]}"
        lines.append(Text(words, style="yellow" if derived["agrees"] is False else "dim"))
    return lines


def ceasefires_text(picture: dict[str, Any], times: Times) -> list[Text]:
    """Return a line for each ceasefire view, the joint one first."""
    lines = []
    for view in picture["ceasefires"]:
        joint = view["view"] == "joint"
        name = f"ceasefire {view['ceasefire']}" if joint else f"  according to {view['view'].removeprefix('source:')}"
        lines.append(Text.assemble((f"{name}: ", "bold" if joint else "dim"), ceasefire_words(view, times)))
    return lines


def _parties_table(parties: list[dict[str, Any]]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("losses of", overflow="fold")
    for heading in _CLASSES.values():
        table.add_column(f"by {heading}", justify="right", overflow="fold")
    for party in parties:
        row = [Text(_subject(party))]
        for name in _CLASSES:
            said = party[name]
            row.append(Text(f"{figure(said)} {said['source']}" if said else "–"))
        table.add_row(*row)
    return table


def _subject(record: dict[str, Any]) -> str:
    return f"{record['party']} {kind_words(record)}"
