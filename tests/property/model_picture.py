"""Section 5 of the contract, word for word. See `model`."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from tests.property.model_counts import Cell, cell_of, count
from tests.property.reading import Fields, written

ALL = "all"
CELL = ("source", "party", "outcome", "population", "group", "scope")
CLASSES = ("self_reported", "other_party_claimed", "third_party")


def named(cell: Cell, first: int = 0) -> Fields:
    """The names of a cell from its field number `first` on; a group or scope that is not given is left out."""
    return {name: value for name, value in zip(CELL[first:], cell[first:], strict=True) if value}


class Standing:
    """The inputs of a picture: the current casualty claims of one episode, and each cell's (value, leading part)."""

    def __init__(
        self,
        claims: list[Fields],
        cells: dict[Cell, tuple[Fields | None, Fields | None]],
        sources: dict[str, Fields],
        reached: Counter[str],
    ) -> None:
        self.claims = claims
        self.cells = cells
        self.sources = sources
        self.reached = reached

    def class_name(self, source: str, party: str) -> str:
        affiliation = self.sources.get(source, {}).get("affiliation")
        if affiliation is None:
            return "third_party"
        return "self_reported" if affiliation == party else "other_party_claimed"

    def parties(self) -> list[Fields]:
        standing = [cell for cell, (value, _) in self.cells.items() if value is not None and cell[1] != ALL]
        rows = []
        for name in sorted({cell[1:] for cell in standing}):
            row = named(("", *name), 1)
            for class_name in CLASSES:
                members = [c for c in standing if c[1:] == name and self.class_name(c[0], c[1]) == class_name]
                row[class_name] = self.class_of(members) if members else None
            rows.append(row)
        return rows

    def class_of(self, cells: list[Cell]) -> Fields:
        values = [self.cells[cell][0] or {} for cell in cells]
        leading = max(cells, key=self.standing_of)
        value = self.cells[leading][0] or {}
        self.reached["several sources of a class"] += len(cells) > 1
        partial = {self.is_partial(cell[0]) for cell in cells}
        self.reached["partial beside whole"] += len(partial) > 1
        return {
            **{name: value[name] for name in ("best", "low", "high")},
            "source": leading[0],
            "as_of": value["as_of"],
            "sources": len(cells),
            "least": min(each["best"] for each in values),
            "greatest": max(each["best"] for each in values),
        }

    def is_partial(self, source: str) -> bool:
        return bool(self.sources.get(source, {}).get("partial"))

    def standing_of(self, cell: Cell) -> tuple[Any, ...]:
        """(not partial, has a base, as_of, published_at of the report of its part with the greatest k, source)"""
        here = [claim for claim in self.claims if cell_of(claim) == cell]
        has_a_base = any(claim["basis"] == "cumulative" for claim in here)
        leading = self.cells[cell][1] or {}
        return (
            not self.is_partial(cell[0]),
            has_a_base,
            leading["as_of"],
            leading["report"]["published_at"],
            cell[0],
        )

    def totals(self) -> list[Fields]:
        standing = {cell[1:] for cell, (value, _) in self.cells.items() if value is not None and cell[1] != ALL}
        own = {}
        for name in standing:
            cells = [c for c, (value, _) in self.cells.items() if c[1:] == name and value is not None]
            members = [cell for cell in cells if self.class_name(cell[0], cell[1]) == "self_reported"]
            if members:
                own[name] = self.class_of(members)["best"]
        rows = []
        for kind in sorted({name[1:] for name in own}):
            parts = {name[0]: own[name] for name in sorted(own) if name[1:] == kind}
            missing = sorted(name[0] for name in standing if name[1:] == kind and name not in own)
            self.reached["total of several parties"] += len(parts) > 1
            self.reached["total with a party missing"] += bool(missing)
            best = sum(parts.values())
            rows.append({**named(("", "", *kind), 2), "best": best, "parts": parts, "missing": missing})
        return rows

    def at(self, moment: datetime) -> Standing:
        """The same over those claims alone whose as_of is not after a time."""
        claims = [claim for claim in self.claims if claim["as_of"] <= moment]
        counted = {cell_of(claim) for claim in claims if claim["basis"] != "derived"}
        cells = {cell: count(claims, [], cell, Counter()) for cell in counted}
        return Standing(claims, cells, self.sources, Counter())

    def computed(self, cell: Cell) -> int | None:
        kind = named(("", "", *cell[2:]), 2)
        if cell[1] == ALL:
            rows = [(row, row["best"]) for row in self.totals()]
        else:
            own = [row for row in self.parties() if row["party"] == cell[1] and row["self_reported"] is not None]
            rows = [(row, row["self_reported"]["best"]) for row in own]
        bests = [best for row, best in rows if {n: v for n, v in row.items() if n in CELL[2:]} == kind]
        return bests[0] if bests else None

    def derived(self) -> list[Fields]:
        claims = [claim for claim in self.claims if claim["basis"] == "derived"]
        rows = []
        for cell in sorted({cell_of(claim) for claim in claims}):
            newest = max((claim for claim in claims if cell_of(claim) == cell), key=lambda claim: claim["k"])
            computed = self.at(newest["as_of"]).computed(cell)
            self.reached["derived of another time"] += computed != self.computed(cell)
            rows.append(
                {
                    **named(cell),
                    **{name: newest[name] for name in ("best", "low", "high")},
                    "as_of": written(newest["as_of"]),
                    "report_id": newest["report"]["report_id"],
                    "computed": computed,
                    "agrees": None if computed is None else agrees(newest, computed),
                }
            )
            self.reached[f"derived {newest['qualifier']} agrees {rows[-1]['agrees']}"] += 1
        return rows


def agrees(claim: Fields, computed: int) -> bool:
    low, high = claim["low"], claim["high"]
    if low is None:
        low = 0 if claim["qualifier"] in ("up_to", "nearly") else claim["best"]
    if high is None and claim["qualifier"] not in ("at_least", "more_than"):
        high = claim["best"]
    return low <= computed and (high is None or computed <= high)
