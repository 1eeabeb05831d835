"""Read the alert rules of a YAML file; each fault has its line.

toll-reaches-100:
  crosses: 100                  # the condition, exactly one
  outcome: killed               # filters: globs, or a list of them
  class: self_reported
  severity: severe              # minor | moderate | severe | extreme
  message: "{party}: {after} killed, says {source}"
  cool_down: PT6H               # ISO 8601
  group_by: [party]
  resolved: true
"""

from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import yaml

from schemas.alerts import SEVERITIES
from schemas.reports import Outcome, Population
from streams.alerts import yaml_values
from streams.alerts.ceasefire_conditions import Becomes, StartPassed, Violations
from streams.alerts.condition import Condition
from streams.alerts.count_conditions import Crosses, Disagree, Falls, Quiet, Rises
from streams.alerts.rules import CONDITIONS, Rule, RuleFilter, Rules, fields_of
from streams.alerts.templates import template_faults
from streams.alerts.yaml_values import ValueRefused
from streams.core.ceasefires.transitions import CLOSED, OPEN
from streams.core.picture import CLASSES
from streams.files.yaml_nodes import SLUG, SLUG_RULE, Fault, FileRefused, compose, fields, line_of, read_file

__all__ = ["RulesError", "default_rules", "parse_rules", "read_rules"]

MAX_RULES = 1000
#: Filter → its possible values, where they are known.
VOCABULARY: Mapping[str, tuple[str, ...]] = {
    "outcome": get_args(Outcome),
    "population": get_args(Population),
    "class": CLASSES,
}
FILTERS = tuple(dict.fromkeys(name for condition in CONDITIONS.values() for name in condition.filters))
ALERT_FIELDS = ("severity", "message", "cool_down", "group_by", "resolved")


class RulesError(FileRefused):
    """An invalid rules file: the message has one `file:line: reason` per line."""


def default_rules() -> Rules:
    """Return the example rules that ship with truceline."""
    return parse_rules(files("streams.defaults").joinpath("alerts.yaml").read_bytes(), "alerts.yaml")


def read_rules(path: str | Path) -> Rules:
    """Return the rules in a file.

    Raises RulesError for an invalid file, OSError for one that cannot be read.
    """
    return read_file(path, parse_rules)


def parse_rules(content: bytes, name: str) -> Rules:
    """Return the rules that the bytes of a file called `name` hold; raises RulesError."""
    root = compose(content, name, RulesError)
    if root is None:
        raise RulesError(name, [Fault(1, "the file has no rule")])
    faults: list[Fault] = []
    rules = list(_rules(root, faults))
    if len(rules) > MAX_RULES:
        faults.append(Fault(1, f"more than {MAX_RULES} rules"))
    if faults:
        raise RulesError(name, sorted(faults))
    return Rules(rules)


def _rules(root: yaml.Node, faults: list[Fault]) -> Iterator[Rule]:
    first_at: dict[str, int] = {}
    for name, line, node in fields(root, "the file must map the name of each rule to its fields", faults):
        if not SLUG.fullmatch(name):
            faults.append(Fault(line, f"{name!r} is not a valid rule name: {SLUG_RULE}"))
        elif name in first_at:
            faults.append(Fault(line, f"{name!r} is defined twice, first in line {first_at[name]}"))
        first_at.setdefault(name, line)
        found: list[Fault] = []
        rule = _rule(name, line, node, found)
        faults.extend(Fault(at, f"{name!r}: {reason}") for at, reason in found)
        if rule is not None:
            yield rule


def _rule(name: str, line: int, node: yaml.Node, faults: list[Fault]) -> Rule | None:
    given: dict[str, yaml.Node] = {}
    for key, at, value in fields(node, "a rule must be a mapping with a condition", faults):
        if key not in CONDITIONS and key not in FILTERS and key not in ALERT_FIELDS:
            known = ", ".join((*CONDITIONS, *FILTERS, *ALERT_FIELDS))
            faults.append(Fault(at, f"unknown field {key!r}; the fields are {known}"))
        elif key in given:
            faults.append(Fault(at, f"{key} is given twice"))
        given[key] = value
    if not isinstance(node, yaml.MappingNode):
        return None
    conditions = [key for key in given if key in CONDITIONS]
    if len(conditions) != 1:
        faults.append(
            Fault(
                line,
                f"a rule must have exactly one condition ({', '.join(CONDITIONS)}); this one has {len(conditions)}",
            )
        )
        return None
    condition = _read(faults, READERS[conditions[0]], given[conditions[0]], conditions[0])
    filters = _filters(CONDITIONS[conditions[0]], given, faults)
    alert_fields = _alert_fields(CONDITIONS[conditions[0]], given, faults)
    return None if faults or condition is None else Rule(name, condition, filters, **alert_fields)


