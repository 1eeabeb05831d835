"""Explanations of counts and ceasefires for people: each claim or act, and how it was used."""

from collections.abc import Iterator
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from streams.cli.render.text import IN_UTC, NO_NAMES, Times
from streams.core.phrases import Names, compact, figure, kind, plain, status_phrase

__all__ = ["account_text", "cause_text", "cell_name", "index_text", "view_words"]

Account = dict[str, Any]

TIMERS = {"effective_at": "declared start reached", "expires_at": "term expired"}
#: Parts of an explanation that are not counted.
OUT = ("superseded", "replaced", "refused")


def account_text(told: Account, times: Times = IN_UTC, names: Names = NO_NAMES) -> RenderableType:
    """Return the explanations of cells and ceasefire views, one after the other."""
    parts: list[RenderableType] = [_heading(told, times, names)]
    for cell in told["cells"]:
        parts += ["", *_cell(cell, times, names)]
    for view in told["ceasefires"]:
        parts += ["", *_ceasefire(view, times, names)]
    return Group(*parts)


def index_text(told: Account, times: Times = IN_UTC, names: Names = NO_NAMES) -> RenderableType:
    """Return a list of all cells and ceasefire views, each by the name to ask for it."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("explain …", no_wrap=True)  # for copying
    table.add_column("value", overflow="fold")
    for cell in told["cells"]:
        table.add_row(Text(cell_name(cell)), _said(cell, times, names))
    for view in told["ceasefires"]:
        name = view["ceasefire"] if view["view"] == "joint" else f"{view['ceasefire']}/{view['view']}"
        table.add_row(Text(name), Text(_status(view["value"], times, names)))
    return Group(_heading(told, times, names), table)


def cell_name(cell: Account) -> str:
    """Return the name by which a cell can be asked for."""
    parts = (cell.get(field) for field in ("source", "party", "outcome", "population", "group", "scope"))
    return "/".join(part for part in parts if part)


def _heading(told: Account, times: Times, names: Names) -> Text:
    return Text(f"{names.episode(told['episode'])}, as of {times(told['clock'])} {times.zone}", style="bold")


# --- counts -----------------------------------------------------------------------------------------------------------


def _cell(cell: Account, times: Times, names: Names) -> Iterator[RenderableType]:
    who = f"{names.source(cell['source'])} on {names.party(cell['party'])}"
    yield Text.assemble((who, "bold"), f": {kind(cell)}")
    yield _said(cell, times, names)
    table = _table(("", "left"), ("figure", "right"), ("as of", "left"), ("source", "left"))
    for role, figured, account, style in _claims(cell):
        table.add_row(
            Text(role, style=style),
            Text(figured, style=style),
            Text(times(account["as_of"]) if "as_of" in account else "", style=style or "dim"),
            _source(account, times, style, names),
        )
    yield table
    yield from _history(cell["changes"], times, names)


def _said(cell: Account, times: Times, names: Names) -> Text:
    value = cell["value"]
    if value is None:
        return Text(f"no claim left; version {cell['version']}", style="dim")
    said = Text.assemble((figure(value), "bold"), f" as of {times(value['as_of'])}")
    if value["final"] is not None:
        said.append(", final" if value["final"] else ", not final")
    said.append(f"; version {cell['version']}")
    if repeated := cell.get("repeats"):
        when = times(repeated["as_of"])
        said.append(f"; a repeat of the old total in {plain(repeated['report_id'])} of {when}, raised since", "yellow")
    if value["disputed_by"]:
        said.append(f"; disputed by {', '.join(map(names.source, value['disputed_by']))}", style="yellow")
    return said


def _claims(cell: Account) -> Iterator[tuple[str, str, Account, str]]:
    """Yield role, figure, claim and style of each row: counted claims first, then the others."""
    if cell["base"]:
        yield "base", figure(cell["base"]), cell["base"], ""
    for part in cell["increments"]:
        if part["adds_to"] == "high":
            most = "?" if part["high"] is None else f"{part['high']:,}"
            overlap = {"why": "begins before the base and may overlap it: adds to the upper bound only"}
            yield "added", f"+0–{most}", part | overlap, ""
        else:
            yield "added", _added(part), part, ""
    for denial in cell["disputed"]:
        target = denial["denies"]
        why = {"why": f"denies {plain(target['report_id'])}, claim {target['claim']}"}
        yield "disputed", "", denial | why, "yellow"
    for role, claim in _out(cell):
        yield role, _added(claim) if claim["basis"] == "incremental" else figure(claim), claim, "dim"


def _added(claim: Account) -> str:
    """Return an increment with its sign: `+5`, `+≥ 5`, `-2`."""
    return f"{'' if claim['best'] < 0 else '+'}{compact(claim)}"


# --- ceasefires -------------------------------------------------------------------------------------------------------


def _ceasefire(view: Account, times: Times, names: Names) -> Iterator[RenderableType]:
    source = names.source(view["view"].removeprefix("source:"))
    whose = "joint view of all sources" if view["view"] == "joint" else f"view of {source}"
    yield Text.assemble((f"ceasefire {view['ceasefire']}", "bold"), f": {whose}")
    yield Text.assemble((_status(view["value"], times, names), "bold"), f"; version {view['version']}")
    table = _table(("when", "left"), ("status", "left"), ("act, and source", "left"))
    for step in view["steps"]:
        moved = step["before"] != step["after"]
        status = f"→ {_words(step['after'])}" if moved else f"stays {_words(step['after'])}"
        deed = Text(_deed(step, names), style="" if moved else "dim")
        if "report_id" in step:
            deed.append("\n").append_text(_source(step, times, "dim", names))
        table.add_row(Text(times(step["at"]), style="dim"), Text(status, style="bold" if moved else "dim"), deed)
    for role, claim in _out(view):
        deed = Text(_deed(claim, names), style="dim").append("\n").append_text(_source(claim, times, "dim", names))
        table.add_row(Text(times(claim["at"]), style="dim"), Text(role, style="dim"), deed)
    yield table
    yield from _history(view["changes"], times, names)


def _status(value: Account | None, times: Times, names: Names) -> str:
    return "no claim left" if value is None else status_phrase(value, names, times)


def _deed(step: Account, names: Names) -> str:
    if "timer" in step:
        set_by = step["set_by"]
        return f"{TIMERS[step['timer']]}, set by {plain(set_by['report_id'])} of {names.source(set_by['source'])}"
    deed = _words(step["act"])
    if step["by"]:
        deed += f" ({names.party(step['by'])})"
    if step["against"]:
        deed += f", against {names.party(step['against'])}"
    return deed + (f": “{plain(step['text'])}”" if step["text"] else "")


# --- both -------------------------------------------------------------------------------------------------------------


def _out(account: Account) -> Iterator[tuple[str, Account]]:
    """Yield each claim that is not counted, with its role."""
    for name in OUT:
        for claim in account.get(name, ()):
            # A replaced claim says how: by another revision, or withdrawn by one.
            withdrawn = name == "replaced" and claim["why"].startswith("withdrawn")
            yield "withdrawn" if withdrawn else name, claim


def _source(account: Account, times: Times, style: str, names: Names) -> Text:
    """Return the source, the report and its address, and the reason if it is not counted."""
    relayed = f" via {names.source(account['relayed_by'])}" if account["relayed_by"] else ""
    told = Text(f"{names.source(account['source'])}{relayed}", style=style)
    revision = f" revision {account['revision']}" if account["revision"] > 1 else ""
    told.append(f"\n{plain(account['report_id'])}{revision}, claim {account['claim']}", style="dim")
    told.append(f"\npublished {times(account['published_at'])}", style="dim")
    if "origin" in account:
        told.append(f"\n{_address(account['origin'])}", style="dim")
    if account.get("place"):
        told.append(f"\nat {names.place(account['place'])}", style="dim")
    if account.get("quote"):
        told.append(f"\n“{plain(account['quote'])}”", style="dim")
    if account["headline"]:
        told.append(f"\n“{plain(account['headline'])}”", style="dim")
    if account["url"]:
        told.append(f"\n{plain(account['url'])}", style="cyan")
    if "why" in account:
        code = f"{account['code']}: " if "code" in account else ""
        told.append(f"\n{code}{plain(account['why'])}", style="italic")
    told.overflow = "fold"
    return told


def _address(origin: Account) -> str:
    if "file" in origin:
        return f"{plain(origin['file'])} line {origin['line']:,}"
    return f"{origin['topic']} partition {origin['partition']} offset {origin['offset']}"


def _history(changes: list[Account], times: Times, names: Names) -> Iterator[RenderableType]:
    if not changes:
        return
    table = _table(("change", "left"), ("what", "left"), ("cause", "left"))
    for change in changes:
        what = _count_words(change, names) if "kind" in change else view_words(change, times, names)
        table.add_row(
            Text(f"version {change['version']}"), Text(what, overflow="fold"), cause_text(change["cause"], times)
        )
    yield table


def _count_words(change: Account, names: Names) -> str:
    """Return the count after a change, and the kind of change."""
    after = change["after"]
    if after is None:
        return "withdrawn"
    disputed = f", disputed by {', '.join(map(names.source, after['disputed_by']))}" if after["disputed_by"] else ""
    return f"{figure(after)}{disputed} ({change['kind']})"


def view_words(change: Account, times: Times, names: Names = NO_NAMES) -> str:
    """Return the changed fields of a view."""
    before, after = change["before"] or {}, change["after"]
    if after is None:
        return "withdrawn"
    words = [_words(after["status"])] if before.get("status") != after["status"] else []
    if not words and before["since"] != after["since"]:
        words.append(f"since {times(after['since'])}")
    for field, said in (("effective_at", "start"), ("expires_at", "end")):
        if before.get(field) != after[field]:
            words.append(f"{said} {times(after[field])}")
    for field in ("declared_by", "not_confirmed_by", "mediators"):
        if before.get(field, []) != after[field]:
            named = names.source if field == "not_confirmed_by" else names.party
            words += [f"{_words(field)}: {', '.join(map(named, after[field])) or 'none'}"]
    for how, count in after["violations"].items():
        was = before["violations"][how] if before else 0
        if count != was:
            words.append(f"violations {how}: {count}")
    return "; ".join(words)


def cause_text(cause: Account, times: Times) -> Text:
    """Return the report or tick that caused a change, and when it was published."""
    if "tick" in cause:
        return Text(f"time, {times(cause['tick'])}")
    withdrawn = " withdrawn" if cause["withdrawn"] else ""
    revision = f" revision {cause['revision']}" if cause["revision"] > 1 else ""
    return Text(f"{plain(cause['report_id'])}{revision}{withdrawn}, {times(cause['published_at'])}", overflow="fold")


def _table(*columns: tuple[str, Any]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name, justify in columns:
        table.add_column(name, justify=justify, overflow="fold")
    return table


def _words(name: str) -> str:
    return name.replace("_", " ")
