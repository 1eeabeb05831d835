"""OpenTelemetry spans of processing (the extra `truceline[otel]`).

The standard OTEL_* variables configure the exporter. Without the extra or the variables there are no spans, but a
report's `traceparent` is still copied to its changes.
"""

import contextlib
import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any

from streams.settings import SettingsError

__all__ = ["SpanHeader", "Tracer", "configure", "incoming", "traced", "tracer"]

#: Any of these turns tracing on.
_WANTED = ("OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
SERVICE = "truceline"
SpanHeader = tuple[str, bytes | None]
#: A traceparent of version 00 has this length; later versions may append a hyphen and more.
_TRACE = {
    "traceparent": re.compile(
        rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-[!-~]{0,100})?"
    ),
    "tracestate": re.compile(rb"[ -~]{1,512}"),
}
#: Trace headers of the current HTTP request, copied to its records on the log.
incoming: ContextVar[tuple[SpanHeader, ...]] = ContextVar("incoming", default=())


def traced(headers: Iterable[SpanHeader]) -> list[SpanHeader]:
    """Return the valid trace headers of a record (W3C Trace Context).

    They are copied unchanged, so that the same log gives the same bytes.
    """
    found: dict[str, bytes] = {}
    for name, value in headers:
        if name in _TRACE and value is not None and _TRACE[name].fullmatch(value):
            found.setdefault(name, value)
    return list(found.items()) if "traceparent" in found else []


class Tracer:
    """Creates spans of batches, and of the traced reports in them."""

    def __init__(self, provider: Any) -> None:
        """Use OpenTelemetry's tracer provider."""
        self._tracer = provider.get_tracer(SERVICE)

    @contextlib.contextmanager
    def batch(self, topic: str, partition: int, records: Sequence[Any]) -> Iterator[None]:
        """Span the processing of a batch until its commit; an exception is recorded on the span."""
        from opentelemetry import trace  # noqa: PLC0415 - an extra

        began_ns = time.time_ns()
        place = {
            "messaging.system": "kafka",
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.destination.name": topic,
            "messaging.destination.partition.id": str(partition),
        }
        attributes = {**place, "messaging.batch.message_count": len(records)}
        with self._tracer.start_as_current_span(
            f"process {topic}", kind=trace.SpanKind.CONSUMER, attributes=attributes
        ) as span:
            yield
        for record in records:
            if record.headers:
                self._report(record, place, began_ns, trace.Link(span.get_span_context()))

    def _report(self, record: Any, place: dict[str, str], began_ns: int, link: Any) -> None:
        """Span one report in its own trace."""
        from opentelemetry import trace  # noqa: PLC0415 - an extra
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        carrier = {name: value.decode("ascii", "replace") for name, value in record.headers if value is not None}
        context = TraceContextTextMapPropagator().extract(carrier)
        if not trace.get_current_span(context).get_span_context().is_valid:
            return
        attributes = {**place, "messaging.kafka.offset": record.offset}
        if record.key is not None:
            attributes["messaging.kafka.message.key"] = record.key.decode("utf-8", "replace")
        self._tracer.start_span(
            f"process {place['messaging.destination.name']} report",
            context=context,
            kind=trace.SpanKind.CONSUMER,
            attributes=attributes,
            links=[link],
            start_time=began_ns,
        ).end()


def configure() -> None:
    """Send spans where OTEL_* says, if it says so and the extra is there.

    Raises SettingsError where it asks for what cannot be had.
    """
    exporter = os.environ.get("OTEL_TRACES_EXPORTER", "otlp")
    if not any(os.environ.get(name) for name in _WANTED) or exporter == "none":
        return
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return
    try:
        from opentelemetry import trace  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        raise SettingsError("OTEL_* asks for traces: pip install 'truceline[otel]'") from None
    named = "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "") or os.environ.get("OTEL_SERVICE_NAME")
    provider = TracerProvider(resource=Resource.create({} if named else {"service.name": SERVICE}))
    provider.add_span_processor(BatchSpanProcessor(_exporter(exporter)))
    trace.set_tracer_provider(provider)


def _exporter(name: str) -> Any:
    if name == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter  # noqa: PLC0415

        return ConsoleSpanExporter()
    if name == "otlp":
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

        return OTLPSpanExporter()
    raise SettingsError(f"OTEL_TRACES_EXPORTER is otlp, console or none, not {name!r}")


def tracer() -> Tracer | None:
    """Return the tracer, None unless tracing is configured."""
    try:
        from opentelemetry import trace  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    provider = trace.get_tracer_provider()
    return None if isinstance(provider, trace.ProxyTracerProvider) else Tracer(provider)
