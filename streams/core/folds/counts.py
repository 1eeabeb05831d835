"""Running counts per source: what a report does to the cells (contract section 3).

The old revision's claims fall, the new one's stand, and each cell that this touched is
compared with what was last published of it.
"""

from bisect import insort

from streams.core.change_records import Figure, Published, count_change
from streams.core.counts.cell import Cell, place_of
from streams.core.counts.entry import CellKey, Denial, Entry, Target, place
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
        _assert(episode, step, step.new, touched)
    changes = [_publish(episode, step, key, touched[key]) for key in sorted(touched)]
    step.casualties = [change for change in changes if change is not None]


def _retract(episode: Episode, step: Step, old: StandingReport, touched: Touched) -> None:
    report_id = step.report_id
    denied = []
    for index, claim in enumerate(old.claims):
        if isinstance(claim, Casualty):
            _fall(episode, step, old, place(report_id, old, index, claim), touched)
        elif denial := denial_of(claim, old.source):
            denied.append((index, denial[0]))
    # After the figures, since a report may have denied one of its own.
    for index, target in denied:
        _allow(episode, step, target, (report_id, index), touched)


def _assert(episode: Episode, step: Step, new: StandingReport, touched: Touched) -> None:
    report_id = step.report_id
    denials = []
    for index, claim in enumerate(new.claims):
        if isinstance(claim, Casualty):
            _stand(episode, step, new, place(report_id, new, index, claim), touched)
        elif denial := denial_of(claim, new.source):
            denials.append((index, denial))
    # After the figures, since a report may deny one of its own.
    for index, denial in denials:
        _deny(episode, step, (report_id, index), denial, touched)


def denial_of(claim: Claim | None, source: str) -> tuple[Target, Denial] | None:
    """Return what a denial refers to and what is kept of it, or None where this is no denial of a claim."""
    if isinstance(claim, Statement) and claim.act == "denied" and claim.refers_to is not None:
        target = claim.refers_to
        return (target.report_id, target.claim), (source, target.revision)
    return None


def counted_place(episode: Episode, target: Target) -> tuple[CellKey, Entry] | None:
    """Return the cell and entry of a standing figure that makes a cell, or None."""
    report_id, index = target
    standing = episode.reports.get(report_id)
    if standing is None or index >= len(standing.claims):
        return None
    claim = standing.claims[index]
    if not isinstance(claim, Casualty) or claim.basis == "derived":
        return None
    return place(report_id, standing, index, claim)


def add_derived(episode: Episode, key: CellKey, entry: Entry) -> None:
    """Record a derived figure; it is never counted."""
    insort(episode.derived.setdefault(key, []), entry)


def drop_derived(episode: Episode, key: CellKey, entry: Entry) -> None:
    """Forget a derived figure."""
    entries = episode.derived[key]
    del entries[place_of(entries, entry)]
    if not entries:
        del episode.derived[key]


def add_denial(episode: Episode, target: Target, place_: Target, denial: Denial) -> None:
    """Record who denies a claim, by which statement, and which revision alone it means."""
    episode.denials.setdefault(target, {})[place_] = denial


def drop_denial(episode: Episode, target: Target, place_: Target) -> Denial:
    """Take a denial back and return it."""
    denials = episode.denials[target]
    denial = denials.pop(place_)
    if not denials:
        del episode.denials[target]
    return denial


def _fall(episode: Episode, step: Step, old: StandingReport, placed: tuple[CellKey, Entry], touched: Touched) -> None:
    key, entry = placed
    if entry[4].basis == "derived":
        drop_derived(episode, key, entry)
        step.undo.append((add_derived, (episode, key, entry)))
        return
    cell = touched[key] = episode.cells[key]
    if episode.denials:
        for source in _deniers(episode, entry, old.revision):
            cell.allow(entry, source)
            step.undo.append((cell.deny, (entry, source)))
    cell.remove(entry)
    step.undo.append((cell.add, (entry,)))


def _stand(episode: Episode, step: Step, new: StandingReport, placed: tuple[CellKey, Entry], touched: Touched) -> None:
    key, entry = placed
    if entry[4].basis == "derived":
        add_derived(episode, key, entry)
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
            cell.deny(entry, source)
            step.undo.append((cell.allow, (entry, source)))


def _allow(episode: Episode, step: Step, target: Target, at: Target, touched: Touched) -> None:
    denial = drop_denial(episode, target, at)
    step.undo.append((add_denial, (episode, target, at, denial)))
    if placed := counted_place(episode, target):
        key, entry = placed
        cell = episode.cells.get(key)
        # The target may be in the very report that now comes: then it does not stand yet.
        if cell is None or cell.disputes is None or target not in cell.disputes.denied:
            return
        if holds(denial, episode.reports[target[0]].revision):
            touched[key] = cell
            cell.allow(entry, denial[0])
            step.undo.append((cell.deny, (entry, denial[0])))


def _deny(episode: Episode, step: Step, at: Target, denial: tuple[Target, Denial], touched: Touched) -> None:
    target, by = denial
    add_denial(episode, target, at, by)
    step.undo.append((drop_denial, (episode, target, at)))
    placed = counted_place(episode, target)
    if placed and holds(by, episode.reports[target[0]].revision):
        key, entry = placed
        cell = touched[key] = episode.cells[key]
        cell.deny(entry, by[0])
        step.undo.append((cell.allow, (entry, by[0])))


def holds(denial: Denial, revision: int) -> bool:
    """Whether a denial means a claim of a report's standing revision."""
    return denial[1] is None or denial[1] == revision


def _deniers(episode: Episode, entry: Entry, revision: int) -> list[str]:
    denials = episode.denials.get((entry[2], entry[3]), {}).values()
    return [denial[0] for denial in denials if holds(denial, revision)]


def _publish(episode: Episode, step: Step, key: CellKey, cell: Cell) -> Published | None:
    after, before = cell.figure(), cell.published
    if after is before or (after is not None and before is not None and after.says(before)):
        return None
    version = cell.version + 1
    step.undo.append((_set_published, (cell, cell.version, before)))
    cell.version, cell.published = version, after
    source, party, outcome, population = key
    step.touched.append(("c", episode.name, source, party, outcome, population))
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
