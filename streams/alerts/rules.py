"""Rules: a condition, its filters and the form of its alerts. `rules_file` reads them from YAML."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import cached_property

from schemas.alerts import Severity
from streams.alerts.ceasefire_conditions import Becomes, StartPassed, Violations
from streams.alerts.condition import CAUSE_FIELDS, Condition, Topic
from streams.alerts.count_conditions import Crosses, Disagree, Falls, Quiet, Rises

__all__ = ["CONDITIONS", "Rule", "RuleFilter", "Rules", "fields_of"]

#: Name in a rule → condition.
CONDITIONS: dict[str, type[Condition]] = {
    condition.name: condition
    for condition in (Crosses, Rises, Falls, Disagree, Quiet, Becomes, Violations, StartPassed)
}


@dataclass(frozen=True)
class RuleFilter:
    """A name that must match one of several globs (`*`, `?`, `[abc]`)."""

    name: str
    globs: tuple[str, ...]

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(translate(glob) for glob in self.globs))

    def matches(self, names: Mapping[str, str]) -> bool:
        """Return whether these names match; a missing name does not."""
        value = names.get(self.name)
        return value is not None and self._pattern.match(value) is not None


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition with its filters, and the form of its alerts. Times are microseconds of event time."""

    name: str
    condition: Condition
    filters: tuple[RuleFilter, ...] = ()
    severity: Severity = "moderate"
    #: None: that of the condition.
    message: str | None = None
    #: Alerts of a group are suppressed this long after one.
    cool_down_us: int = 0
    #: Names that form a group; None: those of the subject.
    group_by: tuple[str, ...] | None = None
    #: True if the end of the condition raises an alert too.
    resolved: bool = False

    def matches_episode(self, episode: str) -> bool:
        """Return whether the rule applies to an episode."""
        return all(filter_.matches({"episode": episode}) for filter_ in self.filters if filter_.name == "episode")

    def matches(self, names: Mapping[str, str]) -> bool:
        """Return whether a change passes every filter."""
        return all(filter_.matches(names) for filter_ in self.filters)

    @property
    def topic(self) -> Topic:
        """The topic that it reads."""
        return self.condition.topic


class Rules:
    """Rules in the order of their file, with unique names."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Raise ValueError for a duplicate name."""
        self.rules = tuple(rules)
        names = [rule.name for rule in self.rules]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two rules are named {', '.join(sorted(twice))}")

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)


def fields_of(condition: type[Condition]) -> tuple[str, ...]:
    """Return the names that a message under this condition may use."""
    names = (*condition.named_by, *condition.facts, *CAUSE_FIELDS, "rule", "severity", "episode", "at")
    return tuple(dict.fromkeys(names))
