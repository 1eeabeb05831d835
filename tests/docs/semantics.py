"""Write the generated parts of docs/explanation/semantics.md: `python -m tests.docs.semantics`."""

from __future__ import annotations

import re

from streams.core.ceasefires.transitions import CLOSED, OPEN, TRANSITIONS
from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "explanation/semantics.md"
ANY_CLOSED, ANY_OPEN = "any closed status", "any open status"
#: Time moves statuses too (contract section 4): what passes, from where, to where.
TIMERS = (("effective_at passes", ("agreed", "announced"), "in_effect"), ("expires_at passes", OPEN, "expired"))


def transitions() -> str:
    """The table, row by row."""
    rows = [
        (", ".join(f"`{act}`" for act in each.acts), _sources(each.sources, each.needs_by), f"`{each.target}`")
        for each in TRANSITIONS
    ]
    rows += [(f"time: {what}", _sources(sources, needs_by=False), f"`{target}`") for what, sources, target in TIMERS]
    return "\n".join(f"| {' | '.join(row)} |" for row in [("act", "from", "to"), ("---",) * 3, *rows])


def diagram() -> str:
    """The same as a Mermaid state diagram: one arrow for each pair of statuses, with the acts that go along it."""
    arrows: dict[tuple[str, str], list[str]] = {}
    moves = [(each.acts, each.sources, each.target, each.needs_by) for each in TRANSITIONS]
    moves += [((what,), sources, target, False) for what, sources, target in TIMERS]
    for acts, sources, target, needs_by in moves:
        for source in _grouped(sources):
            labels = [f"{act} (with by)" if needs_by else act for act in acts]
            arrows.setdefault((source, target), []).extend(labels)
    lines = ["stateDiagram-v2", "    [*] --> none"]
    lines += [f'    state "{name}" as {_node(name)}' for name in (ANY_CLOSED, ANY_OPEN)]
    lines += [f"    {_node(source)} --> {target}: {', '.join(acts)}" for (source, target), acts in arrows.items()]
    return "\n".join(["```mermaid", *lines, "```"])


def _sources(sources: tuple[str, ...], needs_by: bool) -> str:
    text = ", ".join(name if name in {ANY_CLOSED, ANY_OPEN} else f"`{name}`" for name in _grouped(sources))
    return f"{text}, only with a `by`" if needs_by else text


def _grouped(sources: tuple[str, ...]) -> list[str]:
    """The sources, with all closed or all open ones under one name."""
    for name, group in ((ANY_CLOSED, CLOSED), (ANY_OPEN, OPEN)):
        if set(group) <= set(sources):
            return [name, *[each for each in sources if each not in group]]
    return list(sources)


def _node(name: str) -> str:
    return name.replace(" ", "_")


def written(page: str) -> str:
    """Return the page with its generated parts as they are now."""
    for name, made in (("transitions", transitions()), ("diagram", diagram())):
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        pattern = re.compile(f"{begin}.*?{end}", re.DOTALL)
        if len(pattern.findall(page)) != 1:
            raise ValueError(f"the page has not one place for {name}")
        page = pattern.sub(lambda _, made=made, begin=begin, end=end: f"{begin}\n\n{made}\n\n{end}", page)  # type: ignore[misc]
    return page


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
