"""What must not be said: the parts of Apprise URLs, which hold passwords and tokens anywhere."""

import logging
import re
from contextvars import ContextVar
from urllib.parse import unquote

__all__ = ["RedactingFilter", "reasons", "redact_address"]

#: Loggers of Apprise and of the libraries that it sends by, which may quote an address.
LOGGERS = ("apprise", "urllib3", "urllib3.connectionpool", "requests", "requests_oauthlib", "oauthlib")
HIDDEN = "***"
SHORTEST = 3

#: What the libraries said while the current notification was sent.
reasons: ContextVar[list[str] | None] = ContextVar("reasons", default=None)


class RedactingFilter(logging.Filter):
    """Replaces each part of the known addresses, and keeps what is said as the reasons of a failure."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: set[str] = set()
        self._pattern = re.compile(r"(?!)")

    def add_address(self, url: str) -> None:
        """Take an address whose parts are secret, all of them but its scheme."""
        _, _, rest = url.partition("://")
        parts = {rest, *re.split(r"[/:@?&=#,;\s]+", rest)}
        parts |= {unquote(part) for part in parts}
        self._parts |= {part for part in parts if len(part) >= SHORTEST}
        longest_first = sorted(self._parts, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)

    def redact(self, text: str) -> str:
        """Return a text without the secret parts."""
        return self._pattern.sub(HIDDEN, text)

    def filter(self, record: logging.LogRecord) -> bool:
        """Let warnings and worse through, with nothing secret in them."""
        if record.levelno < logging.WARNING:
            return False
        record.msg, record.args = self.redact(record.getMessage()), ()
        record.exc_info = record.exc_text = record.stack_info = None
        if (said := reasons.get()) is not None:
            said.append(record.msg)
        return True


_FILTER = RedactingFilter()


def redact_address(url: str) -> RedactingFilter:
    """Keep the parts of an address out of all log lines of Apprise and its libraries, from now on."""
    _FILTER.add_address(url)
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if _FILTER not in logger.filters:
            logger.addFilter(_FILTER)
    return _FILTER
