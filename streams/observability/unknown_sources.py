"""A log of the sources that claim something and are not in the registry."""

from collections.abc import Iterable

import structlog

from streams.core.source_registry import Registry

__all__ = ["UnknownSourceLog"]

#: Log at most this many unknown sources.
UNKNOWN_MAX = 10_000

_log = structlog.get_logger(__name__)


class UnknownSourceLog:
    """Tells the log, once each, which sources claim something and are not in the registry.

    An empty registry knows nobody, and then there is nothing to tell.
    """

    def __init__(self, registry: Registry) -> None:
        """Take the registry in force."""
        self._known = set(registry.sources)
        self._left = UNKNOWN_MAX if registry.sources else 0

    def observe(self, sources: Iterable[str]) -> None:
        """Take the sources of some accepted reports."""
        if not self._left:
            return
        for source in sorted(set(sources) - self._known)[: self._left]:
            self._known.add(source)
            self._left -= 1
            _log.info("a source that is not in the registry counts as a third party", source=source)
