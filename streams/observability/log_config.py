"""Logging: one event with fields per line, as text or JSON.

Lines above debug never quote a report; they name it by offset, episode and id.
"""

import logging
import re
import sys
from types import TracebackType
from typing import Any, Literal, TextIO

import orjson
import structlog

from schemas.reports import SLUG

__all__ = ["FIELDS", "RedactedError", "configure", "record_ids", "redacted_exc_info"]

#: `extra` fields of standard library log records that are kept.
FIELDS = frozenset({"topic", "partition", "offset", "episode", "report_id", "code"})
_SLUG = re.compile(SLUG)
_REPORT_ID = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,200}")

_SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]

_EXTRA = structlog.stdlib.ExtraAdder(FIELDS)
_TRACEBACKS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False, use_rich=False)
)


def configure(style: Literal["console", "json"] = "console", level: str = "info") -> None:
    """Write every log line, those of libraries too, to standard error in one format.

    `level` is debug, info, warning or error. May be called again.
    """
    render: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if style == "json":
        render += [_TRACEBACKS, structlog.processors.JSONRenderer()]
    else:
        # Tracebacks without local variables, which hold reports and secrets; both renderers show them by default.
        plain = structlog.dev.plain_traceback
        render.append(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain))
    lines = _ToStandardError()
    lines.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=[*_SHARED, _EXTRA], processors=render))
    root = logging.getLogger()
    root.handlers[:] = [lines]
    root.setLevel(level.upper())
    # These log every connection at INFO.
    for logger in ("aiokafka", "uvicorn", "httpx2", "filelock"):
        logging.getLogger(logger).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


class RedactedError(Exception):
    """Replaces in a log line an exception whose message may quote a report."""


def redacted_exc_info(error: BaseException) -> tuple[type[RedactedError], RedactedError, TracebackType | None]:
    """Return the `exc_info` of an exception without its message: its type and traceback."""
    return (
        RedactedError,
        RedactedError(f"{type(error).__name__} (message withheld: it may quote a report)"),
        error.__traceback__,
    )


def record_ids(value: bytes | None) -> dict[str, str]:
    """Return the `episode` and `report_id` of a record's value as log fields, those that are valid."""
    try:
        report: Any = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(report, dict):
        return {}
    rules = {"episode": _SLUG, "report_id": _REPORT_ID}
    return {
        name: report[name]
        for name, rule in rules.items()
        if isinstance(report.get(name), str) and rule.fullmatch(report[name])
    }


class _ToStandardError(logging.StreamHandler[TextIO]):
    """Writes to the current standard error, which tests and click replace."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)
