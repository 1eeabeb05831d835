"""How log lines are written: one event with fields a line, for people or as JSON."""

import logging
import sys
from typing import Literal, TextIO

import structlog

__all__ = ["configure"]

_SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


def configure(style: Literal["console", "json"] = "console", level: str = "info") -> None:
    """Send every log line, the libraries' too, to standard error in one form.

    `level` is debug, info, warning or error. May be called again.
    """
    render: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if style == "json":
        render += [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
    else:
        render.append(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()))
    lines = _ToStandardError()
    lines.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=_SHARED, processors=render))
    root = logging.getLogger()
    root.handlers[:] = [lines]
    root.setLevel(level.upper())
    # These say at INFO what each connection does.
    for chatty in ("aiokafka", "uvicorn", "httpx", "filelock"):
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


class _ToStandardError(logging.StreamHandler[TextIO]):
    """Writes to what standard error is now, not to what it was when this was made."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)
