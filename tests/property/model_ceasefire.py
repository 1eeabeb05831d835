"""Section 4 of the contract, word for word. See `model`."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from tests.property.reading import Fields, written

CLOSED = ("none", "called_for", "proposed", "rejected", "ended", "expired", "collapsed", "never_took_effect")
OPEN = ("agreed", "announced", "in_effect", "suspended")

# The rows of section 4: act, from, to.
ROWS = [
    ("called_for", ("none",), "called_for"),
    ("proposed", ("none", "called_for", "rejected"), "proposed"),
    ("rejected", ("none", "called_for", "proposed"), "rejected"),
    ("rejected with a by", ("agreed", "announced"), "rejected"),
    ("agreed", CLOSED, "agreed"),
    ("announced", (*CLOSED, "agreed"), "announced"),
    ("took_effect", (*CLOSED, "agreed", "announced"), "in_effect"),
    ("holding", tuple(s for s in CLOSED if s not in ("ended", "collapsed")), "in_effect"),
    ("holding", ("agreed", "announced"), "in_effect"),
    ("postponed", ("agreed", "in_effect"), "announced"),
    ("took_effect", ("suspended",), "in_effect"),
    ("resumed", ("none", "suspended", "expired", "ended", "collapsed"), "in_effect"),
    ("extended", ("none", "expired"), "in_effect"),
    ("suspended", ("none", "in_effect"), "suspended"),
    ("ended", ("none", "in_effect", "suspended"), "ended"),
    ("collapsed", ("none", "in_effect", "suspended"), "collapsed"),
    ("ended", ("called_for", "proposed", "agreed", "announced"), "never_took_effect"),
    ("collapsed", ("called_for", "proposed", "agreed", "announced"), "never_took_effect"),
]
SETS_TIMES = ("agreed", "announced", "took_effect", "extended")
DECLARES = ("agreed", "announced", "took_effect", "holding", "resumed", "extended")


class Ceasefire:
    """The state that the claims of one view move, from `none`."""

    def __init__(self, reached: Counter[str]) -> None:
        self.status = "none"
        self.since: datetime | None = None
        self.effective_at: datetime | None = None
        self.expires_at: datetime | None = None
        self.declared_by: set[str] = set()
        self.not_confirmed_by: set[str] = set()
        self.reached = reached

    def timers(self, moment: datetime) -> None:
        while True:
            if self.status in ("agreed", "announced") and self.effective_at and self.effective_at <= moment:
                self.reached[f"timer effective from {self.status}"] += 1
                self.status, self.since = "in_effect", self.effective_at
            elif self.status in OPEN and self.expires_at and self.expires_at <= moment:
                self.reached[f"timer expires from {self.status}"] += 1
                self.status, self.since = "expired", self.expires_at
            else:
                return

    def apply(self, claim: Fields, by: str | None, *, bystander: bool) -> None:
        """`bystander`: in the joint view, the claim of a media or an ngo that names no acting party."""
        before = self.status
        if bystander and claim["act"] in ("ended", "collapsed"):
            self.reached["bystander"] += 1
        else:
            self.move(claim, by)
        if before in CLOSED and self.status in OPEN:
            self.reached["round after a closed one"] += before != "none"
            self.effective_at = self.expires_at = None
            self.declared_by, self.not_confirmed_by = set(), set()
        if before in OPEN or self.status in OPEN:
            if claim["act"] in SETS_TIMES:
                self.expires_at = claim["expires_at"] or self.expires_at
                if before != "in_effect":
                    self.effective_at = claim["effective_at"] or self.effective_at
            if claim["act"] == "postponed" and before in ("agreed", "announced", "in_effect"):
                self.effective_at, self.expires_at = claim["effective_at"], claim["expires_at"]
            if claim["act"] in DECLARES and by is not None:
                self.declared_by.add(by)
        source = claim["report"]["source"]
        if claim["act"] == "not_confirmed":
            self.not_confirmed_by.add(source)
        if claim["act"] in DECLARES:
            self.reached["confirmed after all"] += source in self.not_confirmed_by
            self.not_confirmed_by.discard(source)

    def move(self, claim: Fields, by: str | None) -> None:
        act, before = claim["act"], self.status
        for row_act, origins, target in ROWS:
            if row_act in (act, f"{act} with a by" if by else act) and before in origins:
                self.status = target
                self.reached[f"row {row_act} from {before}"] += 1
        if self.status == before:
            self.reached[f"row {act} from {before} moves nothing"] += 1
            return
        self.since = claim["at"]
        effective_at = claim["effective_at"]
        if act == "took_effect" and effective_at is not None and not effective_at > claim["at"]:
            self.since = effective_at


def view(
    claims: list[Fields],
    clock: datetime,
    sources: dict[str, Fields],
    reached: Counter[str],
    *,
    joint: bool,
) -> Fields | None:
    """The view over some standing ceasefire claims at `clock`; None over none."""
    if not claims:
        return None
    state = Ceasefire(reached)
    for claim in sorted(claims, key=lambda claim: claim["k"]):
        state.timers(claim["at"])
        source = sources.get(claim["report"]["source"], {})
        by = claim["by"] or source.get("affiliation")
        bystander = joint and by is None and source.get("kind") in ("media", "ngo")
        state.apply(claim, by, bystander=bystander)
    state.timers(clock)
    acts = [claim["act"] for claim in claims]
    return {
        "status": state.status,
        "since": written(state.since),
        "effective_at": written(state.effective_at),
        "expires_at": written(state.expires_at),
        "declared_by": sorted(state.declared_by),
        "not_confirmed_by": sorted(state.not_confirmed_by),
        "violations": {name: acts.count(f"violation_{name}") for name in ("alleged", "denied", "confirmed")},
        "mediators": sorted({name for claim in claims for name in claim["mediators"]}),
    }
