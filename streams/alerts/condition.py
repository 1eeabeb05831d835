"""What every condition of a rule has in common: how it is fed, and what it finds.

A condition is plain values; what it has to remember of an episode stands in a `ConditionState`, JSON that
its owner keeps, so that it can be stored and read back at any point.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

from streams.core.model import ALL
from streams.core.picture import class_of
from streams.core.source_registry import Registry

Topic = Literal["casualties", "ceasefires"]
#: What a condition remembers of one episode: JSON.
ConditionState = dict[str, Any]
#: What a message may say of the report behind any alert.
CAUSE_FIELDS = ("report_id", "reported_by", "relayed_by", "headline", "url")


class ObservedChange(NamedTuple):
    """A change as the conditions see it."""

    record: dict[str, Any]
    #: The episode's clock with this change, in microseconds: the greatest time among the causes so far.
    clock: int
    #: When its report was published or its tick set, in microseconds; None for a change of the registry.
    moment: int | None
    registry: Registry

    @property
    def speaker(self) -> str | None:
        """The source of the report behind the change; None for a tick or the registry."""
        source: str | None = self.record["cause"].get("source")
        return source

    @property
    def ticked(self) -> bool:
        """Whether the change came of time alone."""
        return "tick" in self.record["cause"]


class Match(NamedTuple):
    """That a condition holds from now on, or (not `raised`) does no longer."""

    raised: bool
    subject: dict[str, str]
    #: What the alert's id is made from.
    origin: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Condition:
    """Base of all conditions: one episode's changes of one topic come in, findings go out."""

    #: How it is written in a rule, and in an alert.
    name: ClassVar[str]
    topic: ClassVar[Topic] = "casualties"
    #: What a rule may filter by, and group by.
    filters: ClassVar[tuple[str, ...]] = ("episode", "source", "party", "outcome", "population", "class")
    #: What names the thing an alert is about.
    named_by: ClassVar[tuple[str, ...]] = ("source", "party", "outcome", "population")
    #: What a message may say, beside the names and the cause.
    says: ClassVar[tuple[str, ...]] = ()
    message: ClassVar[str]
    #: The message when it is over; None where it is nothing that ends.
    over: ClassVar[str | None] = None

    def names(self, seen: ObservedChange) -> dict[str, str]:
        """Return what filters look at; a name that is missing matches no filter."""
        return cell_names(seen)

    def on_time(self, memory: ConditionState, seen: ObservedChange) -> Iterable[Match]:
        """Look at the clock, which a change has moved; comes before `see`, and for every change of the episode."""
        del memory, seen
        return ()

    def on_change(self, memory: ConditionState, seen: ObservedChange) -> Iterable[Match]:
        """Look at a change that the rule's filters let through."""
        raise NotImplementedError

    def finding(self, seen: ObservedChange, facts: dict[str, Any], *, raised: bool = True) -> Match:
        """Return a finding about the subject of a change, named by its id."""
        names = {name: seen.record[name] for name in self.named_by}
        return Match(raised, names, seen.record["change_id"], facts)


def cell_names(seen: ObservedChange) -> dict[str, str]:
    """Return the names of a cell, with the class that its source is in for the party."""
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
    """Return what a message may say of a count change."""
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
