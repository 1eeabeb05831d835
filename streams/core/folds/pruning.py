"""Forgetting what is settled and superseded (contract section 2 rule 4).

A report is settled once its standing revision was published before the horizon: nothing can
revise or withdraw it any more, and no claim can come that lies before the horizon. So of a
cell's settled cumulative claims only the greatest can ever count, increments up to it never
will, and the settled claims that lead a view can be kept as the course they came to.
"""

from streams.core.ceasefires.timer_queue import ViewKey
from streams.core.ceasefires.transitions import VIOLATIONS
from streams.core.ceasefires.view import JOINT
from streams.core.counts.cell import Cell, take_out
from streams.core.counts.entry import CellKey, Entry, Target, place
from streams.core.folds.counts import counted_place, denial_of, drop_denial
from streams.core.model import Casualty, CeasefireClaim, Claim, StandingReport
from streams.core.state.episode import Episode
from streams.core.state.step import EntryKey


def forget(episode: Episode, horizon_us: int) -> list[EntryKey]:
    """Drop what newly settled reports supersede; return the ledger entries that changed."""
    settling = _Settling(episode, episode.newest - horizon_us)
    for published_at, report_id in episode.ages.pop_before(settling.floor):
        standing = episode.reports.get(report_id)
        if standing is not None and standing.published_at == published_at:
            settling.report(report_id, standing)
    settling.drop_superseded()
    settling.pack()
    return settling.touched


class _Settling:
    """What settles at once. Lists are cut once for all of it: cut for each claim, they would be moved each time."""

    def __init__(self, episode: Episode, floor: int) -> None:
        self.floor = floor
        self.touched: list[EntryKey] = []
        self._episode = episode
        #: The figures that settle, by cell, and derived ones likewise; the ceasefires of the acts that do.
        self._figures: dict[CellKey, list[Entry]] = {}
        self._derived: dict[CellKey, list[Entry]] = {}
        self._ceasefires: dict[str, None] = {}

    def report(self, report_id: str, standing: StandingReport) -> None:
        """Take a report that settles; what it supersedes goes by `drop_superseded`."""
        standing.statements = None
        self.touched.append(("r", self._episode.name, report_id))
        for index, claim in enumerate(standing.claims):
            at = (report_id, index)
            if isinstance(claim, Casualty):
                key, entry = place(report_id, standing, index, claim)
                (self._derived if claim.basis == "derived" else self._figures).setdefault(key, []).append(entry)
            elif isinstance(claim, CeasefireClaim):
                self._act(at, standing, claim)
            elif claim is not None:
                self._statement(at, standing, claim)

    def drop_superseded(self) -> None:
        """Drop what can never count again, now that all this is settled."""
        for key, entries in self._figures.items():
            gone = superseded(self._episode.cells[key], entries, self.floor)
            self._episode.cells[key].forget(gone)
            for _, _, report_id, index, _ in gone:
                self._drop_claim((report_id, index))
                self._drop_denials_of((report_id, index))
        for key, entries in self._derived.items():
            self._drop_derived(key, entries)
        for ceasefire in self._ceasefires:
            self._drop_leading(ceasefire)

    def pack(self) -> None:
        """Keep of the reports that nothing counts on any more what tells a repeat."""
        reports, settled = self._episode.reports, self._episode.settled
        for _, _, report_id in [key for key in self.touched if key[0] == "r"]:
            standing = reports.get(report_id)
            if standing is not None and not standing.claims:
                settled.add(report_id, standing.revision, standing.digest)
                del reports[report_id]

    def _drop_derived(self, key: CellKey, settled: list[Entry]) -> None:
        """Keep the newest settled derived figure alone."""
        kept = self._episode.settled_derived.get(key)
        newest = self._episode.settled_derived[key] = max(settled if kept is None else [*settled, kept])
        gone = [entry for entry in {*settled, *([kept] if kept else [])} if entry != newest]
        take_out(self._episode.derived[key], gone)
        for _, _, report_id, index, _ in gone:
            self._drop_claim((report_id, index))

    def _act(self, at: Target, standing: StandingReport, claim: CeasefireClaim) -> None:
        if claim.act not in VIOLATIONS:
            self._ceasefires[claim.ceasefire] = None
            return
        self._keep_counts(((claim.ceasefire, JOINT), (claim.ceasefire, standing.source)), claim)
        self._drop_claim(at)

    def _drop_leading(self, ceasefire: str) -> None:
        """Let the settled acts that lead a ceasefire become the course they came to."""
        leading: dict[ViewKey, int] = {}
        for _, published_at, report_id, index, claim, source, _ in self._episode.views[ceasefire, JOINT].done:
            if published_at >= self.floor:
                break
            both = ((ceasefire, JOINT), (ceasefire, source))
            for key in both:
                leading[key] = leading.get(key, 0) + 1
            self._keep_counts(both, claim)
            self._drop_claim((report_id, index))
        for key, acts in leading.items():
            self._episode.views[key].settle(acts)

    def _keep_counts(self, keys: tuple[ViewKey, ...], claim: CeasefireClaim) -> None:
        for key in keys:
            self._episode.views[key].keep_count(claim)
            self.touched.append(("v", self._episode.name, *key))

    def _statement(self, at: Target, standing: StandingReport, claim: Claim) -> None:
        denial = denial_of(claim, standing.source)
        if denial is None:
            self._drop_claim(at)
            return
        target, _ = denial
        denied = self._episode.reports.get(target[0])
        packed = denied is None and self._episode.settled.get(target[0]) is not None
        settled = packed or (denied is not None and denied.published_at < self.floor)
        if settled and not counted_place(self._episode, target):
            drop_denial(self._episode, target, at)
            self._drop_claim(at)

    def _drop_denials_of(self, target: Target) -> None:
        """Drop the settled denials of a figure that is gone for good."""
        for at in list(self._episode.denials.get(target, ())):
            if self._episode.reports[at[0]].published_at < self.floor:
                drop_denial(self._episode, target, at)
                self._drop_claim(at)

    def _drop_claim(self, at: Target) -> None:
        standing = self._episode.reports[at[0]]
        claims = list(standing.claims)
        claims[at[1]] = None
        standing.claims = tuple(claims) if any(claims) else ()
        self.touched.append(("r", self._episode.name, at[0]))


def superseded(cell: Cell, settled: list[Entry], floor: int) -> list[Entry]:
    """Return the entries that can never count again, now that these are settled too; sets the cell's settled base."""
    kept = cell.settled
    bases = [entry for entry in settled if entry[4].basis == "cumulative"]
    if bases:
        cell.settled = max(bases if kept is None else [*bases, kept])
        bases += [] if kept is None else [kept]
    gone = {entry[2:4]: entry for entry in bases if entry != cell.settled}
    if cell.settled is not None:
        gone.update((entry[2:4], entry) for entry in cell.up_to(cell.settled[0]) if entry[1] < floor)
    incidents = {entry[4].incident for entry in settled if entry[4].incident is not None}
    for incident in incidents & cell.incidents.keys():
        told = [entry for entry in cell.incidents[incident] if entry[1] < floor]
        gone.update((entry[2:4], entry) for entry in told[:-1])
    return list(gone.values())
