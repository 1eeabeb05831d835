"""Keep the parts of Apprise URLs, which hold passwords and tokens, out of log lines."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from urllib.parse import unquote

__all__ = ["RedactingFilter", "reasons", "redact_address", "silenced"]

#: Loggers of Apprise and of the libraries it uses, which may quote an address.
LOGGERS = ("apprise", "urllib3", "urllib3.connectionpool", "requests", "requests_oauthlib", "oauthlib")
HIDDEN = "***"
SHORTEST = 3

#: Messages that the libraries logged while sending the current notification.
reasons: ContextVar[list[str] | None] = ContextVar("reasons", default=None)


class RedactingFilter(logging.Filter):
    """Replaces the parts of known addresses in log lines, and keeps the lines as reasons of a failure."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: set[str] = set()
        self._pattern = re.compile(r"(?!)")

    def add_address(self, url: str) -> None:
        """Treat every part of an address but its scheme as secret."""
        _, _, rest = url.partition("://")
        parts = {rest, *re.split(r"[/:@?&=#,;\s]+", rest)}
        parts |= {unquote(part) for part in parts}
        self._parts |= {part for part in parts if len(part) >= SHORTEST}
        longest_first = sorted(self._parts, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)

    def redact(self, text: str) -> str:
        """Return a text with the secret parts replaced."""
        return self._pattern.sub(HIDDEN, text)

    def filter(self, record: logging.LogRecord) -> bool:
        """Pass warnings and errors, redacted."""
        if record.levelno < logging.WARNING:
            return False
        record.msg, record.args = self.redact(record.getMessage()), ()
        record.exc_info = record.exc_text = record.stack_info = None
        if (lines := reasons.get()) is not None:
            lines.append(record.msg)
        return True


_FILTER = RedactingFilter()


def redact_address(url: str) -> RedactingFilter:
    """Redact the parts of an address in all log lines of Apprise and its libraries from now on."""
    _FILTER.add_address(url)
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if _FILTER not in logger.filters:
            logger.addFilter(_FILTER)
    return _FILTER


@contextmanager
def silenced() -> Iterator[None]:
    """Drop what Apprise logs of an address that it cannot parse: it shows the first and last letter of a password."""
    logger = logging.getLogger("apprise")
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before
