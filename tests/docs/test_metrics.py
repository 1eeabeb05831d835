"""docs/reference/metrics.md lists every metric, as it is, and no other."""

from __future__ import annotations

import re
from typing import NamedTuple

from prometheus_client import Histogram
from prometheus_client.metrics import MetricWrapperBase

from streams.observability import metrics
from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "reference/metrics.md"
TEXT = PAGE.read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(truceline_\w+)` \| (\w+) \|([^|]*)\|", re.MULTILINE)
#: Whose values are few and known: topics of the table, partitions of this worker, routes, codes.
LABELS = {"outcome", "code", "topic", "partition", "severity", "state", "method", "route", "status"}


class Shown(NamedTuple):
    name: str
    kind: str
    labels: tuple[str, ...]


def ours() -> list[Shown]:
    found = [metric for metric in vars(metrics).values() if isinstance(metric, MetricWrapperBase)]
    return sorted(
        Shown(metric._name + "_total" * (metric._type == "counter"), str(metric._type), tuple(metric._labelnames))
        for metric in found
    )


def test_the_page_has_every_metric_and_no_other() -> None:
    listed = [Shown(name, kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels in ROW.findall(TEXT)]
    assert sorted(listed) == ours()
    families = {family.name for family in metrics.REGISTRY.collect() if family.name.startswith("truceline_")}
    assert families == {shown.name.removesuffix("_total") for shown in ours()}


def test_other_metrics_named_exist() -> None:
    named = set(re.findall(r"\b(truceline_\w+|process_\w+)", TEXT))
    families = {family.name + "_total" * (family.type == "counter") for family in metrics.REGISTRY.collect()}
    assert named <= families


def test_no_label_has_a_value_without_bounds() -> None:
    assert {label for shown in ours() for label in shown.labels} <= LABELS
    assert metrics.method("GET") == "GET"
    assert metrics.method("x" * 80) == "other"


def test_names_are_in_base_units() -> None:
    units = {shown.name.removesuffix("_total").rpartition("_")[2] for shown in ours() if shown.kind != "counter"}
    assert units & {"ms", "milliseconds", "minutes", "percent", "kilobytes", "mb"} == set()
    assert all(shown.name.endswith("_seconds") for shown in ours() if shown.kind == Histogram._type)
