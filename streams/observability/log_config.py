"""How log lines are written: one event with fields a line, for people or as JSON.

What a report says stands in no line above debug: lines name it by where it lies, its episode and its id.
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

#: What lines of the standard library's loggers may give as `extra`, to stand as fields.
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
    """Send every log line, the libraries' too, to standard error in one form.

    `level` is debug, info, warning or error. May be called again.
    """
    render: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if style == "json":
        render += [_TRACEBACKS, structlog.processors.JSONRenderer()]
    else:
        # Neither form shows local variables, as both would by themselves: they hold reports, and secrets.
        plain = structlog.dev.plain_traceback
        render.append(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain))
    lines = _ToStandardError()
    lines.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=[*_SHARED, _EXTRA], processors=render))
    root = logging.getLogger()
    root.handlers[:] = [lines]
    root.setLevel(level.upper())
    # These say at INFO what each connection does.
    for chatty in ("aiokafka", "uvicorn", "httpx2", "filelock"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
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
    """Stands in a log line for an exception whose words may be those of a report."""


def redacted_exc_info(error: BaseException) -> tuple[type[RedactedError], RedactedError, TracebackType | None]:
    """Return as `exc_info` where an exception was raised and of which kind it is, without what it says."""
    return (
        RedactedError,
        RedactedError(f"{type(error).__name__}, whose message may quote the report"),
        error.__traceback__,
    )


def record_ids(value: bytes | None) -> dict[str, str]:
    """Return the `episode` and `report_id` that a record's value names, as fields of a log line, where it names any."""
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
    """Writes to what standard error is now, not to what it was when this was made."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)
