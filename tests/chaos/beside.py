"""Slips run beside a run of chaos, in the same cluster."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from streams.kafka.local.node import Node
from streams.settings import Settings
from tests.chaos.deployment import Deployment
from tests.chaos.slips import SlipKind, hang_broker, slip

#: Workers look at topics once a minute; brokers fail meanwhile.
SLIP_LIMIT_S = 240.0
#: Four times what a hung broker may cost.
HANG_LIMIT_S = 60.0


@dataclass(frozen=True)
class Beside:
    """Slips of an operator, each on a deployment of its own in the same cluster."""

    settings: Settings
    nodes: int
    folder: Path
    tell: Callable[[str], object]

    def slip(self, kind: SlipKind) -> list[str]:
        """Run a slip; return what is wrong."""
        return self._timed(kind, partial(slip, kind, self._deployment(kind, SLIP_LIMIT_S)))

    def hang(self, node: Node) -> list[str]:
        """Hang a broker; return what is wrong."""
        return self._timed("hang broker", partial(hang_broker, node, self._deployment("hang broker", HANG_LIMIT_S)))

    def _deployment(self, name: str, limit_s: float) -> Deployment:
        prefix = f"{self.settings.topic_prefix}-{name.replace(' ', '-')}"
        own = self.settings.model_copy(update={"topic_prefix": prefix, "app_id": prefix})
        return Deployment(own, self.folder, self.nodes, limit_s)

    def _timed(self, name: str, run_slip: Callable[[], Coroutine[object, object, list[str]]]) -> list[str]:
        began = time.monotonic()
        faults = asyncio.run(run_slip())
        self.tell(f"slip: {name}: {'; '.join(faults) or 'as it must be'}, after {time.monotonic() - began:.0f} s")
        return faults
