"""Forgetting what is settled and superseded (contract section 2 rule 4).

A report is settled once its standing revision was published before the horizon: nothing can
revise or withdraw it any more, and no claim can come that lies before the horizon. So of a
cell's settled cumulative claims only the greatest can ever count, increments up to it never
will, and the settled claims that lead a view can be kept as the course they came to.
"""

from streams.core.ceasefire import VIOLATIONS
from streams.core.cell import Cell, Entry
from streams.core.claims import Casualty, CeasefireClaim, Claim
from streams.core.counts import counted_place, denial_of, drop_denial, drop_derived, place
from streams.core.episode import EntryKey, Episode, Standing, Target
from streams.core.views import JOINT
from streams.core.waiting import ViewKey


def forget(episode: Episode, horizon_us: int) -> list[EntryKey]:
    """Drop what newly settled reports supersede; return the ledger entries that changed."""
    floor = episode.newest - horizon_us
    touched: list[EntryKey] = []
    for published_at, report_id in episode.ages.pop_before(floor):
        standing = episode.reports.get(report_id)
        if standing is not None and standing.published_at == published_at:
            _settle(episode, report_id, standing, floor, touched)
    return touched


def _settle(episode: Episode, report_id: str, standing: Standing, floor: int, touched: list[EntryKey]) -> None:
    standing.statements = None
    touched.append(("r", episode.name, report_id))
    for index in range(len(standing.claims)):
        # Looked at anew each time: one claim may have dropped another of the same report.
        claim = standing.claims[index] if standing.claims else None
        if claim is None:
            continue
        at = (report_id, index)
        if isinstance(claim, Casualty):
            _settle_figure(episode, at, claim, floor, touched)
        elif isinstance(claim, CeasefireClaim):
            _settle_act(episode, at, claim, floor, touched)
        else:
            _settle_statement(episode, at, claim, floor, touched)


def _settle_figure(episode: Episode, at: Target, claim: Casualty, floor: int, touched: list[EntryKey]) -> None:
    key, entry = place(at[0], episode.reports[at[0]], at[1], claim)
    if claim.basis == "derived":
        entries = episode.derived[key]
        newest = max(e for e in entries if e[1] < floor)
        for old in [e for e in entries if e[1] < floor and e is not newest and e < newest]:
            drop_derived(episode, key, old)
            _drop_claim(episode, (old[2], old[3]), touched)
        return
    cell = episode.cells[key]
    for old in superseded(cell, entry, floor):
        cell.denied.pop((old[2], old[3]), None)
        cell.remove(old)
        _drop_claim(episode, (old[2], old[3]), touched)
        _drop_denials_of(episode, (old[2], old[3]), floor, touched)


def superseded(cell: Cell, entry: Entry, floor: int) -> list[Entry]:
    """Return the settled entries that can never count again, now that `entry` is settled."""
    kept = cell.settled
    if entry[4].basis == "cumulative":
        if kept is not None and entry < kept:
            return [entry]
        cell.settled = entry
        gone = [] if kept is None or kept == entry else [kept]
        return gone + [i for i in cell.up_to(entry[0]) if i[1] < floor]
    if kept is not None and entry[0] <= kept[0]:
        return [entry]
    if entry[4].incident is None:
        return []
    told = [i for i in cell.incidents[entry[4].incident] if i[1] < floor]
    return told[:-1]


def _settle_act(episode: Episode, at: Target, claim: CeasefireClaim, floor: int, touched: list[EntryKey]) -> None:
    keys: tuple[ViewKey, ...] = (
        (claim.ceasefire, JOINT),
        (claim.ceasefire, episode.reports[at[0]].source),
    )
    if claim.act in VIOLATIONS:
        _keep_counts(episode, keys, claim, touched)
        _drop_claim(episode, at, touched)
        return
    joint = episode.views[keys[0]]
    while joint.done and joint.done[0][1] < floor:
        _, _, report_id, index, leading, source, _ = joint.done[0]
        both = (keys[0], (leading.ceasefire, source))
        for key in both:
            episode.views[key].settle_first()
        _keep_counts(episode, both, leading, touched)
        _drop_claim(episode, (report_id, index), touched)


def _keep_counts(episode: Episode, keys: tuple[ViewKey, ...], claim: CeasefireClaim, touched: list[EntryKey]) -> None:
    for key in keys:
        episode.views[key].keep_count(claim)
        touched.append(("v", episode.name, *key))


def _settle_statement(episode: Episode, at: Target, claim: Claim, floor: int, touched: list[EntryKey]) -> None:
    denial = denial_of(claim, episode.reports[at[0]].source)
    if denial is None:
        _drop_claim(episode, at, touched)
        return
    target, _ = denial
    denied = episode.reports.get(target[0])
    if denied is not None and denied.published_at < floor and not counted_place(episode, target):
        drop_denial(episode, target, at)
        _drop_claim(episode, at, touched)


def _drop_denials_of(episode: Episode, target: Target, floor: int, touched: list[EntryKey]) -> None:
    """Drop the settled denials of a figure that is gone for good."""
    for at in list(episode.denials.get(target, ())):
        if episode.reports[at[0]].published_at < floor:
            drop_denial(episode, target, at)
            _drop_claim(episode, at, touched)


def _drop_claim(episode: Episode, at: Target, touched: list[EntryKey]) -> None:
    standing = episode.reports[at[0]]
    claims = list(standing.claims)
    claims[at[1]] = None
    standing.claims = tuple(claims) if any(claims) else ()
    touched.append(("r", episode.name, at[0]))
