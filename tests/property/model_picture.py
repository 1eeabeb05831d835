"""Section 5 of the contract, word for word. See `model`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.property.model_counts import Cell, cell_of, parts
from tests.property.reading import Fields, written

ALL = "all"
CELL = ("source", "party", "outcome", "population")


class Standing:
    """What a picture is made of: the standing casualty claims of one episode, and each cell's (value, leading part)."""

    def __init__(
        self,
        claims: list[Fields],
        cells: dict[Cell, tuple[Fields | None, Fields | None]],
        affiliation: Callable[[str], str | None],
        reached: Counter[str],
    ) -> None:
        self.claims = claims
        self.cells = cells
        self.affiliation = affiliation
        self.reached = reached

    def class_name(self, source: str, party: str) -> str:
        affiliation = self.affiliation(source)
        if affiliation is None:
            return "third_party"
        return "self_reported" if affiliation == party else "other_party_claimed"

    def parties(self) -> list[Fields]:
        standing = [cell for cell, (value, _) in self.cells.items() if value is not None and cell[1] != ALL]
        rows = []
        for name in sorted({cell[1:] for cell in standing}):
            row: Fields = dict(zip(CELL[1:], name, strict=True))
            for class_name in ("self_reported", "other_party_claimed", "third_party"):
                members = [c for c in standing if c[1:] == name and self.class_name(c[0], c[1]) == class_name]
                row[class_name] = self.class_of(members) if members else None
            rows.append(row)
        return rows

    def class_of(self, cells: list[Cell]) -> Fields:
        values = [self.cells[cell][0] or {} for cell in cells]
        greatest = max(cells, key=self.standing_of)
        value = self.cells[greatest][0] or {}
        self.reached["several sources of a class"] += len(cells) > 1
        lows = [each["low"] for each in values]
        highs = [each["high"] for each in values]
        return {
            "best": value["best"],
            "source": greatest[0],
            "as_of": value["as_of"],
            "low": None if None in lows else min(lows),
            "high": None if None in highs else max(highs),
        }

    def standing_of(self, cell: Cell) -> tuple[Any, ...]:
        """(has a base, as_of, published_at of its report, source)"""
        found = parts(self.claims, cell, Counter())
        as_of = max(part["as_of"] for part in found.counted)
        leading = self.cells[cell][1] or {}
        return (found.base is not None, as_of, leading["report"]["published_at"], cell[0])

    def totals(self) -> list[Fields]:
        parties = self.parties()
        rows = []
        for outcome, population in sorted({(row["outcome"], row["population"]) for row in parties}):
            here = [row for row in parties if (row["outcome"], row["population"]) == (outcome, population)]
            own = {row["party"]: row["self_reported"]["best"] for row in here if row["self_reported"] is not None}
            missing = sorted(row["party"] for row in here if row["self_reported"] is None)
            if own:
                self.reached["total of several parties"] += len(own) > 1
                self.reached["total with a party missing"] += bool(missing)
                rows.append(
                    {
                        "outcome": outcome,
                        "population": population,
                        "best": sum(own.values()),
                        "parts": own,
                        "missing": missing,
                    }
                )
        return rows

    def computed(self, cell: Cell) -> int | None:
        _, party, outcome, population = cell
        if party == ALL:
            bests = [row["best"] for row in self.totals() if (row["outcome"], row["population"]) == cell[2:]]
        else:
            bests = [
                row["self_reported"]["best"]
                for row in self.parties()
                if (row["party"], row["outcome"], row["population"]) == (party, outcome, population)
                and row["self_reported"] is not None
            ]
        return bests[0] if bests else None

    def derived(self) -> list[Fields]:
        claims = [claim for claim in self.claims if claim["basis"] == "derived"]
        rows = []
        for cell in sorted({cell_of(claim) for claim in claims}):
            newest = max((claim for claim in claims if cell_of(claim) == cell), key=lambda claim: claim["k"])
            computed = self.computed(cell)
            rows.append(
                {
                    **dict(zip(CELL, cell, strict=True)),
                    "best": newest["best"],
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
