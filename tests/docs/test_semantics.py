"""docs/explanation/semantics.md cannot rot: its examples are folded, its table and diagram are made from the code."""

from __future__ import annotations

import json
import re
from itertools import chain
from typing import Any, NamedTuple

import pytest
import yaml

from streams.core.ceasefires.transitions import OPEN, TRANSITIONS
from streams.core.times import DAY_US
from tests.docs.semantics import PAGE, diagram, written
from tests.property.folding import Fold

TEXT = PAGE.read_text(encoding="utf-8")
BLOCK = re.compile(
    r"^(?P<head>Reports|Changes|Picture|Refused)(?P<rest>[^\n]*):\n\n```\w+\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
HORIZON = re.compile(r"\(horizon (\d+) days\)")


class Example(NamedTuple):
    """Input lines, the horizon, and the outputs shown: their kind, a filter, the lines."""

    heading: str
    reports: list[str]
    horizon_days: int
    shown: list[tuple[str, str, str]]


def examples() -> list[Example]:
    found: list[Example] = []
    for block in BLOCK.finditer(TEXT):
        head, rest, body = block["head"], block["rest"].strip(), block["body"]
        if head == "Reports":
            heading = re.findall(r"^#+ (.*)$", TEXT[: block.start()], re.MULTILINE)[-1]
            days = HORIZON.search(rest)
            found.append(Example(heading, body.splitlines(), int(days[1]) if days else 400, []))
        else:
            found[-1].shown.append((head, rest, body))
    return found


EXAMPLES = examples()
SOURCES = {
    name: {"affiliation": None, **fields}
    for name, fields in yaml.safe_load(re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[0]).items()
}


def folded(example: Example) -> Fold:
    fold = Fold(SOURCES, example.horizon_days * DAY_US)
    for number, line in enumerate(example.reports, 1):
        fold.take_line(line, number)
    return fold


def shows(part: Any, whole: Any) -> bool:
    """Return True if the output has everything shown; objects may have more fields, lists may not."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(name in whole and shows(part[name], whole[name]) for name in part)
    if isinstance(part, list):
        return isinstance(whole, list) and len(part) == len(whole) and all(map(shows, part, whole))
    return type(part) is type(whole) and bool(part == whole)


def published(fold: Fold, which: str) -> list[Any]:
    """The changes that a block shows: all, those of counts, or those of the joint view."""
    changes = [change["data"] for change in fold.changes]
    if which == "of counts":
        return [change["data"] for change in fold.changes if change["topic"] == "casualties"]
    if which == "of the joint view":
        return [change for change in changes if change.get("view") == "joint"]
    assert which == ""
    return changes


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.heading for example in EXAMPLES])
def test_example_gives_the_output_shown(example: Example) -> None:
    fold = folded(example)
    assert example.shown
    refused = [{"line": line, "code": code} for line, code in fold.rejected]
    assert bool(refused) == any(head == "Refused" for head, _, _ in example.shown)
    for head, which, body in example.shown:
        if head == "Picture":
            assert shows(json.loads(body), fold.snapshot()["episodes"]["war"])
            continue
        lines = [json.loads(line) for line in body.splitlines()]
        if head == "Refused":
            assert refused == lines
        else:
            changes = published(fold, which)
            assert len(changes) == len(lines)
            for line, change in zip(lines, changes, strict=True):
                assert shows(line, change), (line, change)


def test_every_fenced_block_of_records_is_an_example() -> None:
    blocks = len(re.findall(r"^```json", TEXT, re.MULTILINE))
    assert sum(1 + len(example.shown) for example in EXAMPLES) == blocks
    assert len(EXAMPLES) >= 14


def test_differences_from_the_output_are_noticed() -> None:
    change = {"kind": "up", "after": {"best": 7, "low": None}, "names": ["a"]}
    assert shows({"after": {"best": 7}, "names": ["a"]}, change)
    wrongs: list[dict[str, Any]] = [
        {"kind": "down"},
        {"after": {"best": 8}},
        {"after": None},
        {"names": []},
        {"mood": None},
    ]
    assert not any(shows(wrong, change) for wrong in wrongs)


def test_table_and_diagram_are_up_to_date() -> None:
    """`python -m tests.docs.semantics` writes them again."""
    assert written(TEXT) == TEXT


def test_diagram_has_an_arrow_for_every_move() -> None:
    arrows = re.findall(r"^    (\S+) --> (\S+): (.*)$", diagram(), re.MULTILINE)
    drawn = {(source, target, act) for source, target, acts in arrows for act in acts.split(", ")}
    closed = "any_closed_status"
    for each in TRANSITIONS:
        for act, source in chain.from_iterable([(act, source) for source in each.sources] for act in each.acts):
            label = f"{act} (with by)" if each.needs_by else act
            assert {(source, each.target, label), (closed, each.target, label)} & drawn
    assert ("any_open_status", "expired", "expires_at passes") in drawn
    assert {status for source, target, _ in drawn for status in (source, target)} >= set(OPEN)
