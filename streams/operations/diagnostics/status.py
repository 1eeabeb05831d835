"""State of an installation: partitions, owners, lag, reports, last commits.

Partitions, owners, lag and last commits come from the brokers, so they are shown even if no worker can be reached.
The numbers of reports come from the workers' own /metrics.
"""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from streams.kafka import topics
from streams.kafka.client import client_options
from streams.kafka.consumer_group import Group, PartitionFacts, describe_group, partition_facts
from streams.settings import Settings

__all__ = ["InstallationStatus", "StatusRow", "WorkerFacts", "look"]

STANDING = "truceline_standing_reports"
HTTP_S = 3.0


@dataclass(frozen=True, slots=True)
class StatusRow:
    """A partition of the log."""

    partition: int
    #: The worker that owns it, None for none.
    owner: str | None
    committed: int | None
    end: int
    lag: int
    #: Accepted reports in its state, withdrawn ones included; None: no worker with a known URL owns it.
    standing: int | None
    last_commit_s: float | None


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """A worker's answer at /readyz."""

    url: str
    status: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InstallationStatus:
    """The whole installation at one moment."""

    group: str
    state: str
    rows: tuple[StatusRow, ...]
    workers: tuple[WorkerFacts, ...]

    def as_record(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        return asdict(self)


class TopicsMissing(LookupError):
    """The topic of reports or of the ledger is missing."""


async def look(settings: Settings, urls: Sequence[str] = ()) -> InstallationStatus:
    """Return the state now; `urls` are those of workers. Raises KafkaError, TimeoutError, or TopicsMissing."""
    workers = await asyncio.gather(*(_ask(url.rstrip("/")) for url in urls))
    standing: dict[int, int] = {}
    for _, counted in workers:
        standing |= counted
    async with topics.admin(client_options(settings)) as client:
        found = await topics.survey(client, settings.topic_prefix)
        if "reports" not in found or "ledger" not in found:
            raise TopicsMissing(f"there are no topics of {settings.topic_prefix}: run `truceline topics create`")
        group = await describe_group(client, settings)
        facts = await partition_facts(client, client_options(settings), settings, found["reports"].partitions)
    rows = tuple(_row(group, fact, standing) for fact in facts)
    return InstallationStatus(group.name, group.state, rows, tuple(told for told, _ in workers))


def _row(group: Group, fact: PartitionFacts, standing: dict[int, int]) -> StatusRow:
    owner = group.owner(fact.partition)
    return StatusRow(
        fact.partition,
        None if owner is None else owner.name,
        fact.committed,
        fact.end,
        fact.lag,
        standing.get(fact.partition),
        fact.last_commit_s,
    )


async def _ask(url: str) -> tuple[WorkerFacts, dict[int, int]]:
    try:
        async with httpx2.AsyncClient(timeout=HTTP_S) as client:
            ready = (await client.get(f"{url}/readyz")).json()
            metrics = (await client.get(f"{url}/metrics")).text
    except (httpx2.HTTPError, ValueError) as error:
        return WorkerFacts(url, "unreachable", (str(error) or type(error).__name__,)), {}
    standing = {
        int(sample.labels["partition"]): int(sample.value)
        for family in text_string_to_metric_families(metrics)
        for sample in family.samples
        if sample.name == STANDING and not math.isnan(sample.value)
    }
    return WorkerFacts(url, str(ready["status"]), tuple(map(str, ready["reasons"]))), standing
