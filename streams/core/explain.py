"""Why a figure is what it is: every claim about it, and what became of each.

A chronicle keeps an episode's messages whole and forgets nothing, so that an analyst can
defend each number: base, increments, what was superseded, replaced, withdrawn, disputed or
refused, and a ceasefire's steps in order. It is made from the log, not from the ledger.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from streams.core.ceasefire import START, Course, claim_done, fired, timers
from streams.core.cell import Cell, CellKey, Entry
from streams.core.claims import Casualty, CeasefireClaim, Message, Report
from streams.core.counts import place
from streams.core.episode import Change, Outcome, Standing, Step, Target
from streams.core.intake import Refusal
from streams.core.ledger import Ledger
from streams.core.registry import Registry
from streams.core.times import format_time
from streams.core.views import Done, places, view_name

Account = dict[str, Any]
CASUALTY_FIELDS = ("best", "low", "high", "qualifier", "basis", "final", "incident")


class Chronicle:
    """One episode, told from its log."""

    def __init__(self, episode: str, registry: Registry, *, horizon_us: int) -> None:
        self.episode = episode
        self._ledger = Ledger(registry, horizon_us=horizon_us)
        self._reports: dict[tuple[str, int], Report] = {}
        self._refused: list[tuple[Report, Refusal]] = []
        self._changes: list[tuple[str, Change]] = []

    def take(self, message: Message) -> Step | Refusal:
        """Take the episode's next message; a refusal is part of the story and is returned."""
        try:
            step = self._ledger.take(message)
        except Refusal as refusal:
            if isinstance(message, Report):
                self._refused.append((message, refusal))
            return refusal
        if step.outcome is Outcome.ACCEPTED and isinstance(message, Report):
            self._reports[message.report_id, message.revision] = message
        self._changes += step.changes()
        return step

    def picture(self) -> Account:
        """Return the episode's picture. Raises KeyError where no report was accepted."""
        return self._ledger.picture(self.episode)

    def account(self) -> Account:
        """Return the accounts of all cells and ceasefire views. Raises KeyError as `picture`."""
        episode = self._ledger.episode(self.episode)
        return {
            "episode": self.episode,
            "clock": format_time(episode.clock),
            "cells": [self.cell(key) for key in sorted(episode.cells)],
            "ceasefires": [self.ceasefire(*key) for key in sorted(episode.views)],
        }

    def cell(self, key: CellKey) -> Account:
        """Return why a cell has its value. Raises KeyError where there is no such cell."""
        episode = self._ledger.episode(self.episode)
        cell = episode.cells[key]
        source, party, outcome, population = key
        counted = {entry[:4] for entry in cell.counted()}
        base = cell.bases[-1] if cell.bases else None
        return {
            "source": source,
            "party": party,
            "outcome": outcome,
            "population": population,
            "value": cell.value(episode.denials),
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
            "replaced": [*self._replaced(key)],
            "disputed": [*self._denials(cell)],
            "refused": [*self._refusals(key)],
            "changes": self._changes_of("casualties", "source", "party", "outcome", "population", named=key),
        }

    def ceasefire(self, ceasefire: str, source: str = "") -> Account:
        """Return how a view came to its status, step by step; source "" is the joint view."""
        episode = self._ledger.episode(self.episode)
        view = episode.views[ceasefire, source]
        named = (ceasefire, view_name(source))
        return {
            "ceasefire": ceasefire,
            "view": named[1],
            "value": view.value(episode.clock),
            "version": view.version,
            "steps": [*self._steps(ceasefire, source, episode.clock)],
            "changes": self._changes_of("ceasefires", "ceasefire", "view", named=named),
        }

    def _told(self, entry: Entry) -> Account:
        as_of, _, report_id, index, claim = entry
        revision = self._ledger.episode(self.episode).reports[report_id].revision
        return _figure(as_of, claim) | self._report(report_id, revision, index)

    def _report(self, report_id: str, revision: int, claim: int) -> Account:
        return _origin(self._reports[report_id, revision], claim)

    def _why_superseded(self, cell: Cell, entry: Entry) -> str:
        base = cell.bases[-1] if cell.bases else None
        if base is not None and entry[4].basis == "cumulative":
            return f"the cumulative figure of {base[2]} is later"
        if base is not None and entry[0] <= base[0]:
            return f"dated no later than the cumulative figure of {base[2]}, which contains it"
        return f"the incident {entry[4].incident} is told again by a later claim"

    def _replaced(self, key: CellKey) -> Iterator[Account]:
        """Yield the cell's claims in revisions that no longer stand."""
        accepted = sorted(self._reports.items())
        for ((report_id, _), report), ((next_id, next_revision), after) in pairwise(accepted):
            if next_id != report_id:
                continue
            what = "withdrawn" if after.withdrawn else "replaced"
            for index, entry in _figures_of(report, key):
                why = {"why": f"{what} by revision {next_revision}"}
                yield _figure(entry[0], entry[4]) | _origin(report, index) | why

    def _denials(self, cell: Cell) -> Iterator[Account]:
        episode = self._ledger.episode(self.episode)
        for entry in cell.counted():
            target: Target = (entry[2], entry[3])
            for (report_id, index), (_, revision) in sorted(episode.denials.get(target, {}).items()):
                if revision in {None, episode.reports[entry[2]].revision}:
                    standing = episode.reports[report_id]
                    denies = {"denies": {"report_id": target[0], "claim": target[1]}}
                    yield self._report(report_id, standing.revision, index) | denies

    def _refusals(self, key: CellKey) -> Iterator[Account]:
        for report, refusal in self._refused:
            for index, entry in _figures_of(report, key):
                why = {"code": refusal.code, "why": refusal.message}
                yield _figure(entry[0], entry[4]) | _origin(report, index) | why

    def _steps(self, ceasefire: str, source: str, clock: int) -> Iterator[Account]:
        episode = self._ledger.episode(self.episode)
        done = sorted(
            entry
            for report_id, standing in episode.reports.items()
            for key, entry in places(report_id, standing, self._ledger.registry)
            if key == (ceasefire, source)
        )
        course = START
        for entry in done:
            yield from _timer_steps(course, entry[0])
            course = timers(course, entry[0])
            after = claim_done(course, *entry[4:])
            revision = episode.reports[entry[2]].revision
            yield _act(entry, course, after) | self._report(entry[2], revision, entry[3])
            course = after
        yield from _timer_steps(course, clock)

    def _changes_of(self, topic: str, *fields: str, named: tuple[str, ...]) -> list[Change]:
        return [c for t, c in self._changes if t == topic and tuple(c[field] for field in fields) == named]


