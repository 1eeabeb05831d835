"""Pruning of settled, superseded claims (contract section 2 rule 4).

A report is settled once its standing revision was published before the horizon: it can no longer be revised or
withdrawn, and no claim from before the horizon is accepted any more. So of a cell's settled cumulative claims only the
greatest can ever count, no increment up to it can, and the settled acts that lead a view are kept as the state after
them. Figures dated after the horizon are pruned once it has passed their date too: a derived figure of a time between
may still come. Superseded figures that a standing derived figure is compared with are retained (section 5).
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from streams.core.ceasefires.timer_queue import ViewKey
from streams.core.ceasefires.transitions import VIOLATIONS
from streams.core.ceasefires.view import JOINT
from streams.core.counts.cell import Cell, remove_entries
from streams.core.counts.entry import CellKey, Entry, Target, entry_of
from streams.core.folds.counts import denial_of, drop_denial, standing_figure
from streams.core.model import ALL, Boxed, Casualty, CeasefireClaim, Claim, StandingReport
from streams.core.state.episode import Episode
from streams.core.state.step import EntryKey


def forget(episode: Episode, horizon_us: int) -> list[EntryKey]:
    """Prune what newly settled reports supersede; return the changed ledger entries."""
    pruning = _Pruning(episode, episode.newest - horizon_us)
    for time, report_id in episode.horizon_queue.pop_before(pruning.floor):
        standing = episode.reports.get(report_id)
        if standing is not None and prunable_from(standing.published_at, standing.claims) == time:
            pruning.settle(report_id, standing)
    pruning.drop_superseded()
    pruning.pack()
    return pruning.touched


class _Pruning:
    """One pass over newly settled reports; each list is cut once, since a cut moves all later entries."""

    def __init__(self, episode: Episode, floor: int) -> None:
        self.floor = floor
        self.touched: list[EntryKey] = []
        self._episode = episode
        #: The newly settled figures and derived figures, by cell; the ceasefires of newly settled acts.
        self._figures: dict[CellKey, list[Entry]] = {}
        self._derived: dict[CellKey, list[Entry]] = {}
        self._ceasefires: dict[str, None] = {}

    def settle(self, report_id: str, standing: StandingReport) -> None:
        """Collect the claims of a newly settled report; `drop_superseded` must follow the last one."""
        standing.statements = None
        self.touched.append(("r", self._episode.name, report_id))
        for index, claim in enumerate(standing.claims):
            if isinstance(claim, Casualty):
                key, entry = entry_of(report_id, standing, index, claim)
                (self._derived if claim.basis == "derived" else self._figures).setdefault(key, []).append(entry)
            elif isinstance(claim, CeasefireClaim):
                self._settle_act((report_id, index), standing, claim)
            elif claim is not None:
                self._settle_statement((report_id, index), standing, claim)

    def drop_superseded(self) -> None:
        """Drop the claims that can never count again."""
        for key, entries in self._derived.items():
            self._drop_derived(key, entries)
        times = derived_times(self._episode, self.floor)
        for key in [*self._figures, *(self._episode.retained.keys() - self._figures.keys())]:
            self._drop_figures(key, times)
        for ceasefire in self._ceasefires:
            self._drop_leading(ceasefire)

    def pack(self) -> None:
        """Reduce reports without claims to what identifies a duplicate."""
        reports, settled = self._episode.reports, self._episode.settled
        for _, _, report_id in [key for key in self.touched if key[0] == "r"]:
            standing = reports.get(report_id)
            if standing is not None and not standing.claims:
                settled.add(report_id, standing.revision, standing.digest)
                del reports[report_id]

    def _drop_figures(self, key: CellKey, times: dict[CellKey, list[int]]) -> None:
        """Drop a cell's superseded figures but those that a derived figure is compared with."""
        cell = self._episode.cells[key]
        candidates = superseded(cell, self._figures.get(key, []), self.floor)
        candidates.update((entry.target, entry) for entry in self._episode.retained.pop(key, ()))
        if times and candidates and (retained := needed(cell, candidates, times.get(key[1:], []), self.floor)):
            self._episode.retained[key] = retained
            for entry in retained:
                del candidates[entry.target]
        gone = list(candidates.values())
        cell.prune(gone)
        for entry in gone:
            self._drop_claim(entry.target)
            self._drop_denials_of(entry.target)

    def _drop_derived(self, key: CellKey, settled: list[Entry]) -> None:
        """Drop all settled derived figures of a key but the newest."""
        kept = self._episode.settled_derived.get(key)
        newest = self._episode.settled_derived[key] = max(settled if kept is None else [*settled, kept])
        gone = [entry for entry in {*settled, *([kept] if kept else [])} if entry != newest]
        remove_entries(self._episode.derived[key], gone)
        for entry in gone:
            self._drop_claim(entry.target)

    def _settle_act(self, target: Target, standing: StandingReport, claim: CeasefireClaim) -> None:
        if claim.act not in VIOLATIONS:
            self._ceasefires[claim.ceasefire] = None
            return
        self._keep_counts(((claim.ceasefire, JOINT), (claim.ceasefire, standing.source)), claim)
        self._drop_claim(target)

    def _drop_leading(self, ceasefire: str) -> None:
        """Replace the settled acts that lead a ceasefire by the state after them."""
        leading: dict[ViewKey, int] = {}
        for act in self._episode.views[ceasefire, JOINT].acts:
            if act.published_at >= self.floor:
                break
            both = ((ceasefire, JOINT), (ceasefire, act.source))
            for key in both:
                leading[key] = leading.get(key, 0) + 1
            self._keep_counts(both, act.claim)
            self._drop_claim((act.report_id, act.claim_index))
        for key, acts in leading.items():
            self._episode.views[key].settle(acts)

    def _keep_counts(self, keys: tuple[ViewKey, ...], claim: CeasefireClaim) -> None:
        for key in keys:
            self._episode.views[key].keep_count(claim)
            self.touched.append(("v", self._episode.name, *key))

    def _settle_statement(self, statement: Target, standing: StandingReport, claim: Claim) -> None:
        denial = denial_of(claim, standing.source)
        if denial is None:
            self._drop_claim(statement)
            return
        target, _ = denial
        report_id, _ = target
        denied = self._episode.reports.get(report_id)
        packed = denied is None and self._episode.settled.get(report_id) is not None
        settled = packed or (denied is not None and denied.published_at < self.floor)
        if settled and not standing_figure(self._episode, target):
            drop_denial(self._episode, target, statement)
            self._drop_claim(statement)

    def _drop_denials_of(self, target: Target) -> None:
        """Drop the settled denials of a pruned figure."""
        for statement in list(self._episode.denials.get(target, ())):
            report_id, _ = statement
            if self._episode.reports[report_id].published_at < self.floor:
                drop_denial(self._episode, target, statement)
                self._drop_claim(statement)

    def _drop_claim(self, target: Target) -> None:
        report_id, index = target
        standing = self._episode.reports[report_id]
        claims = list(standing.claims)
        claims[index] = None
        standing.claims = tuple(claims) if any(claims) else ()
        self.touched.append(("r", self._episode.name, report_id))


