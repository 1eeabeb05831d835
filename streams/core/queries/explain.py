"""The explanation of a figure: every claim about it, and its outcome.

An `EpisodeHistory` keeps an episode's messages whole and prunes nothing, so that an analyst can defend each number:
base, increments, superseded, replaced, withdrawn, disputed and refused claims, and a ceasefire's steps in order.
It is built from the log, not from the ledger.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import orjson
from msgspec import structs

from streams.core import change_records
from streams.core.ceasefires.timer_queue import ViewKey
from streams.core.ceasefires.transitions import SETS_TIMES, START, CeasefireState, apply_claim, fired_timers, run_timers
from streams.core.ceasefires.view import AppliedAct, View, view_name
from streams.core.counts.cell import Cell
from streams.core.counts.entry import CellKey, Entry, cell_fields, entry_of
from streams.core.counts.repeats import repeated_by
from streams.core.folds.ceasefires import applied_acts
from streams.core.ledger import Ledger
from streams.core.model import Casualty, CeasefireClaim, Change, Message, Report, StandingReport
from streams.core.parse import Refusal
from streams.core.source_registry import Registry
from streams.core.state.step import Outcome, Step
from streams.core.times import format_time

Explanation = dict[str, Any]
#: A report's position: topic, partition and offset on a log, file and line in a file.
OriginRecord = dict[str, Any]
#: The fields of a figure in an explanation, besides its dates.
CASUALTY_FIELDS = ("best", "low", "high", "qualifier", "basis", "final", "incident")


class _LoggedReport(NamedTuple):
    """A report as it was received, and its position."""

    report: Report
    origin: OriginRecord | None

    def claim_origin(self, claim: int) -> Explanation:
        """Return the source of one of its claims, and where to read it."""
        report = self.report
        named: Explanation = {
            "report_id": report.report_id,
            "revision": report.revision,
            "claim": claim,
            "source": report.source,
            "relayed_by": report.relayed_by,
            "url": report.url,
            "headline": report.headline,
            "published_at": format_time(report.published_at),
        }
        detail = report.detail(claim)
        named |= {
            name: value for name, value in (("place", detail.place), ("quote", detail.quote)) if value is not None
        }
        if report.document is not None:
            named["document"] = structs.asdict(report.document)
        return named if self.origin is None else named | {"origin": self.origin}

    def standing(self) -> StandingReport:
        """Return it as a standing report, also if it was refused."""
        report = self.report
        return StandingReport(
            report.revision, report.digest, report.published_at, report.source, report.withdrawn, report.claims
        )

    def figures(self) -> Iterator[tuple[CellKey, Entry]]:
        """Yield its figures that belong to a cell."""
        standing = self.standing()
        for index, claim in enumerate(self.report.claims):
            if isinstance(claim, Casualty) and claim.basis != "derived":
                yield entry_of(self.report.report_id, standing, index, claim)

    def acts(self, registry: Registry) -> list[tuple[ViewKey, AppliedAct]]:
        """Return its ceasefire claims, once for each view they belong to."""
        return applied_acts(self.report.report_id, self.standing(), registry)


class EpisodeHistory:
    """The history of one episode, built from its log."""

    def __init__(
        self,
        episode: str,
        registry: Registry,
        *,
        horizon_us: int,
        decode: Callable[[bytes], Any] = orjson.loads,
    ) -> None:
        """`decode` is called on the JSON of each change that is asked for."""
        self.episode = episode
        self._decode = decode
        self._ledger = Ledger(registry, horizon_us=horizon_us)
        self._reports: dict[tuple[str, int], _LoggedReport] = {}
        self._refused: list[tuple[_LoggedReport, Refusal]] = []
        #: The JSON of changes by topic and id without version: parsed, it takes five times as much memory.
        self._changes: defaultdict[tuple[str, str], list[bytes]] = defaultdict(list)

    def take(self, message: Message, origin: OriginRecord | None = None) -> Step | Refusal:
        """Take the episode's next message; a refusal is recorded and returned."""
        try:
            step = self._ledger.take(message, _log_origin(origin))
        except Refusal as refusal:
            return self.refuse(message, refusal, origin)
        if step.outcome is Outcome.ACCEPTED and isinstance(message, Report):
            self._reports[message.report_id, message.revision] = _LoggedReport(message, origin)
        for topic, change_id, json in step.published():
            self._changes[topic, change_id.rpartition("@")[0]].append(json)
        return step

    def refuse(self, message: Message, refusal: Refusal, origin: OriginRecord | None = None) -> Refusal:
        """Record a message that was refused before the fold."""
        if isinstance(message, Report):
            self._refused.append((_LoggedReport(message, origin), refusal))
        return refusal

    def picture(self) -> Explanation:
        """Return the episode's picture. Raises KeyError if no report was accepted."""
        return self._ledger.picture(self.episode)

    def explain(self) -> Explanation:
        """Return the explanations of all cells and ceasefire views. Raises KeyError as `picture`."""
        episode = self._ledger.episode(self.episode)
        return {
            "episode": self.episode,
            "clock": format_time(episode.clock),
            "cells": [self.cell(key) for key in self.cells()],
            "ceasefires": [self.ceasefire(*key) for key in self.views()],
        }

    def cells(self) -> list[CellKey]:
        """Return all cells, sorted, also those with refused claims alone. Raises as `picture`."""
        refused = {key for logged, _ in self._refused for key, _ in logged.figures()}
        return sorted(self._ledger.episode(self.episode).cells.keys() | refused)

    def views(self) -> list[ViewKey]:
        """Return all ceasefire views, sorted, as `cells`. Raises as `picture`."""
        refused = {key for logged, _ in self._refused for key, _ in logged.acts(self._ledger.registry)}
        return sorted(self._ledger.episode(self.episode).views.keys() | refused)

    def cell(self, key: CellKey) -> Explanation:
        """Return the explanation of a cell's value. Raises KeyError if there is no such cell."""
        episode = self._ledger.episode(self.episode)
        refused = [*self._refused_figures(key)]
        cell = episode.cells[key] if key in episode.cells or not refused else Cell()
        counted = {entry.target for entry in cell.counted()}
        base = cell.bases[-1] if cell.bases else None
        return {
            **cell_fields(key),
            "value": cell.value(),
            "version": cell.version,
            "base": base and self._counted_figure(base),
            **self._repeats(cell),
            "increments": [
                {**self._counted_figure(entry), "adds_to": _adds_to(entry, base)}
                for entry in cell.increments
                if entry.target in counted
            ],
            "superseded": [
                {**self._counted_figure(entry), "why": self._why_superseded(cell, entry)}
                for entry in sorted([*cell.bases, *cell.increments])
                if entry.target not in counted
            ],
            "replaced": [*self._replaced_figures(key)],
            "disputed": [*self._denials(cell)],
            "refused": refused,
            "changes": self._changes_of("casualties", change_records.cell_id(self.episode, key)),
        }

    def ceasefire(self, ceasefire: str, source: str = "") -> Explanation:
        """Return the steps that led to a view's status; source "" is the joint view."""
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
            "changes": self._changes_of("ceasefires", change_records.view_id(self.episode, *named)),
        }

    def _counted_figure(self, entry: Entry) -> Explanation:
        revision = self._ledger.episode(self.episode).reports[entry.report_id].revision
        return _figure(entry) | self._claim_origin(entry.report_id, revision, entry.claim_index)

    def _repeats(self, cell: Cell) -> Explanation:
        """Return the earlier figure that the base repeats as `repeats`, nothing if it repeats none."""
        repeated = repeated_by(cell.bases)
        return {} if repeated is None else {"repeats": self._counted_figure(repeated)}

    def _claim_origin(self, report_id: str, revision: int, claim: int) -> Explanation:
        return self._reports[report_id, revision].claim_origin(claim)

    def _why_superseded(self, cell: Cell, entry: Entry) -> str:
        base = cell.bases[-1] if cell.bases else None
        if base is not None and entry.claim.basis == "cumulative":
            return f"the cumulative figure of {base.report_id} is later"
        if base is not None and entry.as_of <= base.as_of:
            return f"dated no later than the cumulative figure of {base.report_id}, which contains it"
        return f"a later claim reports the incident {entry.claim.incident} again"

    def _no_longer(self) -> Iterator[tuple[_LoggedReport, Explanation]]:
        """Yield the revisions that were replaced or withdrawn, and why."""
        for ((report_id, _), logged), ((next_id, next_revision), after) in pairwise(sorted(self._reports.items())):
            if next_id == report_id:
                verb = "withdrawn" if after.report.withdrawn else "replaced"
                yield logged, {"why": f"{verb} by revision {next_revision}"}

    def _replaced_figures(self, key: CellKey) -> Iterator[Explanation]:
        for logged, why in self._no_longer():
            yield from (_logged_figure(logged, entry) | why for cell, entry in logged.figures() if cell == key)

    def _replaced_acts(self, key: ViewKey) -> Iterator[Explanation]:
        for logged, why in self._no_longer():
            acts = logged.acts(self._ledger.registry)
            yield from (_logged_act(logged, act) | why for view, act in acts if view == key)

    def _denials(self, cell: Cell) -> Iterator[Explanation]:
        episode = self._ledger.episode(self.episode)
        for entry in cell.counted():
            denies = {"denies": {"report_id": entry.report_id, "claim": entry.claim_index}}
            for (report_id, index), denial in sorted(episode.denials.get(entry.target, {}).items()):
                if denial.applies_to(episode.reports[entry.report_id].revision):
                    revision = episode.reports[report_id].revision
                    yield self._claim_origin(report_id, revision, index) | denies

    def _refused_figures(self, key: CellKey) -> Iterator[Explanation]:
        for logged, refusal in self._refused:
            why = {"code": refusal.code, "why": refusal.message}
            yield from (_logged_figure(logged, entry) | why for cell, entry in logged.figures() if cell == key)

    def _refused_acts(self, key: ViewKey) -> Iterator[Explanation]:
        for logged, refusal in self._refused:
            why = {"code": refusal.code, "why": refusal.message}
            acts = logged.acts(self._ledger.registry)
            yield from (_logged_act(logged, act) | why for view, act in acts if view == key)

    def _steps(self, key: ViewKey, clock: int) -> Iterator[Explanation]:
        episode = self._ledger.episode(self.episode)
        acts = sorted(
            act
            for report_id, standing in episode.reports.items()
            for view, act in applied_acts(report_id, standing, self._ledger.registry)
            if view == key
        )
        state = START
        #: The act that set each timer.
        set_by: dict[str, Explanation] = {}
        for act in acts:
            yield from _timer_steps(state, act.at, set_by)
            state = run_timers(state, act.at)
            after = apply_claim(state, act.claim, act.source, act.by, bystander=act.bystander)
            origin = self._claim_origin(act.report_id, episode.reports[act.report_id].revision, act.claim_index)
            yield _act(act) | {"before": state.status, "after": after.status} | origin
            for timer in _timers_set(act.claim, after):
                set_by[timer] = origin
            state = after
        yield from _timer_steps(state, clock, set_by)

    def _changes_of(self, topic: str, subject: str) -> list[Change]:
        return [self._decode(json) for json in self._changes.get((topic, subject), ())]