def _origin(report: Report, claim: int) -> Account:
    return {
        "report_id": report.report_id,
        "revision": report.revision,
        "claim": claim,
        "source": report.source,
        "relayed_by": report.relayed_by,
        "url": report.url,
        "headline": report.headline,
        "published_at": format_time(report.published_at),
    }


def _figure(as_of: int, claim: Casualty) -> Account:
    return {"as_of": format_time(as_of), "since": _time(claim.since)} | {f: getattr(claim, f) for f in CASUALTY_FIELDS}


def _adds_to(entry: Entry, base: Entry | None) -> str:
    since = entry[4].since
    return "high" if base is not None and since is not None and since < base[0] else "best, low, high"


def _figures_of(report: Report, key: CellKey) -> Iterator[tuple[int, Entry]]:
    standing = Standing(
        report.revision, report.digest, report.published_at, report.source, report.withdrawn, report.claims
    )
    for index, claim in enumerate(report.claims):
        if isinstance(claim, Casualty) and claim.basis != "derived":
            cell, entry = place(report.report_id, standing, index, claim)
            if cell == key:
                yield index, entry


def _timer_steps(course: Course, until: int) -> Iterator[Account]:
    """Yield what fires by itself up to and with `until`."""
    for timer, after in fired(course, until):
        yield {"timer": timer, "at": _time(after.since), "before": course.status, "after": after.status}
        course = after


def _time(us: int | None) -> str | None:
    return None if us is None else format_time(us)


def _act(entry: Done, before: Course, after: Course) -> Account:
    claim: CeasefireClaim = entry[4]
    return {
        "act": claim.act,
        "at": format_time(claim.at),
        "by": entry[6],
        "against": claim.against,
        "text": claim.text,
        "before": before.status,
        "after": after.status,
    }