def _filters(condition: type[Condition], given: Mapping[str, yaml.Node], faults: list[Fault]) -> tuple[RuleFilter, ...]:
    filters = []
    for key in FILTERS:
        if key not in given:
            if key == "view" and key in condition.filters:
                # Without a filter each source's view would raise the same alert.
                filters.append(RuleFilter("view", ("joint",)))
        elif key not in condition.filters:
            reason = f"{condition.name} cannot be filtered by {key}, only by {', '.join(condition.filters)}"
            faults.append(Fault(line_of(given[key]), reason))
        elif globs := _read(faults, yaml_values.globs, given[key], key, VOCABULARY.get(key, ())):
            filters.append(RuleFilter(key, globs))
    return tuple(filters)


def _alert_fields(condition: type[Condition], given: Mapping[str, yaml.Node], faults: list[Fault]) -> dict[str, Any]:
    alert_fields: dict[str, Any] = {}
    for key in ALERT_FIELDS:
        if key in given:
            value = _read(faults, ALERT_READERS[key], given[key], condition)
            alert_fields["cool_down_us" if key == "cool_down" else key] = value
    return alert_fields


def _read(faults: list[Fault], read: Callable[..., Any], *arguments: Any) -> Any:
    """Return the value, or None after appending its fault."""
    try:
        return read(*arguments)
    except ValueRefused as refused:
        faults.append(refused.fault)
        return None


def _rises(node: yaml.Node, name: str) -> Rises:
    given = yaml_values.mapping(node, name, ("by", "within"), ("time",))
    by, percent = yaml_values.amount(given["by"], f"{name}: by")
    time = yaml_values.text(given["time"], f"{name}: time") if "time" in given else "published"
    if time not in {"published", "as_of"}:
        raise ValueRefused(given["time"], f"{name}: time must be published or as_of, not {time!r}")
    within_us = yaml_values.duration_us(given["within"], f"{name}: within", least=1)
    return Rises(by, percent, within_us, as_of=time == "as_of")


def _becomes(node: yaml.Node, name: str) -> Becomes:
    statuses = yaml_values.words(node, name)
    known = (*OPEN, *CLOSED)
    for status in statuses:
        if status not in known:
            raise ValueRefused(node, f"unknown status {status!r}; use {', '.join(known)}")
    return Becomes(tuple(statuses))


def _violations(node: yaml.Node, name: str) -> Violations:
    given = yaml_values.mapping(node, name, ("count", "within"), ("kind",))
    kind = yaml_values.text(given["kind"], f"{name}: kind") if "kind" in given else "alleged"
    if kind not in {"alleged", "denied", "confirmed"}:
        raise ValueRefused(given["kind"], f"{name}: kind must be alleged, denied or confirmed, not {kind!r}")
    count = yaml_values.whole(given["count"], f"{name}: count")
    return Violations(count, yaml_values.duration_us(given["within"], f"{name}: within", least=1), kind)  # type: ignore[arg-type]


READERS: Mapping[str, Callable[[yaml.Node, str], Condition]] = {
    "crosses": lambda node, name: Crosses(yaml_values.whole(node, name)),
    "rises": _rises,
    "falls": lambda node, name: Falls(yaml_values.whole(node, name)),
    "disagree": lambda node, name: Disagree(yaml_values.factor(node, name)),
    "quiet": lambda node, name: Quiet(yaml_values.duration_us(node, name, least=1)),
    "becomes": _becomes,
    "violations": _violations,
    "start_passed": lambda node, name: StartPassed(yaml_values.duration_us(node, name)),
}


def _severity(node: yaml.Node, condition: type[Condition]) -> str:
    del condition
    severity = yaml_values.text(node, "severity")
    if severity not in SEVERITIES:
        raise ValueRefused(node, f"unknown severity {severity!r}; use {', '.join(SEVERITIES)}")
    return severity


def _message(node: yaml.Node, condition: type[Condition]) -> str:
    template = yaml_values.text(node, "message")
    for reason in template_faults(template, fields_of(condition)):
        raise ValueRefused(node, reason)
    return template


def _group_by(node: yaml.Node, condition: type[Condition]) -> tuple[str, ...]:
    empty = isinstance(node, yaml.SequenceNode) and not node.value
    names = [] if empty else yaml_values.words(node, "group_by")
    for name in names:
        if name not in condition.named_by:
            raise ValueRefused(
                node, f"{condition.name} cannot be grouped by {name!r}, only by {', '.join(condition.named_by)}"
            )
    return tuple(names)


def _resolved(node: yaml.Node, condition: type[Condition]) -> bool:
    resolved = yaml_values.flag(node, "resolved")
    if resolved and condition.resolved_message is None:
        raise ValueRefused(node, f"{condition.name} is an event and never resolves: remove resolved")
    return resolved


ALERT_READERS: Mapping[str, Callable[[yaml.Node, type[Condition]], Any]] = {
    "severity": _severity,
    "message": _message,
    "cool_down": lambda node, _: yaml_values.duration_us(node, "cool_down"),
    "group_by": _group_by,
    "resolved": _resolved,
}
