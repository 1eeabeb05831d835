"""Prometheus metrics, served at /metrics; docs/reference/metrics.md is generated from this table.

Nothing here runs per record: counts are added once per batch. Label values are few and known beforehand; no episode,
source or address is a label.
"""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from schemas.alerts import SEVERITIES
from schemas.topics import CHANGE_TOPICS

disable_created_metrics()  # type: ignore[no-untyped-call]  # doubles the series, unused
REGISTRY = CollectorRegistry(auto_describe=True)
ProcessCollector(registry=REGISTRY)

OUTCOMES = ("accepted", "duplicate", "stale", "tick", "ignored_tick", "rerouted", "rejected")
CODES = (
    "too_large", "not_json", "invalid", "misrouted", "from_the_future", "revision_conflict", "too_late", "internal",
)  # fmt: skip
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
QUICK_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SLOW_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)


def _counter(name: str, text: str, **label: Iterable[str]) -> Counter:
    """Return a counter whose known label values start at 0, so that the first event shows as an increase."""
    counter = Counter(name, text, list(label), registry=REGISTRY)
    for values in label.values():
        for value in values:
            counter.labels(value)
    return counter


# The fold
REPORTS = _counter("truceline_reports_total", "Reports and ticks taken from the log, by outcome", outcome=OUTCOMES)
REJECTED = _counter("truceline_rejected_total", "Records rejected, by code", code=CODES)
UNKNOWN_FIELDS = _counter("truceline_unknown_fields_total", "Unknown fields of accepted reports")
PUBLISHED = _counter("truceline_published_total", "Records committed, by topic", topic=CHANGE_TOPICS)
FOLD_SECONDS = Histogram("truceline_fold_seconds", "Folding a batch", buckets=QUICK_S, registry=REGISTRY)
COMMIT_SECONDS = Histogram("truceline_commit_seconds", "Committing a transaction", buckets=QUICK_S, registry=REGISTRY)
END_TO_END_SECONDS = Histogram(
    "truceline_end_to_end_seconds",
    "Time from the timestamp of the oldest record of a batch to the commit of its changes",
    buckets=SLOW_S,
    registry=REGISTRY,
)
LAST_COMMIT = Gauge(
    "truceline_last_commit_timestamp_seconds", "Unix time of the last committed transaction", registry=REGISTRY
)

# Processing
TRANSACTIONS = _counter("truceline_transactions_total", "Transactions, by result", outcome=("committed", "aborted"))
FENCED = _counter("truceline_fenced_total", "Partitions lost to another worker or to a timeout during a transaction")
TAKEOVERS = _counter("truceline_takeovers_total", "Partitions taken over, their state restored")
LAG = Gauge("truceline_lag_records", "Records not yet processed, approximately", ["partition"], registry=REGISTRY)
RUNNING = Gauge(
    "truceline_partition_running", "1 while this worker runs the partition", ["partition"], registry=REGISTRY
)
RESTORED = Gauge(
    "truceline_restored_ratio",
    "Restored fraction of a partition's state",
    ["partition"],
    registry=REGISTRY,
)
STANDING = Gauge("truceline_standing_reports", "Accepted reports in the state", ["partition"], registry=REGISTRY)

# Alerts
ALERTS = Counter("truceline_alerts_total", "Alerts written", ["severity", "state"], registry=REGISTRY)
NOTIFICATIONS = _counter(
    "truceline_notifications_total",
    "Notifications, by result",
    outcome=("delivered", "undelivered"),
)
for _severity in SEVERITIES:
    for _state in ("raised", "resolved"):
        ALERTS.labels(_severity, _state)

# HTTP
REPORTS_TAKEN = _counter("truceline_posted_reports_total", "Reports and ticks posted, by outcome", outcome=())
REPORTS_REFUSED = _counter("truceline_posted_refusals_total", "Reports refused over HTTP, by code", code=CODES)
HTTP_REQUESTS = Counter(
    "truceline_http_requests_total",
    "HTTP requests answered",
    ["method", "route", "status"],
    registry=REGISTRY,
)
HTTP_SECONDS = Histogram(
    "truceline_http_request_seconds",
    "Time until the answer to an HTTP request began",
    ["route"],
    buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0),
    registry=REGISTRY,
)
EVENT_CLIENTS = Gauge("truceline_event_clients", "Connected clients of /events", registry=REGISTRY)
EVENT_CLIENTS_DROPPED = _counter("truceline_event_clients_dropped_total", "Clients of /events dropped as too slow")
CLIENTS_DROPPED = _counter("truceline_http_clients_dropped_total", "Connections closed because they read too slowly")
TASKS = Gauge("truceline_tasks", "Tasks of the event loop now", registry=REGISTRY)
READY = Gauge("truceline_ready", "1 while /readyz answers 200", registry=REGISTRY)
DEGRADED = Gauge("truceline_degraded", "1 while /readyz reports a problem", registry=REGISTRY)


def count_outcomes(counts: Mapping[str, int]) -> None:
    """Add the counts of a batch, keyed by outcome, `rejected_<code>` and `unknown_fields`."""
    for name, number in counts.items():
        code = name.removeprefix("rejected_")
        if code != name:
            REPORTS.labels("rejected").inc(number)
            REJECTED.labels(code).inc(number)
        elif name == "unknown_fields":
            UNKNOWN_FIELDS.inc(number)
        else:
            REPORTS.labels(name).inc(number)


def watch_partition(
    partition: int,
    *,
    lag: Callable[[], float],
    running: Callable[[], float],
    restored: Callable[[], float],
    standing: Callable[[], float],
) -> None:
    """Export the gauges of a partition that this worker owns; values are read on each scrape."""
    for gauge, value in ((LAG, lag), (RUNNING, running), (RESTORED, restored), (STANDING, standing)):
        gauge.labels(str(partition)).set_function(value)


def forget_partition(partition: int) -> None:
    """Remove the gauges of a partition that another worker owns now."""
    for gauge in (LAG, RUNNING, RESTORED, STANDING):
        gauge.remove(str(partition))


def method(name: str) -> str:
    """Return an HTTP method as a label value, `other` for methods that clients made up."""
    return name if name in METHODS else "other"
