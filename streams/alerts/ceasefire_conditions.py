"""Conditions on the status of ceasefires."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from streams.alerts.condition import Condition, ConditionState, Match, ObservedChange, Topic
from streams.alerts.rise_window import lower_before
from streams.core.times import format_time, parse_time

__all__ = ["Becomes", "StartPassed", "Violations"]

View = dict[str, Any]
DECLARED = frozenset({"agreed", "announced"})
#: Facts of a view.
VIEW = (
    "status", "status_before", "since", "effective_at", "expires_at", "declared_by", "not_confirmed_by",
    "mediators", "alleged", "denied", "confirmed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TruceCondition(Condition):
    """Base of the conditions on views."""

    topic: ClassVar[Topic] = "ceasefires"
    filters: ClassVar[tuple[str, ...]] = ("episode", "ceasefire", "view")
    named_by: ClassVar[tuple[str, ...]] = ("ceasefire", "view")

    def names(self, seen: ObservedChange) -> dict[str, str]:
        """Return the names of a view."""
        return {name: seen.record[name] for name in ("episode", "ceasefire", "view")}


@dataclass(frozen=True, slots=True)
class Becomes(TruceCondition):
    """The status moves to one of `statuses`."""

    statuses: tuple[str, ...]

    name = "becomes"
    facts = VIEW
    message = "ceasefire {ceasefire} ({view}): {status_before} → {status}"
    resolved_message = "ceasefire {ceasefire} ({view}): no longer {status_before}, now {status}"

    def on_change(self, state: ConditionState, seen: ObservedChange) -> Iterator[Match]:
        """Compare the status before and after."""
        del state
        facts = view_facts(seen)
        was, now = facts["status_before"], facts["status"]
        if was != now and (was in self.statuses or now in self.statuses):
            yield self.match(seen, facts, raised=now in self.statuses)


@dataclass(frozen=True, slots=True)
class Violations(TruceCondition):
    """`count` more violations than at some moment within the window."""

    count: int
    within_us: int
    kind: Literal["alleged", "denied", "confirmed"]

    name = "violations"
    facts = (*VIEW, "count")
    message = "ceasefire {ceasefire} ({view}): {count} violations more, {alleged} alleged and {confirmed} confirmed"

    def on_change(self, state: ConditionState, seen: ObservedChange) -> Iterator[Match]:
        """Measure from the lowest count of the window, which starts again after a match."""
        before, after = seen.record["before"], seen.record["after"]
        key = "/".join(seen.record[name] for name in self.named_by)
        was = before["violations"][self.kind] if before else 0
        now = after["violations"][self.kind] if after else 0
        lowest = lower_before(state, key, was, seen.clock, self.within_us)[0]
        if now > was and now - lowest >= self.count:
            del state[key]
            yield self.match(seen, view_facts(seen) | {"count": now - lowest})


@dataclass(frozen=True, slots=True)
class StartPassed(TruceCondition):
    """A declared start passed `after_us` ago, and no report since has changed a view of the ceasefire."""

    after_us: int

    name = "start_passed"
    filters = ("episode", "ceasefire")
    named_by = ("ceasefire",)
    facts = ("effective_at",)
    message = "ceasefire {ceasefire}: declared to start {effective_at}, and no word that it has"
    resolved_message = "ceasefire {ceasefire}, declared to start {effective_at}: now {status}"

    def on_time(self, state: ConditionState, seen: ObservedChange) -> Iterator[Match]:
        """Match the starts that the clock has passed."""
        for ceasefire, (start, raised_before) in sorted(state.items()):
            due = start + self.after_us
            # At that very moment a report may still confirm the start; a tick cannot.
            if not raised_before and (seen.clock > due or (seen.clock == due and seen.ticked)):
                state[ceasefire] = [start, True]
                yield self._match(seen, ceasefire, start)

    def on_change(self, state: ConditionState, seen: ObservedChange) -> Iterator[Match]:
        """Wait for the start that the joint view declares, until a report after it."""
        ceasefire = seen.record["ceasefire"]
        start, raised_before = state.pop(ceasefire, (None, False))
        waits = _declared_start(seen)
        if waits is None and start is not None and not _is_settled(seen, start):
            waits = start
        if waits is not None:
            state[ceasefire] = [waits, raised_before and waits == start]
        if raised_before and waits != start:
            yield self._match(seen, ceasefire, start, raised=False)

    def _match(self, seen: ObservedChange, ceasefire: str, start: int, *, raised: bool = True) -> Match:
        at = format_time(start)
        origin = f"{seen.record['episode']}/{ceasefire}/start@{at}"
        status = (seen.record["after"] or {}).get("status", "none")
        return Match(raised, {"ceasefire": ceasefire}, origin, {"effective_at": at, "status": status})


def view_facts(seen: ObservedChange) -> dict[str, Any]:
    """Return the facts of a change of status that a message may use."""
    before: View | None = seen.record["before"]
    after: View = seen.record["after"] or {}
    facts = {name: after.get(name) for name in VIEW[2:8]}
    violations = after.get("violations") or {"alleged": 0, "denied": 0, "confirmed": 0}
    return {
        # A missing view has the status none, like one before its first claim.
        "status": after.get("status", "none"),
        "status_before": before["status"] if before else "none",
        **facts,
        **violations,
    }


def _declared_start(seen: ObservedChange) -> int | None:
    """Return the declared start of the joint view that is still ahead."""
    view = seen.record["after"]
    if seen.record["view"] != "joint" or view is None or view["status"] not in DECLARED:
        return None
    return None if view["effective_at"] is None else parse_time(view["effective_at"])


def _is_settled(seen: ObservedChange, start: int) -> bool:
    """Return whether a change ends the wait: a report after the start, or another status."""
    if seen.record["view"] == "joint":
        view = seen.record["after"]
        if view is None or view["status"] != "in_effect" or view["since"] != format_time(start):
            return True
    return seen.speaker is not None and seen.moment is not None and seen.moment >= start and not _is_timer(seen)


def _is_timer(seen: ObservedChange) -> bool:
    """Return whether only the declared start passed: a timer moved the status, no report did."""
    before, after = seen.record["before"], seen.record["after"]
    if before is None or before["status"] not in DECLARED or before["effective_at"] is None:
        return False
    return bool(after == {**before, "status": "in_effect", "since": before["effective_at"]})
