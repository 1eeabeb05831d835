"""An episode's standing claims, whole: from the log, for the queries that a pruned ledger cannot answer."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from streams.core.counts.cell import Sums, part_of
from streams.core.counts.entry import CellKey, Entry, cell_fields, entry_of
from streams.core.ledger import Ledger
from streams.core.log_record import Located, Record
from streams.core.model import Casualty, Report, Tick
from streams.core.parse import Refusal
from streams.core.queries.as_of import NoSuchEpisode, messages_of, published_us
from streams.core.source_registry import Registry
from streams.core.state.episode import Episode
from streams.core.state.step import Outcome

__all__ = ["StandingEpisode", "place_sums", "standing_episode"]

Row = dict[str, Any]


class StandingEpisode(NamedTuple):
    """An episode's unpruned state, and the latest accepted revision of each report, withdrawn ones too."""

    episode: Episode
    latest: dict[str, Report]

    @property
    def reports(self) -> Iterator[Report]:
        """Yield the standing reports: the latest revisions that are not withdrawn."""
        return (report for report in self.latest.values() if not report.withdrawn)


def standing_episode(
    name: str,
    records: Iterable[Record | Located],
    registry: Registry,
    *,
    horizon_us: int,
    until_us: int | None = None,
) -> StandingEpisode:
    """Return an episode from its records, in the order of the log; with `until_us`, as known at that time.

    Raises NoSuchEpisode if no report was accepted by then.
    """
    others: set[str] = set()
    ledger = Ledger(registry, horizon_us=horizon_us)
    latest: dict[str, Report] = {}
    for found in messages_of(name, records, Counter(), others):
        message = found.message
        if found.refusal is not None or (until_us is not None and published_us(message) > until_us):
            continue
        try:
            step = ledger.take(message)
        except Refusal:
            continue
        if step.outcome is Outcome.ACCEPTED and isinstance(message, Report):
            latest[message.report_id] = message
    if until_us is not None:
        ledger.take(Tick(until_us, name))
    try:
        return StandingEpisode(ledger.episode(name), latest)
    except KeyError:
        raise NoSuchEpisode(name, others) from None


def place_sums(standing: StandingEpisode) -> Iterator[Row]:
    """Yield the sum of the standing increments at each place, by cell (contract section 11, places).

    Fields: `place`, the cell's, `best`, `low`, `high` (null if a part is null; at least 0), and `incidents`, the number
    of increments.
    All standing increments count, those that a total contains too; of one incident of a cell only the latest.
    """
    placed = _placed(standing)
    for place, key in sorted(placed):
        total = Sums()
        for entry in placed[place, key]:
            total = total.plus(part_of(entry.claim, None))
        yield {
            "place": place,
            **cell_fields(key),
            "best": max(total.best, 0),
            "low": None if total.lows_unknown else max(total.low, 0),
            "high": None if total.highs_unknown else max(total.high, 0),
            "incidents": len(placed[place, key]),
        }


def _placed(standing: StandingEpisode) -> dict[tuple[str, CellKey], list[Entry]]:
    """Return the increments that name a place and are the last of their incident in their cell."""
    figures: list[tuple[str | None, CellKey, Entry]] = []
    last: dict[tuple[CellKey, str], Entry] = {}
    for report in standing.reports:
        stands = standing.episode.reports[report.report_id]
        for index, claim in enumerate(report.claims):
            if isinstance(claim, Casualty) and claim.basis == "incremental":
                key, entry = entry_of(report.report_id, stands, index, claim)
                figures.append((report.detail(index).place, key, entry))
                if claim.incident is not None:
                    name = (key, claim.incident)
                    last[name] = max(last.get(name, entry), entry)
    placed: dict[tuple[str, CellKey], list[Entry]] = {}
    for place, key, entry in figures:
        incident = entry.claim.incident
        if place is not None and (incident is None or last[key, incident] == entry):
            placed.setdefault((place, key), []).append(entry)
    return placed
