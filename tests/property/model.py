"""Rules 3 and 4 of contract section 2 and sections 3 to 6, read word for word: a fold that cannot agree by accident.

The model keeps every accepted report and tick in a list, forgets nothing and carries nothing along. After each of them
it computes every cell, view and statement of the episode again from the text of the contract, compares them with the
last published ones, and records the differences. It shares no line with the product.

If the contract leaves a question open:

- "The episode's newest accepted published_at" (rule 4) is that of the reports accepted *before* the one looked at, and
  no tick counts. A first report of an episode is never too late, nor are its claims.
- In the sentence "Then, if the status is open before or after the claim, …" the condition holds for `effective_at`,
  `expires_at` and `declared_by` alike; the rules of `not_confirmed_by` carry no condition.
- "It clears" comes before the claim's own `effective_at`, `expires_at`, `by` and `not_confirmed` are looked at.
- `by` in "agreed and announced only when it has a `by`" is the one the registry supplies, too.
- A cell's `value` in the snapshot is the value of now, whose `as_of` may be later than that of the last change.
- The snapshot's figures, `as_of` and `source` of a class go with the same cell; of two sources the one whose report
  (the one the cell names) was published later.
- A bound looks at those parts alone that add to it: of the increments that may overlap the base those below zero add to
  low, the others to high.
- An increment is below zero where its best is after the qualifier did its part.
- A dispute counts whatever the statement's `about` says, and also when a source denies its own figure.
- An increment with a `since` before the base adds to high alone and is still a counted increment: it moves `as_of`, may
  be what `report_id` names, and can be disputed.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from tests.property.model_ceasefire import OPEN, view
from tests.property.model_counts import Cell, best, cell_of, count, kind_of, told
from tests.property.model_picture import Standing, named
from tests.property.reading import Fields, read_record, time, written
from tests.property.reading_json import Refused, unwrap


class Model:
    """Everything the contract says of a log of records.

    `sources` is the registry as the vectors write it (slug → name, kind, affiliation, partial).
    `horizon_us` is in microseconds.
    `changes` grows by ``{"topic", "data"}`` in fold order, `rejected` by (line, code); `counts` as in the vectors.
    `reached` counts the rules that were used, to see the coverage of a stream of records.
    """

    def __init__(self, sources: dict[str, Any], horizon_us: int) -> None:
        self.sources = sources
        self.horizon = timedelta(microseconds=horizon_us)
        self.accepted: list[Fields] = []
        self.ticks: list[Fields] = []
        self.published: dict[tuple[Any, ...], tuple[int, Any]] = {}
        self.changes: list[Fields] = []
        self.rejected: list[tuple[int, str]] = []
        self.counts = {"accepted": 0, "duplicates": 0, "stale": 0, "ticks": 0}
        self.reached: Counter[str] = Counter()

    # --- taking records -----------------------------------------------------------------------------------------------

    def take_line(self, line: str | bytes, line_no: int) -> str:
        """One line of a file, as `truceline replay` reads it. Returns the outcome, the code or "blank"."""
        raw = line.encode("utf-8", "surrogatepass") if isinstance(line, str) else line
        raw = raw.removesuffix(b"\n")
        if not raw.strip(b" \t\r"):
            return "blank"
        value, timestamp = unwrap(raw)
        try:
            stamped = None if timestamp is None else time(timestamp, "timestamp")
            return self.take(value, stamped)
        except Refused as refused:
            self.rejected.append((line_no, refused.code))
            self.reached[f"refused {refused.code}"] += 1
            return refused.code

    def tick_all(self, moment: datetime) -> None:
        """`--tick`: a tick for every episode at the end, in name order."""
        for episode in self.episodes():
            self.take_tick({"tick": moment, "episode": episode})

    def take(self, raw: bytes, timestamp: datetime | None = None) -> str:
        """One record of the log. Returns accepted | duplicate | stale | tick | ignored_tick; raises `Refused`."""
        record = read_record(raw)
        moment = record["tick"] if "tick" in record else record["published_at"]
        if timestamp is not None and moment - timestamp > timedelta(hours=1):
            raise Refused("from_the_future", written(moment) or "")
        return self.take_tick(record) if "tick" in record else self.take_report(record)

    def take_tick(self, tick: Fields) -> str:
        self.counts["ticks"] += 1
        if tick["episode"] not in self.episodes():
            return "ignored_tick"
        self.ticks.append(tick)
        self.publish(tick["episode"], {"tick": written(tick["tick"])})
        return "tick"

    def take_report(self, report: Fields) -> str:
        known = self.latest(report["episode"]).get(report["report_id"])
        if known is not None and report["revision"] == known["revision"]:
            if report != known:
                raise Refused("revision_conflict", report["report_id"])
            self.counts["duplicates"] += 1
            return "duplicate"
        if known is not None and report["revision"] < known["revision"]:
            self.counts["stale"] += 1
            return "stale"
        self.refuse_late(report, known)
        self.accepted.append(report)
        self.counts["accepted"] += 1
        cause = {
            **{name: report[name] for name in ("report_id", "revision", "withdrawn", "source", "relayed_by")},
            **{name: report[name] for name in ("url", "headline")},
            "published_at": written(report["published_at"]),
        }
        self.publish(report["episode"], cause)
        return "accepted"

    def refuse_late(self, report: Fields, known: Fields | None) -> None:
        """Rule 4."""
        times = [report["published_at"]]
        times += [claim["as_of"] for claim in report["claims"] if claim["type"] == "casualties"]
        times += [claim["at"] for claim in report["claims"] if claim["type"] == "ceasefire"]
        if known is not None:
            times.append(known["published_at"])
        before = [other["published_at"] for other in self.of(report["episode"])]
        if before and max(before) - min(times) > self.horizon:
            raise Refused("too_late", report["report_id"])

    # --- current state ------------------------------------------------------------------------------------------------

    def episodes(self) -> list[str]:
        return sorted({report["episode"] for report in self.accepted})

    def of(self, episode: str) -> list[Fields]:
        """All accepted reports of the episode, replaced ones too."""
        return [report for report in self.accepted if report["episode"] == episode]

    def latest(self, episode: str) -> dict[str, Fields]:
        """Each report_id's highest revision (a lower one is never accepted after it)."""
        return {report["report_id"]: report for report in self.of(episode)}

    def standing(self, episode: str) -> list[Fields]:
        return [report for report in self.latest(episode).values() if not report["withdrawn"]]

    def clock(self, episode: str) -> datetime:
        ticks: list[datetime] = [tick["tick"] for tick in self.ticks if tick["episode"] == episode]
        published: list[datetime] = [report["published_at"] for report in self.of(episode)]
        return max([*ticks, *published])

    def claims(self, episode: str, kind: str) -> list[Fields]:
        """The standing claims of one type, each with its report, its index and its order key."""
        return [
            {**claim, "report": report, "index": index, "k": self.key(report, index, claim)}
            for report in self.standing(episode)
            for index, claim in enumerate(report["claims"])
            if claim["type"] == kind
        ]

    @staticmethod
    def key(report: Fields, index: int, claim: Fields) -> tuple[Any, ...]:
        moment = claim.get("as_of") or claim.get("at")
        return (moment, report["published_at"], report["report_id"], index)

    # --- what is worked out of it -------------------------------------------------------------------------------------

    def names(self, episode: str, what: str) -> set[tuple[Any, ...]]:
        """The names of all cells, views or statements of the episode that were ever published."""
        return {key[2:] for key in self.published if key[:2] == (episode, what)}

    def cells(self, episode: str) -> dict[Cell, tuple[Fields | None, Fields | None]]:
        """All cells that have or ever had a value, in order: each its value and its leading part."""
        casualties, statements = self.claims(episode, "casualties"), self.claims(episode, "statement")
        now = {cell_of(claim) for claim in casualties if claim["basis"] != "derived"}
        every = sorted(now | self.names(episode, "cell"))
        return {cell: count(casualties, statements, cell, self.reached) for cell in every}

    def views(self, episode: str) -> dict[tuple[str, str], Fields | None]:
        """All views that exist or ever did, by (ceasefire, "" for joint or the source), in order."""
        claims = self.claims(episode, "ceasefire")
        now = {(claim["ceasefire"], source) for claim in claims for source in ("", claim["report"]["source"])}
        views = {}
        for ceasefire, source in sorted(now | self.names(episode, "view")):
            seen = [c for c in claims if c["ceasefire"] == ceasefire and source in ("", c["report"]["source"])]
            views[ceasefire, source] = view(seen, self.clock(episode), self.sources, self.reached, joint=source == "")
        return views

    def statements(self, episode: str) -> dict[tuple[str, int], Fields | None]:
        """All current and former statements, by (report_id, claim index), in order."""
        now = {(claim["report"]["report_id"], claim["index"]): claim for claim in self.claims(episode, "statement")}
        every = sorted(now.keys() | self.names(episode, "statement"))
        return {name: statement_of(now[name]) if name in now else None for name in every}

    def next_timer(self) -> tuple[str, str] | None:
        """The earliest (time as written, episode) that a fold still waits for (section 1, Tick)."""
        due = []
        for episode in self.episodes():
            for seen in self.views(episode).values():
                if seen is not None and seen["status"] in ("agreed", "announced") and seen["effective_at"]:
                    due.append((seen["effective_at"], episode))
                if seen is not None and seen["status"] in OPEN and seen["expires_at"]:
                    due.append((seen["expires_at"], episode))
        return min(due, key=lambda each: (time(each[0], ""), each[1]), default=None)

    def register(self, sources: dict[str, Any], digest: str) -> None:
        """Another registry comes into force: what it changes is published with its digest as the cause."""
        self.sources = sources
        for episode in self.episodes():
            self.publish(episode, {"registry": digest})

    # --- section 6 ----------------------------------------------------------------------------------------------------

    def publish(self, episode: str, cause: Fields) -> None:
        """Compute everything again, and record the differences from the last published values."""
        for cell, (value, _) in self.cells(episode).items():
            self.publish_count(episode, cell, value, cause)
        for (ceasefire, source), seen in self.views(episode).items():
            self.publish_status(episode, (ceasefire, source), seen, cause)
        for name, statement in self.statements(episode).items():
            self.publish_statement(episode, name, statement, cause)

    def publish_count(self, episode: str, cell: Cell, after: Fields | None, cause: Fields) -> None:
        version, before = self.published.get((episode, "cell", *cell), (0, None))
        if told(after) == told(before):
            return
        version += 1
        self.published[(episode, "cell", *cell)] = (version, after)
        kind = kind_of(version, before, after)
        self.reached[f"kind {kind}"] += 1
        change = {
            "change_id": f"{episode}/{'/'.join(cell[:4])}{part_of(cell)}@{version}",
            "episode": episode,
            **named(cell),
            "version": version,
            "kind": kind,
            "before": before,
            "after": after,
            "delta": best(after) - best(before),
            "cause": cause,
        }
        self.changes.append({"topic": "casualties", "data": change})

    def publish_status(self, episode: str, name: tuple[str, str], after: Fields | None, cause: Fields) -> None:
        version, before = self.published.get((episode, "view", *name), (0, None))
        if after == before:
            return
        self.published[(episode, "view", *name)] = (version + 1, after)
        self.note_status(before, after, "tick" if "tick" in cause else "report")
        change = {
            "change_id": f"{episode}/{name[0]}/{view_name(name[1])}@{version + 1}",
            "episode": episode,
            "ceasefire": name[0],
            "view": view_name(name[1]),
            "version": version + 1,
            "before": before,
            "after": after,
            "cause": cause,
        }
        self.changes.append({"topic": "ceasefires", "data": change})

    def note_status(self, before: Fields | None, after: Fields | None, by: str) -> None:
        if before is None or after is None:
            self.reached[f"view {'withdrawn' if after is None else 'published'} by {by}"] += 1
        elif before["status"] != after["status"]:
            self.reached[f"view moved to {after['status']} by {by}"] += 1

    def publish_statement(self, episode: str, name: tuple[str, int], after: Fields | None, cause: Fields) -> None:
        version, before = self.published.get((episode, "statement", *name), (0, None))
        if after == before:
            return
        self.published[(episode, "statement", *name)] = (version + 1, after)
        what = "withdrawn" if after is None else "published" if version == 0 else "changed" if before else "restored"
        self.reached[f"statement {what}"] += 1
        change = {
            "change_id": f"{episode}/statement/{name[0]}/{name[1]}@{version + 1}",
            "episode": episode,
            "report_id": name[0],
            "claim": name[1],
            "version": version + 1,
            "before": before,
            "after": after,
            "cause": cause,
        }
        self.changes.append({"topic": "statements", "data": change})

    # --- section 5 ----------------------------------------------------------------------------------------------------

    def snapshot(self) -> Fields:
        return {"episodes": {episode: self.picture(episode) for episode in self.episodes()}}

    def picture(self, episode: str) -> Fields:
        cells = self.cells(episode)
        standing = Standing(self.claims(episode, "casualties"), cells, self.sources, self.reached)
        return {
            "clock": written(self.clock(episode)),
            "cells": [self.cell(episode, cell, *found) for cell, found in cells.items()],
            "parties": standing.parties(),
            "totals": standing.totals(),
            "derived": standing.derived(),
            "ceasefires": [
                {"ceasefire": name[0], "view": view_name(name[1]), "version": self.version(episode, "view", name)}
                | seen
                for name, seen in self.views(episode).items()
                if seen is not None
            ],
        }

    def cell(self, episode: str, cell: Cell, value: Fields | None, leading: Fields | None) -> Fields:
        return {
            **named(cell),
            "value": value,
            "version": self.version(episode, "cell", cell),
            "report_id": leading and leading["report"]["report_id"],
            "revision": leading and leading["report"]["revision"],
        }

    def version(self, episode: str, what: str, name: tuple[Any, ...]) -> int:
        version, _ = self.published[(episode, what, *name)]
        return version


def part_of(cell: Cell) -> str:
    """Return the part of a change_id for a group and a scope."""
    return (f"/group:{cell[4]}" if cell[4] else "") + (f"/scope:{cell[5]}" if cell[5] else "")


def view_name(source: str) -> str:
    return f"source:{source}" if source else "joint"


def statement_of(claim: Fields) -> Fields:
    return {
        "source": claim["report"]["source"],
        **{name: claim[name] for name in ("act", "about", "against", "text", "refers_to")},
    }
