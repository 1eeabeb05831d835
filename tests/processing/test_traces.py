"""A trace goes from the request with a report to its changes, with spans if they are on."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from streams.observability import tracing
from streams.observability.tracing import traced
from streams.operations.verify.verify import verify
from streams.settings import SettingsError
from streams.worker.faust_app import create_app
from tests.support.build import killed, report
from tests.support.faust_worker import worker_running
from tests.support.kafka_log import create_topics, read, send, settings_for, until_processed
from tests.support.numbered_reports import report as record
from tests.support.waiting import LIMIT_S, eventually

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TOPIC = "messaging.destination.name"
PARENT = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ([("traceparent", PARENT), ("x", "y"), ("tracestate", "a=b")], ["traceparent", "tracestate"]),
        ([("traceparent", PARENT), ("traceparent", PARENT)], ["traceparent"]),
        ([("tracestate", "a=b")], []),
        ([("traceparent", PARENT.upper())], []),
        ([("traceparent", f"ff{PARENT[2:]}")], []),
        ([("traceparent", f"00-{'0' * 32}-{SPAN}-01")], []),
        ([("traceparent", PARENT), ("tracestate", "é" * 3)], ["traceparent"]),
        ([("traceparent", PARENT + "-" + "x" * 5000)], []),
    ],
)
def test_only_headers_that_make_sense_go_on(headers: list[tuple[str, str]], kept: list[str]) -> None:
    assert [name for name, _ in traced((name, value.encode()) for name, value in headers)] == kept


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider()
        # Once a process; the desks of other tests make spans too, which nobody looks at.
        trace.set_tracer_provider(provider)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter
    exporter.shutdown()


async def test_the_trace_of_a_request_is_on_the_changes_and_has_a_span(
    kafka: str, prefix: str, tmp_path: Path, spans: InMemorySpanExporter
) -> None:
    settings = settings_for(kafka, prefix, data_dir=tmp_path)
    await create_topics(settings, 1)
    app = create_app(settings)
    app.finalize()
    async with worker_running(app):
        await eventually(lambda: app.processing.status.ready, "the desk is at work")
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{app.http.port}", timeout=LIMIT_S) as client:
            posted = await client.post(
                "/reports", content=json.dumps(report("a", killed(1))), headers={"traceparent": PARENT, "x": "y"}
            )
        assert posted.status_code == 202, posted.text
        await send(settings, [record(1)])
        await until_processed(settings)
    (logged, _) = await read(settings, "reports", 1)
    assert logged.headers == (("traceparent", PARENT.encode()),)
    changes = await read(settings, "casualties", 1)
    assert [dict(change.headers).get("traceparent") for change in changes] == [PARENT.encode(), None]
    assert await verify(settings) == []
    ours = f"{prefix}.reports"
    found = [span for span in spans.get_finished_spans() if span.attributes and span.attributes[TOPIC] == ours]
    (of_report,) = [span for span in found if span.name.endswith(" report")]
    assert of_report.parent is not None
    assert (f"{of_report.context.trace_id:032x}", f"{of_report.parent.span_id:016x}") == (TRACE, SPAN)
    said = dict(of_report.attributes or {})
    assert (said["messaging.kafka.offset"], said["messaging.kafka.message.key"]) == (0, "war")
    batches = [span for span in found if span is not of_report]
    assert sum(int(str(dict(span.attributes or {})["messaging.batch.message_count"])) for span in batches) == 2
    assert [link.context.span_id in {span.context.span_id for span in batches} for link in of_report.links] == [True]


class TestConfiguration:
    @pytest.fixture(autouse=True)
    def _bare(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
            monkeypatch.delenv(name, raising=False)

    def test_what_is_asked_for_and_not_installed_is_said(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
        monkeypatch.setitem(sys.modules, "opentelemetry", None)
        with pytest.raises(SettingsError, match=r"pip install 'truceline\[otel\]'"):
            tracing.configure()
        assert tracing.tracer() is None

    def test_another_exporter_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", "carrier-pigeon")
        with pytest.raises(SettingsError, match="otlp, console or none, not 'carrier-pigeon'"):
            tracing.configure()

    @pytest.mark.parametrize("exporter", ["", "none"])
    def test_nothing_is_done_where_nothing_is_asked_for(self, monkeypatch: pytest.MonkeyPatch, exporter: str) -> None:
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", exporter)
        monkeypatch.setitem(sys.modules, "opentelemetry", None)
        tracing.configure()
