"""Rules: a condition, which changes it looks at, and how it is told. Plain values; `file` reads them from YAML."""

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

#: By how it is written in a rule.
CONDITIONS: dict[str, type[Condition]] = {
    condition.name: condition
    for condition in (Crosses, Rises, Falls, Disagree, Quiet, Becomes, Violations, StartPassed)
}


@dataclass(frozen=True)
class RuleFilter:
    """A name that has to match one of some globs (`*`, `?`, `[abc]`)."""

    name: str
    globs: tuple[str, ...]

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(translate(glob) for glob in self.globs))

    def matches(self, names: Mapping[str, str]) -> bool:
        """Tell whether it lets these names through; what has no such name it does not."""
        value = names.get(self.name)
        return value is not None and self._pattern.match(value) is not None


@dataclass(frozen=True, slots=True)
class Rule:
    """What to wait for, and how to tell of it. Times are microseconds of event time."""

    name: str
    condition: Condition
    filters: tuple[RuleFilter, ...] = ()
    severity: Severity = "moderate"
    #: None: the condition's own.
    message: str | None = None
    #: After one alert of a group, others of it are held back for so long.
    cool_down_us: int = 0
    #: The names that make a group; None: what the alert is about.
    group_by: tuple[str, ...] | None = None
    #: Whether the end of it is told too.
    resolved: bool = False

    def matches_episode(self, episode: str) -> bool:
        """Tell whether the rule looks at an episode at all."""
        return all(filter_.matches({"episode": episode}) for filter_ in self.filters if filter_.name == "episode")

    def matches(self, names: Mapping[str, str]) -> bool:
        """Tell whether every filter lets a change through."""
        return all(filter_.matches(names) for filter_ in self.filters)

    @property
    def topic(self) -> Topic:
        """The topic whose changes it looks at."""
        return self.condition.topic


class Rules:
    """Rules in the order of their file; names are their own only once."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Raise ValueError where two have one name."""
        self.rules = tuple(rules)
        names = [rule.name for rule in self.rules]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two rules are called {', '.join(sorted(twice))}")

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)


def fields_of(condition: type[Condition]) -> tuple[str, ...]:
    """Return the names that a message under this condition may use."""
    names = (*condition.named_by, *condition.says, *CAUSE_FIELDS, "rule", "severity", "episode", "at")
    return tuple(dict.fromkeys(names))
