"""The fold of casualty claims and denials into the cells of an episode (contract section 3).

The old revision's claims are retracted, the new one's applied. Each touched cell is then compared with its last
published value.
"""

from bisect import insort

from streams.core.change_records import Figure, Published, count_change
from streams.core.counts.cell import Cell, index_of
from streams.core.counts.entry import CellKey, Denial, Entry, Target, entry_of
from streams.core.model import Casualty, Claim, StandingReport, Statement
from streams.core.state.episode import Episode
from streams.core.state.step import Step

Touched = dict[CellKey, Cell]


def fold(episode: Episode, step: Step) -> None:
    """Fill `step.casualties`: at most one change a cell, sorted by cell."""
    touched: Touched = {}
    if step.old is not None:
        _retract(episode, step, step.old, touched)
    if step.new is not None:
        _apply(episode, step, step.new, touched)
    changes = [_publish(episode, step, key, touched[key]) for key in sorted(touched)]
    step.casualties = [change for change in changes if change is not None]


def _retract(episode: Episode, step: Step, old: StandingReport, touched: Touched) -> None:
    report_id = step.report_id
    denied = []
    for index, claim in enumerate(old.claims):
        if isinstance(claim, Casualty):
            _retract_figure(episode, step, old, entry_of(report_id, old, index, claim), touched)
        elif denial := denial_of(claim, old.source):
            denied.append((index, denial[0]))
    # After the figures, since a report may have denied one of its own.
    for index, target in denied:
        _retract_denial(episode, step, target, (report_id, index), touched)


def _apply(episode: Episode, step: Step, new: StandingReport, touched: Touched) -> None:
    report_id = step.report_id
    denials = []
    for index, claim in enumerate(new.claims):
        if isinstance(claim, Casualty):
            _apply_figure(episode, step, new, entry_of(report_id, new, index, claim), touched)
        elif denial := denial_of(claim, new.source):
            denials.append((index, denial))
    # After the figures, since a report may deny one of its own.
    for index, denial in denials:
        _apply_denial(episode, step, (report_id, index), denial, touched)


def denial_of(claim: Claim | None, source: str) -> tuple[Target, Denial] | None:
    """Return the denied claim and the denial, None if the claim is no denial of a claim."""
    if isinstance(claim, Statement) and claim.act == "denied" and claim.refers_to is not None:
        target = claim.refers_to
        return (target.report_id, target.claim), Denial(source, target.revision)
    return None


def standing_figure(episode: Episode, target: Target) -> tuple[CellKey, Entry] | None:
    """Return the cell and entry of a standing figure; None for derived figures and other claims."""
    report_id, index = target
    standing = episode.reports.get(report_id)
    if standing is None or index >= len(standing.claims):
        return None
    claim = standing.claims[index]
    if not isinstance(claim, Casualty) or claim.basis == "derived":
        return None
    return entry_of(report_id, standing, index, claim)


def record_derived(episode: Episode, key: CellKey, entry: Entry) -> None:
    """Record a derived figure; it is never counted."""
    insort(episode.derived.setdefault(key, []), entry)


def drop_derived(episode: Episode, key: CellKey, entry: Entry) -> None:
    """Remove a derived figure that was recorded."""
    entries = episode.derived[key]
    del entries[index_of(entries, entry)]
    if not entries:
        del episode.derived[key]


def record_denial(episode: Episode, target: Target, statement: Target, denial: Denial) -> None:
    """Record a denial of a claim under the statement that makes it."""
    episode.denials.setdefault(target, {})[statement] = denial


def drop_denial(episode: Episode, target: Target, statement: Target) -> Denial:
    """Remove a denial that was recorded, and return it."""
    denials = episode.denials[target]
    denial = denials.pop(statement)
    if not denials:
        del episode.denials[target]
    return denial


