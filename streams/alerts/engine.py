"""Turn changes, in order, into alerts. Pure: time is that of the causes.

A rule reads one topic, and each episode separately. So only the order of one episode's changes of one topic matters,
which a Kafka partition keeps.
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

#: Topics that rules read.
TOPICS: tuple[Topic, ...] = ("casualties", "ceasefires")


class AlertEngine:
    """Rules and their state. `state` is JSON; an engine created with it continues where the other stopped."""

    def __init__(
        self, rules: Iterable[Rule], registry: Registry | None = None, state: dict[str, Any] | None = None
    ) -> None:
        """Start without state, or with the `state` of another engine over the same rules."""
        self.registry = registry or Registry()
        self._rules: dict[str, list[Rule]] = {topic: [] for topic in TOPICS}
        for rule in rules:
            self._rules[rule.topic].append(rule)
        #: topic → episode → its clock (µs or None), and the state of each rule.
        self.state: dict[str, Any] = {topic: {} for topic in TOPICS} if state is None else state

    def take(self, topic: str, record: dict[str, Any]) -> list[Alert]:
        """Return the alerts that the next change of a topic raises or resolves, in the order of the rules.

        `record` is a change of contract section 6; topics without a rule are ignored.
        """
        rules = self._rules.get(topic)
        if not rules:
            return []
        episode_state = self.state[topic].setdefault(record["episode"], {"clock": None, "rules": {}})
        moment = _moment(record["cause"])
        if moment is not None and (episode_state["clock"] is None or moment > episode_state["clock"]):
            episode_state["clock"] = moment
        clock = FIRST_US if episode_state["clock"] is None else episode_state["clock"]
        seen = ObservedChange(record, clock, moment, self.registry)
        alerts: list[Alert] = []
        states = episode_state["rules"]
        for rule in rules:
            state = states.get(rule.name, {})
            alerts += _applied(rule, state, seen)
            if state:
                states[rule.name] = state
            else:
                states.pop(rule.name, None)
        return alerts


_PARTS = frozenset({"group", "scope"})


def _applied(rule: Rule, state: ConditionState, seen: ObservedChange) -> list[Alert]:
    """Return a rule's alerts of a change; `state` is the rule's for this episode."""
    condition = rule.condition
    names = condition.names(seen)
    if not rule.matches_episode(names["episode"]):
        return []
    own: ConditionState = state.pop("own", {})
    matches = list(condition.on_time(own, seen))
    # A rule is about whole counts: a group's or a scope's figure would raise and resolve its alerts in turn.
    if rule.matches(names) and _PARTS.isdisjoint(seen.record):
        matches += condition.on_change(own, seen)
    if own:
        state["own"] = own
    alerts = (_match_alert(rule, state, seen, match) for match in matches)
    return [alert for alert in alerts if alert is not None]


def _match_alert(rule: Rule, state: ConditionState, seen: ObservedChange, match: Match) -> Alert | None:
    """Return the alert of a match, or None if it is suppressed or resolves nothing that was raised."""
    about = "/".join(match.subject.values())
    if match.raised:
        suppressed = _suppressed(rule, state, seen, match)
        if suppressed is None:
            return None
        alert_id = f"{rule.name}:{match.origin}"
        if rule.resolved:
            state.setdefault("open", {}).setdefault(about, []).append(alert_id)
        return _alert(rule, seen, match, alert_id, suppressed=suppressed)
    raised = state.get("open", {}).pop(about, None)
    if raised is None:
        return None
    if not state["open"]:
        del state["open"]
    return _alert(rule, seen, match, f"{raised[-1]}/resolved", resolves=raised)


def _suppressed(rule: Rule, state: ConditionState, seen: ObservedChange, match: Match) -> int | None:
    """Return how many matches of the group were suppressed before this one, None if this one is too.

    One report raises one alert per group, after which the cool-down must pass.
    """
    if rule.group_by is None and not rule.cool_down_us:
        return 0
    groups = state.setdefault("groups", {})
    by = match.subject if rule.group_by is None else rule.group_by
    group = "/".join(match.subject[name] for name in by)
    cause = _cause_name(seen.record["cause"])
    until, suppressed, last = groups.get(group, (FIRST_US, 0, None))
    if seen.clock < until or cause == last:
        groups[group] = [until, suppressed + 1, last]
        return None
    groups[group] = [seen.clock + rule.cool_down_us, 0, cause]
    return int(suppressed)


def _alert(
    rule: Rule,
    seen: ObservedChange,
    match: Match,
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
    template = (
        (rule.message or condition.message) if match.raised else (condition.resolved_message or condition.message)
    )
    return {
        "alert_id": alert_id,
        "rule": rule.name,
        "state": "raised" if match.raised else "resolved",
        "resolves": resolves or [],
        "severity": rule.severity,
        "episode": record["episode"],
        "at": at,
        "condition": condition.name,
        "subject": match.subject,
        "message": render(template, known | match.subject | match.facts),
        "facts": match.facts,
        "suppressed": suppressed,
        "topic": condition.topic,
        "change_id": record["change_id"],
        "cause": cause,
    }


#: In a message `source` is that of the figure; the report's source has another name.
_CAUSE = {"reported_by": "source"}


def _moment(cause: Mapping[str, Any]) -> int | None:
    """Return the time of a cause in microseconds; a change of the source registry has none."""
    text = cause.get("published_at") or cause.get("tick")
    return None if text is None else parse_time(text)


def _cause_name(cause: Mapping[str, Any]) -> str:
    """Return a name of a cause that is unique within an episode."""
    if "report_id" in cause:
        return f"{cause['report_id']}@{cause['revision']}"
    return " ".join(f"{name} {cause[name]}" for name in ("tick", "registry") if name in cause)
