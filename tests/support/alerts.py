"""Rules in a line of YAML, and the alerts they raise for a story, which `tests.support.build` writes.

A rule is called `r`. A story is reports and ticks of the episode `war`, folded by the ledger itself.
"""

from __future__ import annotations

from typing import Any

from streams.alerts import AlertEngine, Rules, parse_rules
from tests.support.build import REGISTRY, Json, Story, at, report

Changes = list[tuple[str, Json]]


def rules(*yaml: str) -> Rules:
    """Rules `r`, `r2`, `r3` … from the inside of flow mappings: `rules("crosses: 100")`."""
    lines = [f"r{number if number > 1 else ''}: {{{rule}}}" for number, rule in enumerate(yaml, 1)]
    return parse_rules("\n".join(lines).encode(), "alerts.yaml")


def watch(*yaml: str, state: Json | None = None) -> AlertEngine:
    return AlertEngine(rules(*yaml), REGISTRY, state)


def changes(*story: Json) -> Changes:
    """Return the changes that the ledger publishes for a story."""
    return Story(*story).changes


def told(watching: AlertEngine, published: Changes) -> list[Json]:
    """All alerts, as plain records."""
    return [dict(alert) for topic, record in published for alert in watching.take(topic, record)]


def alerts(yaml: str, *story: Json) -> list[Json]:
    """Return all alerts of one rule for a story."""
    return told(watch(yaml), changes(*story))


def ids(found: list[Json]) -> list[str]:
    """The ids, without the rule's and the episode's name where they are the usual ones."""
    return [alert["alert_id"].removeprefix("r:war/") for alert in found]


def messages(yaml: str, *story: Json) -> list[str]:
    """Return the messages of one rule for a story."""
    return [alert["message"] for alert in alerts(yaml, *story)]


def day(number: int, *claims: Json, source: str = "mod", **fields: Any) -> Json:
    """A report of its own, published on a day of September at noon unless `published_at` says otherwise."""
    named = {"published_at": at(number, 12), "source": source, **fields}
    report_id = f"{named['source']}-{named['published_at']}"
    return report(report_id, *claims, **named)
