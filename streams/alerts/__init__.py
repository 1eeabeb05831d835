"""Alerts: rules over the published changes, evaluated in event time. Only `rules_file` does I/O.

from streams.alerts import AlertEngine, read_rules

engine = AlertEngine(read_rules("alerts.yaml"), registry)
for topic, record in changes:
    for alert in engine.take(topic, record):
        print(alert["message"])
"""

from streams.alerts.engine import TOPICS, AlertEngine
from streams.alerts.rules import Rule, Rules
from streams.alerts.rules_file import RulesError, default_rules, parse_rules, read_rules

__all__ = ["TOPICS", "AlertEngine", "Rule", "Rules", "RulesError", "default_rules", "parse_rules", "read_rules"]
