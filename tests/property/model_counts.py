"""Section 3 of the contract and the count changes of section 6, word for word. See `model`."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from tests.property.reading import Fields, written

Cell = tuple[str, ...]
"""(source, party, outcome, population, group, scope), the last two empty where they are not given."""


class Parts(NamedTuple):
    """The counted claims of one cell: its base, the increments that add to everything, those that may overlap it."""

    base: Fields | None
    adding: list[Fields]
    over: list[Fields]

    @property
    def summed(self) -> list[Fields]:
        return self.adding if self.base is None else [self.base, *self.adding]

    @property
    def counted(self) -> list[Fields]:
        return self.summed + self.over

    @property
    def low(self) -> list[Fields]:
        """The addition to low."""
        return self.summed + [part for part in self.over if part["best"] < 0]

    @property
    def high(self) -> list[Fields]:
        """The addition to high."""
        return self.summed + [part for part in self.over if part["best"] >= 0]


def cell_of(claim: Fields) -> Cell:
    names = (claim["party"], claim["outcome"], claim["population"], claim["group"] or "", claim["scope"] or "")
    return (claim["report"]["source"], *names)


def total(numbers: list[int | None]) -> int | None:
    """A sum that is null if a part is, and never below zero."""
    known = [number for number in numbers if number is not None]
    return max(0, sum(known)) if len(known) == len(numbers) else None


def parts(claims: list[Fields], cell: Cell, reached: Counter[str]) -> Parts:
    """Return those of the current casualty `claims` that count in `cell`."""
    here = [claim for claim in claims if cell_of(claim) == cell]
    cumulative = [claim for claim in here if claim["basis"] == "cumulative"]
    base = max(cumulative, key=lambda claim: claim["k"]) if cumulative else None
    later = [
        claim for claim in here if claim["basis"] == "incremental" and (base is None or claim["as_of"] > base["as_of"])
    ]
    counted = [
        claim
        for claim in later
        if claim["incident"] is None
        or claim["k"] == max(other["k"] for other in later if other["incident"] == claim["incident"])
    ]
    reached["incident told twice"] += len(later) > len(counted)
    over = [
        claim for claim in counted if base is not None and claim["since"] is not None and claim["since"] < base["as_of"]
    ]
    return Parts(base, [claim for claim in counted if claim not in over], over)


def count(
    casualties: list[Fields], statements: list[Fields], cell: Cell, reached: Counter[str]
) -> tuple[Fields | None, Fields | None]:
    """A cell's value, and the part with the greatest order key; both None without a claim."""
    found = parts(casualties, cell, reached)
    if not found.counted:
        return None, None
    reached["high only"] += any(part["best"] >= 0 for part in found.over)
    reached["low only"] += any(part["best"] < 0 for part in found.over)
    reached["taken back"] += any(part["best"] < 0 for part in found.adding)
    reached["never below zero"] += sum(part["best"] for part in found.summed) < 0
    reached["group"] += cell[4] != ""
    reached["scope"] += cell[5] != ""
    reached["base with increments"] += found.base is not None and bool(found.adding)
    reached["increments without a base"] += found.base is None
    value = {
        "best": total([part["best"] for part in found.summed]),
        "low": total([part["low"] for part in found.low]),
        "high": total([part["high"] for part in found.high]),
        "as_of": written(max(part["as_of"] for part in found.counted)),
        "final": None if found.base is None else found.base["final"],
        "disputed_by": disputed_by(found, statements, reached),
    }
    return value, max(found.counted, key=lambda part: part["k"])


def disputed_by(found: Parts, statements: list[Fields], reached: Counter[str]) -> list[str]:
    names = set()
    for statement in statements:
        named = statement["refers_to"]
        if statement["act"] != "denied" or named is None:
            continue
        for part in found.counted:
            same = (named["report_id"], named["claim"]) == (part["report"]["report_id"], part["index"])
            if same and named["revision"] in (None, part["report"]["revision"]):
                names.add(statement["report"]["source"])
                what = "base" if part is found.base else "overlap" if part in found.over else "increment"
                reached[f"dispute of a {what}"] += 1
                reached[f"dispute of {'a' if named['revision'] else 'any'} revision"] += 1
            elif same:
                reached["dispute of another revision"] += 1
    return sorted(names)


def told(value: Fields | None) -> Any:
    """The part of a value whose change is published."""
    return value and {name: each for name, each in value.items() if name != "as_of"}


def kind_of(version: int, before: Fields | None, after: Fields | None) -> str:
    """The first that applies."""
    if version == 1:
        return "first"
    if before is None or after is None:
        return "restored" if before is None else "withdrawn"
    if after["best"] != before["best"]:
        return "up" if after["best"] > before["best"] else "down"
    if (after["low"], after["high"]) != (before["low"], before["high"]):
        return "bounds"
    if after["disputed_by"] != before["disputed_by"]:
        return "disputed" if set(after["disputed_by"]) - set(before["disputed_by"]) else "undisputed"
    return "final"


def best(value: Fields | None) -> int:
    """A null side counts 0."""
    return value["best"] if value else 0
