"""Slips run beside a run of chaos, in the same cluster."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
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
        deployment = self._deployment(kind, SLIP_LIMIT_S)
        return self._reported(kind, deployment, slip(kind, deployment))

    def hang(self, node: Node) -> list[str]:
        """Hang a broker; return what is wrong."""
        deployment = self._deployment("hang broker", HANG_LIMIT_S)
        return self._reported("hang broker", deployment, hang_broker(node, deployment))

    def _deployment(self, name: str, limit_s: float) -> Deployment:
        prefix = f"{self.settings.topic_prefix}-{name.replace(' ', '-')}"
        own = self.settings.model_copy(update={"topic_prefix": prefix, "app_id": prefix})
        return Deployment(own, self.folder, self.nodes, limit_s)

    def _reported(self, name: str, deployment: Deployment, running: Coroutine[object, object, list[str]]) -> list[str]:
        began = time.monotonic()
        faults = asyncio.run(running)
        self.tell(f"slip: {name}: {'; '.join(faults) or 'as it must be'}, after {time.monotonic() - began:.0f} s")
        if faults:
            self.tell(f"log of the worker of {name}:\n{deployment.log_tail()}")
        return faults