def _retract_figure(
    episode: Episode, step: Step, old: StandingReport, figure: tuple[CellKey, Entry], touched: Touched
) -> None:
    key, entry = figure
    if entry.claim.basis == "derived":
        drop_derived(episode, key, entry)
        step.undo.append((record_derived, (episode, key, entry)))
        return
    cell = touched[key] = episode.cells[key]
    if episode.denials:
        for source in _deniers(episode, entry, old.revision):
            cell.remove_denial(entry, source)
            step.undo.append((cell.add_denial, (entry, source)))
    cell.remove(entry)
    step.undo.append((cell.add, (entry,)))


def _apply_figure(
    episode: Episode, step: Step, new: StandingReport, figure: tuple[CellKey, Entry], touched: Touched
) -> None:
    key, entry = figure
    if entry.claim.basis == "derived":
        record_derived(episode, key, entry)
        step.undo.append((drop_derived, (episode, key, entry)))
        return
    cell = episode.cells.get(key)
    if cell is None:
        cell = Cell()
        episode.cells[key] = cell
        step.undo.append((episode.cells.pop, (key,)))
    touched[key] = cell
    cell.add(entry)
    step.undo.append((cell.remove, (entry,)))
    if episode.denials:
        for source in _deniers(episode, entry, new.revision):
            cell.add_denial(entry, source)
            step.undo.append((cell.remove_denial, (entry, source)))


def _retract_denial(episode: Episode, step: Step, target: Target, statement: Target, touched: Touched) -> None:
    denial = drop_denial(episode, target, statement)
    step.undo.append((record_denial, (episode, target, statement, denial)))
    if figure := standing_figure(episode, target):
        key, entry = figure
        cell = episode.cells.get(key)
        # The target may be in the very report that replaces this one: then it is not in its cell yet.
        if cell is None or cell.disputes is None or target not in cell.disputes.denied:
            return
        if denial.applies_to(episode.reports[entry.report_id].revision):
            touched[key] = cell
            cell.remove_denial(entry, denial.source)
            step.undo.append((cell.add_denial, (entry, denial.source)))


def _apply_denial(
    episode: Episode, step: Step, statement: Target, denies: tuple[Target, Denial], touched: Touched
) -> None:
    target, denial = denies
    record_denial(episode, target, statement, denial)
    step.undo.append((drop_denial, (episode, target, statement)))
    figure = standing_figure(episode, target)
    if figure is not None:
        key, entry = figure
        if denial.applies_to(episode.reports[entry.report_id].revision):
            cell = touched[key] = episode.cells[key]
            cell.add_denial(entry, denial.source)
            step.undo.append((cell.remove_denial, (entry, denial.source)))


def _deniers(episode: Episode, entry: Entry, revision: int) -> list[str]:
    denials = episode.denials.get(entry.target, {}).values()
    return [denial.source for denial in denials if denial.applies_to(revision)]


def _publish(episode: Episode, step: Step, key: CellKey, cell: Cell) -> Published | None:
    after, before = cell.figure(), cell.published
    if after is before or (after is not None and before is not None and after.same_as(before)):
        return None
    version = cell.version + 1
    step.undo.append((_set_published, (cell, cell.version, before)))
    cell.version, cell.published = version, after
    step.touched.append(("c", episode.name, *key))
    return count_change(episode.name, key, version, _kind(version, before, after), before, after, step.cause())


def _set_published(cell: Cell, version: int, value: Figure | None) -> None:
    cell.version = version
    cell.published = value


def _kind(version: int, before: Figure | None, after: Figure | None) -> str:  # noqa: PLR0911 - the first that applies
    if version == 1:
        return "first"
    if before is None:
        return "restored"
    if after is None:
        return "withdrawn"
    if after.best != before.best:
        return "up" if after.best > before.best else "down"
    if after.low != before.low or after.high != before.high:
        return "bounds"
    if after.disputed_by != before.disputed_by:
        new = set(after.disputed_by) - set(before.disputed_by)
        return "disputed" if new else "undisputed"
    return "final"
