"""The changes that a contender must have written at the end: their number and digest (`tests.bench.digest`)."""

from collections.abc import Iterable, Iterator
from typing import Any

from streams.core.ledger import Ledger
from streams.core.parse import Refusal, parse
from streams.core.source_registry import Registry, Source
from tests.bench.digest import Expected, name_of, summed
from tests.bench.workloads import PARTIES, SOURCES, Keyed


def registry() -> Registry:
    """Return the registry of the workloads: half of the sources speak for a party."""
    parties = (*PARTIES, None, None, None, None)
    return Registry(
        {
            f"source-{n}": Source(f"Source {n}", "official" if parties[n] else "media", parties[n])
            for n in range(SOURCES)
        }
    )


def of_truceline(reports: Iterable[Keyed]) -> Expected:
    """Fold the reports with the core itself."""
    return summed(map(name_of, _changes(reports)))


def of_peers(reports: Iterable[dict[str, Any]]) -> Expected:
    """Fold the reports as the peers do: the newest figure of a cell wins."""
    return summed(map(name_of, _simple_changes(reports)))


def _changes(reports: Iterable[Keyed]) -> Iterator[dict[str, Any]]:
    ledger = Ledger(registry())
    for report in reports:
        try:
            step = ledger.take(parse(report.value))
        except Refusal:
            continue
        for _, change in step.changes():
            yield change


def _simple_changes(reports: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    cells: dict[tuple[str, ...], tuple[str, int]] = {}
    for report in reports:
        for claim in report["claims"]:
            names = {"episode": report["episode"], "source": report["source"]}
            names |= {field: claim[field] for field in ("party", "outcome", "population")}
            cell = tuple(names.values())
            now = (report["published_at"], claim["count"]["best"])
            before = cells.get(cell)
            if before is not None and before[0] > now[0]:
                continue
            cells[cell] = now
            if before is None or before[1] != now[1]:
                yield names | {"after": {"best": now[1]}}
