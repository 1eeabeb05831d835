"""Prometheus rules and the Grafana dashboard ask for metrics that there are, by labels that they have."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
import yaml

from streams.observability.metrics import REGISTRY
from tests.support.paths import ROOT

DEPLOY = ROOT / "deploy"
RULES_FILE = DEPLOY / "prometheus" / "rules.yaml"
RULES = [rule for group in yaml.safe_load(RULES_FILE.read_text())["groups"] for rule in group["rules"]]
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana" / "truceline.json").read_text())
SCALED = yaml.safe_load((DEPLOY / "components" / "keda" / "scaledobject.yaml").read_text())
#: Put there by Prometheus when it scrapes.
SCRAPED = {"instance", "job"}
RECORDED = {rule["record"] for rule in RULES if "record" in rule}


def series() -> dict[str, set[str]]:
    """Every series' name with its labels, from the one registry."""
    found = {}
    for collector in list(REGISTRY._collector_to_names):
        labels = set(getattr(collector, "_labelnames", ()))
        for family in collector.describe() if hasattr(collector, "describe") else ():
            ends = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(family.type, ("",))
            for end in ends:
                found[family.name + end] = labels | ({"le"} if end == "_bucket" else set())
    return found


SERIES = series()


def selectors(expression: Any) -> Iterator[tuple[str, set[str]]]:
    """The series that an expression asks for, with the labels that it picks them by."""
    if expression is None:
        return
    if type(expression).__name__ == "VectorSelector":
        yield expression.name, {matcher.name for matcher in expression.matchers.matchers}
        return
    for part in ("expr", "lhs", "rhs", "param", "vector_selector"):
        if hasattr(expression, part):
            yield from selectors(getattr(expression, part))
    for argument in getattr(expression, "args", ()):
        yield from selectors(argument)


def expressions() -> list[str]:
    rules = [rule["expr"] for rule in RULES]
    panels = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
    triggers = [trigger["metadata"]["query"] for trigger in SCALED["spec"]["triggers"]]
    return [*rules, *panels, *triggers]


@pytest.mark.parametrize("expression", expressions())
def test_each_expression_is_promql_over_series_that_there_are(expression: str) -> None:
    # Grafana puts its own in before Prometheus sees it.
    parsed = promql_parser.parse(expression.replace("$__rate_interval", "5m"))
    asked = list(selectors(parsed))
    assert asked
    for name, labels in asked:
        if name not in RECORDED:
            assert name in SERIES
            assert labels - SCRAPED <= SERIES[name]
    grouped = {label.strip() for by in re.findall(r"\bby \(([^)]*)\)", expression) for label in by.split(",")}
    assert grouped <= set.union(*(SERIES.get(name, set()) for name, _ in asked)) | SCRAPED


def test_a_metric_that_is_gone_would_be_found() -> None:
    [asked] = selectors(promql_parser.parse('rate(truceline_gone_total{code="x"}[5m])'))
    assert asked == ("truceline_gone_total", {"code"})
    assert asked[0] not in SERIES
    assert len(SERIES) > 20


def test_each_alert_says_how_bad_it_is_and_what_to_do() -> None:
    alerts = [rule for rule in RULES if "alert" in rule]
    assert len({rule["alert"] for rule in alerts}) == len(alerts) >= 8
    for rule in alerts:
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert set(rule["annotations"]) == {"summary", "description"}


def test_promtool_takes_the_rules() -> None:
    """Runs if promtool is installed (Debian: prometheus). The rules were checked with version 2.42."""
    promtool = shutil.which("promtool")
    if promtool is not None:
        run = subprocess.run([promtool, "check", "rules", str(RULES_FILE)], capture_output=True, check=False, text=True)
        assert run.returncode == 0, run.stderr
    assert all(set(rule) <= {"alert", "record", "expr", "for", "labels", "annotations"} for rule in RULES)


def test_panels_have_ids_of_their_own_and_lie_beside_each_other() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {
            (column, line) for column in range(at["x"], at["x"] + at["w"]) for line in range(at["y"], at["y"] + at["h"])
        }
        assert at["x"] + at["w"] <= 24
        assert not cells & taken
        taken |= cells
    variables = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)\}?", json.dumps(panels))) - {"__rate_interval"}
    assert used == variables
