"""Log the sources of claims that are not in the source registry."""

from collections.abc import Iterable

import structlog

from streams.core.source_registry import Registry

__all__ = ["UnknownSourceLog"]

#: Log at most this many unknown sources.
UNKNOWN_MAX = 10_000

_log = structlog.get_logger(__name__)


class UnknownSourceLog:
    """Logs each unregistered source once; with an empty registry it logs nothing."""

    def __init__(self, registry: Registry) -> None:
        """Log the sources that are not in this registry."""
        self._known = set(registry.sources)
        self._left = UNKNOWN_MAX if registry.sources else 0

    def observe(self, sources: Iterable[str]) -> None:
        """Note the sources of accepted reports."""
        if not self._left:
            return
        for source in sorted(set(sources) - self._known)[: self._left]:
            self._known.add(source)
            self._left -= 1
            _log.info("unknown_source", source=source, counts_as="third party")
