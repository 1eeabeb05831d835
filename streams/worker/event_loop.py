"""uvloop's event loop with a short timeout for closing TLS connections.

Closing a TLS connection waits for the peer to close it too. A Kafka broker that holds a fetch does not answer, and
uvloop waits 30 s: after each restore of a partition, and each time a worker stops.
"""

from typing import Any

import uvloop

__all__ = ["EventLoop"]

#: Nothing is lost: all wanted data were read before.
SHUTDOWN_S = 1.0


class EventLoop(uvloop.Loop):
    """uvloop's loop, with a shorter timeout for closing TLS connections."""

    async def create_connection(self, *args: Any, **options: Any) -> Any:
        """Connect; with TLS the close waits `SHUTDOWN_S` unless the caller sets another timeout."""
        if options.get("ssl") is not None:
            options.setdefault("ssl_shutdown_timeout", SHUTDOWN_S)
        return await super().create_connection(*args, **options)
