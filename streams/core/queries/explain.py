"""Why a figure is what it is: every claim about it, and what became of each.

A chronicle keeps an episode's messages whole and forgets nothing, so that an analyst can
defend each number: base, increments, what was superseded, replaced, withdrawn, disputed or
refused, and a ceasefire's steps in order. It is made from the log, not from the ledger.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from streams.core import change_records
from streams.core.ceasefires.timer_queue import ViewKey
from streams.core.ceasefires.transitions import SETS_TIMES, START, CeasefireState, claim_done, fired, timers
from streams.core.ceasefires.view import AppliedAct, View, view_name
from streams.core.counts.cell import Cell
from streams.core.counts.entry import CellKey, Entry, Target, place
from streams.core.folds.ceasefires import places
from streams.core.ledger import Ledger
from streams.core.model import Casualty, CeasefireClaim, Change, Message, Report, StandingReport
from streams.core.parse import Refusal
from streams.core.source_registry import Registry
from streams.core.state.step import Outcome, Step
from streams.core.times import format_time

Explanation = dict[str, Any]
#: Where a report lies: topic, partition and offset on a log, file and line in a file.
OriginRecord = dict[str, Any]
CASUALTY_FIELDS = ("best", "low", "high", "qualifier", "basis", "final", "incident")


class _LoggedReport(NamedTuple):
    """A report as it came, and where it lies."""

    report: Report
    origin: OriginRecord | None

    def account(self, claim: int) -> Explanation:
        """Return who made a claim of it, and where that can be read."""
        report = self.report
        found = {
            "report_id": report.report_id,
            "revision": report.revision,
            "claim": claim,
            "source": report.source,
            "relayed_by": report.relayed_by,
            "url": report.url,
            "headline": report.headline,
            "published_at": format_time(report.published_at),
        }
        return found if self.origin is None else found | {"origin": self.origin}

    def standing(self) -> StandingReport:
        """Return how it stood, or would have stood."""
        report = self.report
        return StandingReport(
            report.revision, report.digest, report.published_at, report.source, report.withdrawn, report.claims
        )

    def figures(self) -> Iterator[tuple[CellKey, Entry]]:
        """Yield its figures that make a cell."""
        standing = self.standing()
        for index, claim in enumerate(self.report.claims):
            if isinstance(claim, Casualty) and claim.basis != "derived":
                yield place(self.report.report_id, standing, index, claim)

    def acts(self, registry: Registry) -> list[tuple[ViewKey, AppliedAct]]:
        """Return what it says of ceasefires, once for each view that this belongs to."""
        return places(self.report.report_id, self.standing(), registry)


class EpisodeHistory:
    """One episode, told from its log."""

    def __init__(self, episode: str, registry: Registry, *, horizon_us: int) -> None:
        self.episode = episode
        self._ledger = Ledger(registry, horizon_us=horizon_us)
        self._reports: dict[tuple[str, int], _LoggedReport] = {}
        self._refused: list[tuple[_LoggedReport, Refusal]] = []
        self._changes: list[tuple[str, Change]] = []

    def take(self, message: Message, origin: OriginRecord | None = None) -> Step | Refusal:
        """Take the episode's next message; a refusal is part of the story and is returned."""
        try:
            step = self._ledger.take(message, _on_a_log(origin))
        except Refusal as refusal:
            return self.refuse(message, refusal, origin)
        if step.outcome is Outcome.ACCEPTED and isinstance(message, Report):
            self._reports[message.report_id, message.revision] = _LoggedReport(message, origin)
        self._changes += step.changes()
        return step

    def refuse(self, message: Message, refusal: Refusal, origin: OriginRecord | None = None) -> Refusal:
        """Note a message that was refused before it came as far as the fold."""
        if isinstance(message, Report):
            self._refused.append((_LoggedReport(message, origin), refusal))
        return refusal

    def picture(self) -> Explanation:
        """Return the episode's picture. Raises KeyError where no report was accepted."""
        return self._ledger.picture(self.episode)

    def account(self) -> Explanation:
        """Return the accounts of all cells and ceasefire views. Raises KeyError as `picture`."""
        episode = self._ledger.episode(self.episode)
        return {
            "episode": self.episode,
            "clock": format_time(episode.clock),
            "cells": [self.cell(key) for key in self.cells()],
            "ceasefires": [self.ceasefire(*key) for key in self.views()],
        }

    def cells(self) -> list[CellKey]:
        """Return all cells, sorted; those too of which nothing but refused claims speak. Raises as `picture`."""
        refused = {key for told, _ in self._refused for key, _ in told.figures()}
        return sorted(self._ledger.episode(self.episode).cells.keys() | refused)

    def views(self) -> list[ViewKey]:
        """Return all ceasefire views, sorted, as `cells`. Raises as `picture`."""
        refused = {key for told, _ in self._refused for key, _ in told.acts(self._ledger.registry)}
        return sorted(self._ledger.episode(self.episode).views.keys() | refused)

    def cell(self, key: CellKey) -> Explanation:
        """Return why a cell has its value. Raises KeyError where there is no such cell."""
        episode = self._ledger.episode(self.episode)
        refused = [*self._refused_figures(key)]
        cell = episode.cells[key] if key in episode.cells or not refused else Cell()
        source, party, outcome, population = key
        counted = {entry[:4] for entry in cell.counted()}
        base = cell.bases[-1] if cell.bases else None
        return {
            "source": source,
            "party": party,
            "outcome": outcome,
            "population": population,
            "value": cell.value(),
            "version": cell.version,
            "base": base and self._told(base),
            "increments": [
                {**self._told(e), "adds_to": _adds_to(e, base)} for e in cell.increments if e[:4] in counted
            ],
            "superseded": [
                {**self._told(e), "why": self._why_superseded(cell, e)}
                for e in sorted([*cell.bases, *cell.increments])
                if e[:4] not in counted
            ],
            "replaced": [*self._replaced_figures(key)],
            "disputed": [*self._denials(cell)],
            "refused": refused,
            "changes": self._changes_of("casualties", "source", "party", "outcome", "population", named=key),
        }

    def ceasefire(self, ceasefire: str, source: str = "") -> Explanation:
        """Return how a view came to its status, step by step; source "" is the joint view."""
        episode = self._ledger.episode(self.episode)
        key = (ceasefire, source)
        refused = [*self._refused_acts(key)]
        view = episode.views[key] if key in episode.views or not refused else View()
        named = (ceasefire, view_name(source))
        return {
            "ceasefire": ceasefire,
            "view": named[1],
            "value": view.value(episode.clock),
            "version": view.version,
            "steps": [*self._steps(key, episode.clock)],
            "replaced": [*self._replaced_acts(key)],
            "refused": refused,
            "changes": self._changes_of("ceasefires", "ceasefire", "view", named=named),
        }

    def _told(self, entry: Entry) -> Explanation:
        as_of, _, report_id, index, claim = entry
        revision = self._ledger.episode(self.episode).reports[report_id].revision
        return _figure(as_of, claim) | self._report(report_id, revision, index)

    def _report(self, report_id: str, revision: int, claim: int) -> Explanation:
        return self._reports[report_id, revision].account(claim)

    def _why_superseded(self, cell: Cell, entry: Entry) -> str:
        base = cell.bases[-1] if cell.bases else None
        if base is not None and entry[4].basis == "cumulative":
            return f"the cumulative figure of {base[2]} is later"
        if base is not None and entry[0] <= base[0]:
            return f"dated no later than the cumulative figure of {base[2]}, which contains it"
        return f"the incident {entry[4].incident} is told again by a later claim"

    def _no_longer(self) -> Iterator[tuple[_LoggedReport, Explanation]]:
        """Yield the revisions that no longer stand, and what became of each."""
        for ((report_id, _), told), ((next_id, next_revision), after) in pairwise(sorted(self._reports.items())):
            if next_id == report_id:
                what = "withdrawn" if after.report.withdrawn else "replaced"
                yield told, {"why": f"{what} by revision {next_revision}"}

    def _replaced_figures(self, key: CellKey) -> Iterator[Explanation]:
        for told, why in self._no_longer():
            yield from (_figure(e[0], e[4]) | told.account(e[3]) | why for cell, e in told.figures() if cell == key)

    def _replaced_acts(self, key: ViewKey) -> Iterator[Explanation]:
        for told, why in self._no_longer():
            acts = told.acts(self._ledger.registry)
            yield from (_act(done) | told.account(done[3]) | why for view, done in acts if view == key)

    def _denials(self, cell: Cell) -> Iterator[Explanation]:
        episode = self._ledger.episode(self.episode)
        for entry in cell.counted():
            target: Target = (entry[2], entry[3])
            for (report_id, index), (_, revision) in sorted(episode.denials.get(target, {}).items()):
                if revision in {None, episode.reports[entry[2]].revision}:
                    standing = episode.reports[report_id]
                    denies = {"denies": {"report_id": target[0], "claim": target[1]}}
                    yield self._report(report_id, standing.revision, index) | denies

    def _refused_figures(self, key: CellKey) -> Iterator[Explanation]:
        for told, refusal in self._refused:
            why = {"code": refusal.code, "why": refusal.message}
            yield from (_figure(e[0], e[4]) | told.account(e[3]) | why for cell, e in told.figures() if cell == key)

    def _refused_acts(self, key: ViewKey) -> Iterator[Explanation]:
        for told, refusal in self._refused:
            why = {"code": refusal.code, "why": refusal.message}
            acts = told.acts(self._ledger.registry)
            yield from (_act(done) | told.account(done[3]) | why for view, done in acts if view == key)

    def _steps(self, key: ViewKey, clock: int) -> Iterator[Explanation]:
        episode = self._ledger.episode(self.episode)
        acts = sorted(
            done
            for report_id, standing in episode.reports.items()
            for view, done in places(report_id, standing, self._ledger.registry)
            if view == key
        )
        course = START
        #: By timer: the act that set it.
        set_by: dict[str, Explanation] = {}
        for done in acts:
            yield from _timer_steps(course, done[0], set_by)
            course = timers(course, done[0])
            after = claim_done(course, *done[4:])
            said = self._report(done[2], episode.reports[done[2]].revision, done[3])
            yield _act(done) | {"before": course.status, "after": after.status} | said
            for timer in _timers_set(done[4], after):
                set_by[timer] = said
            course = after
        yield from _timer_steps(course, clock, set_by)

    def _changes_of(self, topic: str, *fields: str, named: tuple[str, ...]) -> list[Change]:
        return [c for t, c in self._changes if t == topic and tuple(c[field] for field in fields) == named]


