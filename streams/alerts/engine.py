"""The watch: changes go in, in order, alerts come out. No clock, no file, no chance: time is what the causes say.

A rule looks at one topic, and at each episode of it apart. So it does not matter how the records of the two
topics, or of two episodes, lie between each other; only the order within an episode's changes of one topic counts,
and that is the order of a Kafka partition.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from schemas.alerts import Alert
from streams.alerts.condition import CAUSE_FIELDS, ConditionState, Match, ObservedChange, Topic
from streams.alerts.rules import Rule
from streams.alerts.templates import render
from streams.core.source_registry import Registry
from streams.core.times import FIRST_US, format_time, parse_time

__all__ = ["TOPICS", "AlertEngine"]

#: The topics that rules look at.
TOPICS: tuple[Topic, ...] = ("casualties", "ceasefires")


class AlertEngine:
    """Rules, and what they remember. `state` is JSON: stored and given back, the watch goes on where it was."""

    def __init__(
        self, rules: Iterable[Rule], registry: Registry | None = None, state: dict[str, Any] | None = None
    ) -> None:
        """Start with nothing seen, or with the `state` of another watch over the same rules."""
        self.registry = registry or Registry()
        self._rules: dict[str, list[Rule]] = {topic: [] for topic in TOPICS}
        for rule in rules:
            self._rules[rule.topic].append(rule)
        #: By topic, then by episode: the clock (µs or None), and the memory of each rule.
        self.state: dict[str, Any] = {topic: {} for topic in TOPICS} if state is None else state

    def take(self, topic: str, record: dict[str, Any]) -> list[Alert]:
        """Return the alerts that the next change of a topic raises or ends, in the order of the rules.

        `record` is a change of contract section 6; topics that no rule looks at are passed over.
        """
        rules = self._rules.get(topic)
        if not rules:
            return []
        lane = self.state[topic].setdefault(record["episode"], {"clock": None, "rules": {}})
        moment = _moment(record["cause"])
        if moment is not None and (lane["clock"] is None or moment > lane["clock"]):
            lane["clock"] = moment
        clock = FIRST_US if lane["clock"] is None else lane["clock"]
        seen = ObservedChange(record, clock, moment, self.registry)
        alerts: list[Alert] = []
        memories = lane["rules"]
        for rule in rules:
            memory = memories.get(rule.name, {})
            alerts += _applied(rule, memory, seen)
            if memory:
                memories[rule.name] = memory
            else:
                memories.pop(rule.name, None)
        return alerts


def _applied(rule: Rule, memory: ConditionState, seen: ObservedChange) -> list[Alert]:
    """Let a rule look at a change, and tell what it finds; `memory` is its own of this episode."""
    condition = rule.condition
    names = condition.names(seen)
    if not rule.matches_episode(names["episode"]):
        return []
    own: ConditionState = memory.pop("own", {})
    findings = list(condition.on_time(own, seen))
    if rule.matches(names):
        findings += condition.on_change(own, seen)
    if own:
        memory["own"] = own
    told = (_told(rule, memory, seen, finding) for finding in findings)
    return [alert for alert in told if alert is not None]


def _told(rule: Rule, memory: ConditionState, seen: ObservedChange, finding: Match) -> Alert | None:
    """Return the alert of a finding, or None where it is held back or ends nothing that was told."""
    about = "/".join(finding.subject.values())
    if finding.raised:
        held = _held_back(rule, memory, seen, finding)
        if held is None:
            return None
        alert_id = f"{rule.name}:{finding.origin}"
        if rule.resolved:
            memory.setdefault("open", {}).setdefault(about, []).append(alert_id)
        return _alert(rule, seen, finding, alert_id, suppressed=held)
    raised = memory.get("open", {}).pop(about, None)
    if raised is None:
        return None
    if not memory["open"]:
        del memory["open"]
    return _alert(rule, seen, finding, f"{raised[-1]}/resolved", resolves=raised)


def _held_back(rule: Rule, memory: ConditionState, seen: ObservedChange, finding: Match) -> int | None:
    """Return how many of the finding's group were held back before it, or None where it is held back itself.

    One report raises one alert of a group, and then its cool-down has to pass.
    """
    if rule.group_by is None and not rule.cool_down_us:
        return 0
    groups = memory.setdefault("groups", {})
    by = finding.subject if rule.group_by is None else rule.group_by
    group = "/".join(finding.subject[name] for name in by)
    cause = _cause_name(seen.record["cause"])
    until, held, last = groups.get(group, (FIRST_US, 0, None))
    if seen.clock < until or cause == last:
        groups[group] = [until, held + 1, last]
        return None
    groups[group] = [seen.clock + rule.cool_down_us, 0, cause]
    return int(held)


def _alert(
    rule: Rule,
    seen: ObservedChange,
    finding: Match,
    alert_id: str,
    *,
    resolves: list[str] | None = None,
    suppressed: int = 0,
) -> Alert:
    record, condition = seen.record, rule.condition
    cause = record["cause"]
    at = None if seen.clock == FIRST_US else format_time(seen.clock)
    known: dict[str, Any] = {name: cause.get(_CAUSE.get(name, name)) for name in CAUSE_FIELDS}
    known |= {"rule": rule.name, "severity": rule.severity, "episode": record["episode"], "at": at}
    template = (rule.message or condition.message) if finding.raised else (condition.over or condition.message)
    return {
        "alert_id": alert_id,
        "rule": rule.name,
        "state": "raised" if finding.raised else "resolved",
        "resolves": resolves or [],
        "severity": rule.severity,
        "episode": record["episode"],
        "at": at,
        "condition": condition.name,
        "subject": finding.subject,
        "message": render(template, known | finding.subject | finding.facts),
        "facts": finding.facts,
        "suppressed": suppressed,
        "topic": condition.topic,
        "change_id": record["change_id"],
        "cause": cause,
    }


#: In a message `source` is the one whose figure it is; who reported it stands under another name.
_CAUSE = {"reported_by": "source"}


def _moment(cause: Mapping[str, Any]) -> int | None:
    """Return when a cause says it happened, in microseconds; a change of the source registry has no time."""
    text = cause.get("published_at") or cause.get("tick")
    return None if text is None else parse_time(text)


def _cause_name(cause: Mapping[str, Any]) -> str:
    """Return what tells one cause of an episode from another."""
    if "report_id" in cause:
        return f"{cause['report_id']}@{cause['revision']}"
    return " ".join(f"{name} {cause[name]}" for name in ("tick", "registry") if name in cause)
