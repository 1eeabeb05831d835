"""What is counted for Prometheus: the one table of metrics, served at /metrics and listed in the docs."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

__all__ = ["DEGRADED", "HTTP_REQUESTS", "HTTP_SECONDS", "READY", "REGISTRY", "REPORTS_REFUSED", "REPORTS_TAKEN"]

disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each of ours, and nobody reads them
REGISTRY = CollectorRegistry(auto_describe=True)

REPORTS_TAKEN = Counter(
    "truceline_posted_reports_total",
    "Reports and ticks taken over HTTP, by how",
    ["outcome"],
    registry=REGISTRY,
)
REPORTS_REFUSED = Counter(
    "truceline_posted_refusals_total",
    "Reports refused over HTTP, by code",
    ["code"],
    registry=REGISTRY,
)
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
READY = Gauge("truceline_ready", "1 while /readyz says yes", registry=REGISTRY)
DEGRADED = Gauge("truceline_degraded", "1 once /readyz names a trouble that somebody should look at", registry=REGISTRY)
