"""The base of all conditions: the changes they get and the matches they return.

A condition is a plain value. Its state per episode is a `ConditionState`, JSON that the caller keeps, so that it can be
stored and loaded at any point.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

from streams.core.model import ALL
from streams.core.picture import class_of
from streams.core.source_registry import Registry

Topic = Literal["casualties", "ceasefires"]
#: State of a condition for one episode: JSON.
ConditionState = dict[str, Any]
#: Fields of the causing report that any message may use.
CAUSE_FIELDS = ("report_id", "reported_by", "relayed_by", "headline", "url")


class ObservedChange(NamedTuple):
    """A change with its context, as conditions get it."""

    record: dict[str, Any]
    #: The episode's clock with this change, in microseconds: the greatest time among the causes so far.
    clock: int
    #: Publication time of its report, or time of its tick, in microseconds; None for a change of the registry.
    moment: int | None
    registry: Registry

    @property
    def speaker(self) -> str | None:
        """The source of the report behind the change; None for a tick or the registry."""
        source: str | None = self.record["cause"].get("source")
        return source

    @property
    def ticked(self) -> bool:
        """Return True if a tick caused the change."""
        return "tick" in self.record["cause"]


class Match(NamedTuple):
    """A condition that starts to hold, or (not `raised`) stops holding."""

    raised: bool
    subject: dict[str, str]
    #: Basis of the alert's id.
    origin: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Condition:
    """Base of all conditions: gets one episode's changes of one topic, returns matches."""

    #: Its name in rules and alerts.
    name: ClassVar[str]
    topic: ClassVar[Topic] = "casualties"
    #: Names that a rule may filter by.
    filters: ClassVar[tuple[str, ...]] = ("episode", "source", "party", "outcome", "population", "class")
    #: Names of an alert's subject.
    named_by: ClassVar[tuple[str, ...]] = ("source", "party", "outcome", "population")
    #: Facts that a message may use, beside the names and the cause.
    facts: ClassVar[tuple[str, ...]] = ()
    message: ClassVar[str]
    #: Message when the condition stops holding; None for conditions that are events.
    resolved_message: ClassVar[str | None] = None

    def names(self, seen: ObservedChange) -> dict[str, str]:
        """Return the names to filter by; a missing name matches no filter."""
        return cell_names(seen)

    def on_time(self, memory: ConditionState, seen: ObservedChange) -> Iterable[Match]:
        """Return the matches of a moved clock; called before `on_change`, for every change of the episode."""
        del memory, seen
        return ()

    def on_change(self, memory: ConditionState, seen: ObservedChange) -> Iterable[Match]:
        """Return the matches of a change that passed the rule's filters."""
        raise NotImplementedError

    def match(self, seen: ObservedChange, facts: dict[str, Any], *, raised: bool = True) -> Match:
        """Return a match about the subject of a change, identified by its change_id."""
        names = {name: seen.record[name] for name in self.named_by}
        return Match(raised, names, seen.record["change_id"], facts)


def cell_names(seen: ObservedChange) -> dict[str, str]:
    """Return the names of a cell, with the class of its source for the party."""
    record = seen.record
    names = {name: record[name] for name in ("episode", "source", "party", "outcome", "population")}
    if record["party"] != ALL:
        names["class"] = class_of(record["source"], record["party"], seen.registry)
    return names


def bests(seen: ObservedChange) -> tuple[int | None, int | None]:
    """Return the best figure before and after a count change."""
    before, after = seen.record["before"], seen.record["after"]
    return before and before["best"], after and after["best"]


def figures(seen: ObservedChange) -> dict[str, Any]:
    """Return the facts of a count change that a message may use."""
    before, after = bests(seen)
    value = seen.record["after"] or {}
    return {
        "before": before,
        "after": after,
        "change": seen.record["delta"],
        "low": value.get("low"),
        "high": value.get("high"),
        "as_of": value.get("as_of"),
        "kind": seen.record["kind"],
    }


#: The fields of `figures`.
FIGURES = ("before", "after", "change", "low", "high", "as_of", "kind")
