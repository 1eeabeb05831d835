"""Pruning of settled, superseded claims (contract section 2 rule 4).

A report is settled once its standing revision was published before the horizon: it can no longer be revised or
withdrawn, and no claim from before the horizon is accepted any more. So of a cell's settled cumulative claims only the
greatest can ever count, no increment up to it can, and the settled acts that lead a view are kept as the state after
them.
"""

from streams.core.ceasefires.timer_queue import ViewKey
from streams.core.ceasefires.transitions import VIOLATIONS
from streams.core.ceasefires.view import JOINT
from streams.core.counts.cell import Cell, remove_entries
from streams.core.counts.entry import CellKey, Entry, Target, entry_of
from streams.core.folds.counts import denial_of, drop_denial, standing_figure
from streams.core.model import Casualty, CeasefireClaim, Claim, StandingReport
from streams.core.state.episode import Episode
from streams.core.state.step import EntryKey


def forget(episode: Episode, horizon_us: int) -> list[EntryKey]:
    """Prune what newly settled reports supersede; return the changed ledger entries."""
    pruning = _Pruning(episode, episode.newest - horizon_us)
    for published_at, report_id in episode.horizon_queue.pop_before(pruning.floor):
        standing = episode.reports.get(report_id)
        if standing is not None and standing.published_at == published_at:
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
        for key, entries in self._figures.items():
            gone = superseded(self._episode.cells[key], entries, self.floor)
            self._episode.cells[key].prune(gone)
            for entry in gone:
                self._drop_claim(entry.target)
                self._drop_denials_of(entry.target)
        for key, entries in self._derived.items():
            self._drop_derived(key, entries)
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


def superseded(cell: Cell, settled: list[Entry], floor: int) -> list[Entry]:
    """Return the entries that can never count again once these settle; sets the cell's settled base."""
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
        same_incident = [entry for entry in cell.incidents[incident] if entry.published_at < floor]
        gone.update((entry.target, entry) for entry in same_incident[:-1])
    return list(gone.values())