def _figure(entry: Entry) -> Explanation:
    claim = entry.claim
    times = {"as_of": format_time(entry.as_of), "since": _time(claim.since)}
    return times | {field: getattr(claim, field) for field in CASUALTY_FIELDS}


def _logged_figure(logged: _LoggedReport, entry: Entry) -> Explanation:
    return _figure(entry) | logged.claim_origin(entry.claim_index)


def _logged_act(logged: _LoggedReport, act: AppliedAct) -> Explanation:
    return _act(act) | logged.claim_origin(act.claim_index)


def _adds_to(entry: Entry, base: Entry | None) -> str:
    since = entry.claim.since
    return "high" if base is not None and since is not None and since < base.as_of else "best, low, high"


def _timers_set(claim: CeasefireClaim, after: CeasefireState) -> Iterator[str]:
    """Yield the timers of a state that a claim set."""
    for timer in ("effective_at", "expires_at") if claim.act in SETS_TIMES else ():
        time = getattr(claim, timer)
        if time is not None and time == getattr(after, timer):
            yield timer


def _timer_steps(state: CeasefireState, until: int, set_by: dict[str, Explanation]) -> Iterator[Explanation]:
    """Yield the timers that fire up to `until`, inclusive."""
    for timer, after in fired_timers(state, until):
        step = {"timer": timer, "at": _time(after.since), "before": state.status, "after": after.status}
        yield step | {"set_by": set_by[timer]}
        state = after


def _log_origin(origin: OriginRecord | None) -> change_records.Origin | None:
    """Return the origin for a change: a position on a log only (contract section 6)."""
    return (origin["topic"], origin["partition"], origin["offset"]) if origin and "topic" in origin else None


def _time(us: int | None) -> str | None:
    return None if us is None else format_time(us)


def _act(act: AppliedAct) -> Explanation:
    claim = act.claim
    return {
        "act": claim.act,
        "at": format_time(claim.at),
        "by": act.by,
        "against": claim.against,
        "text": claim.text,
    }