def _figure(as_of: int, claim: Casualty) -> Explanation:
    return {"as_of": format_time(as_of), "since": _time(claim.since)} | {f: getattr(claim, f) for f in CASUALTY_FIELDS}


def _adds_to(entry: Entry, base: Entry | None) -> str:
    since = entry[4].since
    return "high" if base is not None and since is not None and since < base[0] else "best, low, high"


def _timers_set(claim: CeasefireClaim, after: CeasefireState) -> Iterator[str]:
    """Yield the timers of a course that are what a claim says."""
    for timer in ("effective_at", "expires_at") if claim.act in SETS_TIMES else ():
        said = getattr(claim, timer)
        if said is not None and said == getattr(after, timer):
            yield timer


def _timer_steps(course: CeasefireState, until: int, set_by: dict[str, Explanation]) -> Iterator[Explanation]:
    """Yield what fires by itself up to and with `until`."""
    for timer, after in fired(course, until):
        step = {"timer": timer, "at": _time(after.since), "before": course.status, "after": after.status}
        yield step | {"set_by": set_by[timer]}
        course = after


def _on_a_log(origin: OriginRecord | None) -> change_records.Origin | None:
    """Return where a report lies as a change says it: only of a log (contract section 6)."""
    return (origin["topic"], origin["partition"], origin["offset"]) if origin and "topic" in origin else None


def _time(us: int | None) -> str | None:
    return None if us is None else format_time(us)


def _act(done: AppliedAct) -> Explanation:
    claim: CeasefireClaim = done[4]
    return {
        "act": claim.act,
        "at": format_time(claim.at),
        "by": done[6],
        "against": claim.against,
        "text": claim.text,
    }
