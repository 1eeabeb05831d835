"""Drafts scored against coded texts: `python -m tests.reading.score [--held-out] [--tiers ready,check] [--show N]`."""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from streams.reading import Context
from tests.reading import dev_set as gold

QUALIFIERS: Final = {
    "exact": (True, True),
    "at_least": (True, False),
    "more_than": (True, False),
    "up_to": (False, True),
    "nearly": (False, True),
    "about": (False, False),
}
FIELDS: Final = ("party", "outcome", "population", "group", "scope", "count", "basis")
Pair = tuple[str, dict[str, Any]]
Key = Callable[[Context, str, dict[str, Any]], tuple[Any, ...]]
Row = tuple[int, int, int]  # hits, drafted that count, wanted


def bounds(claim: dict[str, Any]) -> tuple[int, int | None, int | None]:
    """Return best, low and high under the contract's qualifiers."""
    count, qualifier = claim["count"], claim.get("qualifier") or "exact"
    best = count["best"] + (qualifier == "more_than")
    keeps_low, keeps_high = QUALIFIERS[qualifier]
    low, high = count.get("low"), count.get("high")
    return best, best if low is None and keeps_low else low, best if high is None and keeps_high else high


def values(claim: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a casualty claim that are compared."""
    found = {name: claim.get(name) for name in FIELDS} | {"count": bounds(claim)}
    defaults = {"population": found["population"] or "unknown", "basis": found["basis"] or "cumulative"}
    return found | defaults


def strict(context: Context, source: str, claim: dict[str, Any]) -> tuple[Any, ...]:
    """Return what must be equal for a hit."""
    if claim["type"] == "casualties":
        return source, *values(claim).values()
    if claim["type"] == "ceasefire":
        by = claim.get("by") or context.affiliation(source)
        return source, claim["act"], None if by == source else by
    return source, claim["act"], claim["about"]


def without_source(_context: Context, _source: str, claim: dict[str, Any]) -> tuple[Any, ...]:
    """Return the same of a casualty claim without who says it."""
    return tuple(values(claim).values())


def number_and_outcome(_context: Context, _source: str, claim: dict[str, Any]) -> tuple[Any, ...]:
    """Return the number and what befell those people."""
    return claim["count"]["best"], claim["outcome"]


TABLE: Final[tuple[tuple[str, str, Key], ...]] = (
    ("casualties, strict", "casualties", strict),
    ("casualties, without source", "casualties", without_source),
    ("casualties, number and outcome", "casualties", number_and_outcome),
    ("ceasefire: source, act, by", "ceasefire", strict),
    ("statement: source, act, about", "statement", strict),
)


def drafted(draft: dict[str, Any], tiers: set[str]) -> Iterator[Pair]:
    """Yield the claims of a draft in some tiers, with their sources."""
    for entry in draft["claims"]:
        report = draft["reports"][entry["report"]]
        if entry["tier"] in tiers:
            yield report["source"], report["claims"][entry["claim"]]


def tally(line: dict[str, Any], pairs: list[Pair], kind: str, key: Key) -> Row:
    """Return a document's row: optional claims are neither hits nor errors."""
    context = gold.context(line["context"])
    coded = [entry for entry in line["claims"] if entry["claim"]["type"] == kind]
    wanted = Counter(key(context, e["source"], e["claim"]) for e in coded if not e.get("optional"))
    allowed = Counter(key(context, e["source"], e["claim"]) for e in coded if e.get("optional"))
    got = Counter(key(context, source, claim) for source, claim in pairs if claim["type"] == kind)
    excused = sum(((got - wanted) & allowed).values())
    return sum((got & wanted).values()), sum(got.values()) - excused, sum(wanted.values())


def rates(rows: list[Row]) -> tuple[float, float, float]:
    """Return precision, recall and F1."""
    hits, made, wanted = (sum(column) for column in zip(*rows, strict=True)) if rows else (0, 0, 0)
    precision, recall = hits / made if made else 0.0, hits / wanted if wanted else 0.0
    return precision, recall, 2 * precision * recall / (precision + recall) if hits else 0.0


def interval(rows: list[Row], draws: int = 500) -> tuple[float, float]:
    """Return a 95 % interval of F1 by drawing documents again."""
    chance = random.Random(1)
    scores = sorted(rates(chance.choices(rows, k=len(rows)))[2] for _ in range(draws))
    return scores[int(draws * 0.025)], scores[int(draws * 0.975)]


def differences(line: dict[str, Any], pairs: list[Pair]) -> Iterator[str]:
    """Yield what a document's draft misses and what it has wrong."""
    context = gold.context(line["context"])

    def keyed(source: str, claim: dict[str, Any]) -> tuple[Any, ...]:
        return claim["type"], *strict(context, source, claim)

    wanted = Counter(keyed(e["source"], e["claim"]) for e in line["claims"] if not e.get("optional"))
    allowed = Counter(keyed(e["source"], e["claim"]) for e in line["claims"])
    got = Counter(keyed(source, claim) for source, claim in pairs)
    for label, rest in (("missed", wanted - got), ("wrong", got - allowed)):
        for claim in rest.elements():
            yield f"{line['id']} {label}: {claim}"


def score(name: str, *, held_out: bool, tiers: set[str]) -> list[str]:
    """Return the table of one file of coded texts."""
    lines = list(gold.texts(name, held_out=held_out))
    found = [list(drafted(gold.draft(line), tiers)) for line in lines]
    table = [f"{name}: {len(lines)} texts"]
    for label, kind, key in TABLE:
        rows = [tally(line, pairs, kind, key) for line, pairs in zip(lines, found, strict=True)]
        (precision, recall, f1), (low, high) = rates(rows), interval(rows)
        hits, made, wanted = (sum(column) for column in zip(*rows, strict=True))
        table.append(
            f"  {label:32} P {precision:.3f}  R {recall:.3f}  F1 {f1:.3f} ({low:.2f} to {high:.2f})"
            f"  {hits} of {made} drafted, {wanted} in gold",
        )
    sure = [list(drafted(gold.draft(line), {"ready"})) for line in lines]
    rows = [tally(line, pairs, "casualties", strict) for line, pairs in zip(lines, sure, strict=True)]
    hits, made, _ = (sum(column) for column in zip(*rows, strict=True))
    return [*table, f"  {'casualties, strict, ready alone':32} {hits} of {made} drafted right"]


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--held-out", action="store_true", help="the third that no rule was written against")
    parser.add_argument("--tiers", default="ready,check")
    parser.add_argument("--show", type=int, default=0, help="how many differences to print")
    options = parser.parse_args()
    tiers = set(options.tiers.split(","))
    more = ("own", "real") if gold.FOLDER.is_dir() else ()
    for name in ("invented-a", "invented-b", *more):
        sys.stdout.write("\n".join(score(name, held_out=options.held_out, tiers=tiers)) + "\n")
        for line in gold.texts(name, held_out=options.held_out) if name != "invented-b" else ():
            for difference in differences(line, list(drafted(gold.draft(line), tiers))):
                if options.show > 0:
                    options.show -= 1
                    sys.stdout.write(difference + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