def prunable_from(published_at: Boxed, claims: Sequence[Claim | None]) -> Boxed:
    """Return the time that the horizon must pass before a report's claims are pruned."""
    time = published_at
    for claim in claims:
        if isinstance(claim, Casualty):
            as_of: Boxed = claim.as_of
            time = max(time, as_of)
    return time


def derived_times(episode: Episode, floor: int) -> dict[CellKey, list[int]]:
    """Return the dates before `floor` of the standing derived figures, sorted, by the cells they are compared with.

    The keys are those of cells without the source, one for each party where a figure is of all.
    """
    by_kind: dict[CellKey, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for key, entries in episode.derived.items():
        if earlier := entries[: bisect_left(entries, (floor,))]:
            by_kind[key[2:]][key[1]].update(entry.as_of for entry in earlier)
    if not by_kind:
        return {}
    times: dict[CellKey, list[int]] = {}
    for key in episode.cells:
        if (by_party := by_kind.get(key[2:])) and key[1] != ALL and key[1:] not in times:
            times[key[1:]] = sorted(by_party.get(ALL, set()) | by_party.get(key[1], set()))
    return times


def needed(cell: Cell, candidates: dict[Target, Entry], times: list[int], floor: int) -> list[Entry]:
    """Return the superseded entries that may count in the cell's value at one of some times."""
    if not times:
        return []
    bases = sorted(entry for entry in candidates.values() if entry.claim.basis == "cumulative")
    if cell.settled is not None:
        bases.append(cell.settled)
    retained = [base for base, later in pairwise(bases) if _one_between(times, base.as_of, later.as_of)]
    for entry in candidates.values():
        if entry.claim.basis != "cumulative":
            end = min(_superseded_from(cell, entry, bases, floor), default=None)
            if end is None or _one_between(times, entry.as_of, end):
                retained.append(entry)
    return retained


def _superseded_from(cell: Cell, increment: Entry, bases: list[Entry], floor: int) -> Iterator[int]:
    """Yield the dates of the settled base and of the settled report of its incident that replace an increment."""
    index = bisect_left(bases, (increment.as_of,))
    if index < len(bases):
        yield bases[index].as_of
    if increment.claim.incident is not None:
        same_incident = cell.incidents[increment.claim.incident]
        later = same_incident[bisect_left(same_incident, increment) + 1 :]
        yield from (entry.as_of for entry in later if _is_settled(entry, floor))


def _is_settled(entry: Entry, floor: int) -> bool:
    return entry.published_at < floor and entry.as_of < floor


def _one_between(times: list[int], start: int, end: int) -> bool:
    """Return whether one of the times is at `start` or later, and before `end`."""
    index = bisect_left(times, start)
    return index < len(times) and times[index] < end


def superseded(cell: Cell, settled: list[Entry], floor: int) -> dict[Target, Entry]:
    """Return the entries that no longer count in the cell once these settle; sets the cell's settled base."""
    kept = cell.settled
    bases = [entry for entry in settled if entry.claim.basis == "cumulative"]
    if bases:
        cell.settled = max(bases if kept is None else [*bases, kept])
        bases += [] if kept is None else [kept]
    gone = {entry.target: entry for entry in bases if entry != cell.settled}
    if cell.settled is not None:
        gone.update((entry.target, entry) for entry in cell.up_to(cell.settled.as_of) if entry.published_at < floor)
    incidents = {entry.claim.incident for entry in settled if entry.claim.incident is not None}
    for incident in incidents & cell.incidents.keys():
        same_incident = [entry for entry in cell.incidents[incident] if _is_settled(entry, floor)]
        gone.update((entry.target, entry) for entry in same_incident[:-1])
    return gone
