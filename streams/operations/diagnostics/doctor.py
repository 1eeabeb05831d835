"""Checks of everything a worker needs, each with what to do about a fault."""

import asyncio
import contextlib
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import requires, version
from pathlib import Path
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import IncompatibleBrokerVersion, KafkaError

from streams.kafka import topics
from streams.kafka.acl import missing_acls, principal, rights
from streams.kafka.aiokafka_patches.admin import client_of, supported_requests
from streams.kafka.client import client_options
from streams.kafka.connectivity import unreachable_brokers
from streams.kafka.consumer_group import EMPTY, STABLE, describe_group, partition_facts
from streams.kafka.protocol.transactions import open_in
from streams.kafka.range_reader import bounds
from streams.kafka.residency import log_id
from streams.operations.diagnostics.build_info import is_compiled
from streams.processing.errors import WHOLE_LOG
from streams.settings import PREFIX, Settings

__all__ = ["CheckResult", "Finding", "examine"]

LAG_NOTED = 10_000
#: A record further in the future than this was stamped by a wrong clock.
SKEW_S = 30.0
#: Longer than the transaction of a batch takes; and the number of looks in that time.
OPEN_S = 5.0
OPEN_LOOKS = 5
FREE_FAULT_BYTES = 100 << 20
FREE_NOTE_BYTES = 1 << 30
ASK_S = 20.0
#: Requests that transactions need, by their number in the protocol; and one that only Kafka 4 has.
NEEDED_REQUESTS = {
    22: "InitProducerId",
    24: "AddPartitionsToTxn",
    25: "AddOffsetsToTxn",
    26: "EndTxn",
    28: "TxnOffsetCommit",
}
CONSUMER_GROUP_HEARTBEAT = 68


class CheckResult(StrEnum):
    """Result of a check; a fault stops a worker, a note does not."""

    OK = "ok"
    NOTE = "note"
    FAULT = "fault"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """A check with its result, and what to do, empty if nothing."""

    check: str
    state: CheckResult
    says: str
    do: str = ""


async def examine(settings: Settings, *, embedded: Path | None = None) -> list[Finding]:
    """Return all findings, in order. With `embedded` the file in that folder is checked, and Kafka is not contacted.

    Raises SettingsError if no client can be made of the settings.
    """
    if embedded is not None:
        return [_programs(), _disk(embedded, "the ledger")]
    found = [_programs(), _disk(settings.data_dir, f"{PREFIX}DATA_DIR")]
    brokers = await _brokers(settings)
    found.insert(0, brokers)
    if brokers.state is CheckResult.FAULT:
        return found + [Finding(name, CheckResult.SKIPPED, "no broker answers") for name in _ON_KAFKA]
    async with _client(settings) as client:
        for name, check in _ON_KAFKA.items():
            found.append(await _checked(name, check(client, settings)))
    return found


async def _checked(name: str, check: Coroutine[Any, Any, Finding]) -> Finding:
    try:
        async with asyncio.timeout(ASK_S):
            return await check
    except (KafkaError, TimeoutError, OSError, LookupError) as error:
        reason = str(error) or f"no answer within {ASK_S:.0f} s"
        return Finding(name, CheckResult.FAULT, reason, "fix the other findings, then try again")


async def _brokers(settings: Settings) -> Finding:
    named = settings.bootstrap_servers.split(",")
    shut = await unreachable_brokers(settings)
    failures = "; ".join(f"{broker}: {reason}" for broker, reason in shut.items())
    fix = f"start the brokers, or correct {PREFIX}BOOTSTRAP_SERVERS and the security settings"
    if len(shut) == len(named):
        return Finding(
            "brokers",
            CheckResult.FAULT,
            f"no broker answers: {failures}",
            f"{fix}; `truceline kafka up` starts one here",
        )
    if shut:
        return Finding("brokers", CheckResult.NOTE, f"{len(named) - len(shut)} of {len(named)} answer; {failures}", fix)
    return Finding("brokers", CheckResult.OK, f"{', '.join(named)} answer over {settings.security_protocol}")


async def _kafka_version(client: AIOKafkaAdminClient, _settings: Settings) -> Finding:
    await client.describe_cluster()
    spoken = supported_requests(client)
    brokers = await topics.brokers(client)
    if lacks := [name for number, name in NEEDED_REQUESTS.items() if number not in spoken]:
        return Finding(
            "kafka", CheckResult.FAULT, f"not supported: {', '.join(lacks)}", "transactions need Kafka 2.3 or newer"
        )
    if CONSUMER_GROUP_HEARTBEAT not in spoken:
        return Finding(
            "kafka", CheckResult.NOTE, f"{brokers} in service, older than Kafka 4", "truceline is tested with Kafka 4.3"
        )
    alone = " only one broker: if it fails, everything stops" if brokers == 1 else ""
    return Finding("kafka", CheckResult.OK, f"{brokers} in service, Kafka 4;{alone}".rstrip(";"))


async def _topics(client: AIOKafkaAdminClient, settings: Settings) -> Finding:
    different = topics.differences(settings.topic_prefix, await topics.survey(client, settings.topic_prefix))
    listed = "; ".join(map(str, different))
    if not different:
        return Finding("topics", CheckResult.OK, f"all topics of {settings.topic_prefix} are correct")
    if all(difference.what == "topic" for difference in different):
        return Finding("topics", CheckResult.FAULT, listed, "run `truceline topics create`")
    fatal = any(difference.fatal for difference in different)
    return Finding(
        "topics",
        CheckResult.FAULT if fatal else CheckResult.NOTE,
        listed,
        "`truceline topics check` says how to change them",
    )


async def _log(client: AIOKafkaAdminClient, settings: Settings) -> Finding:
    """The log must be whole, and the one that the ledger was made from."""
    found = await topics.survey(client, settings.topic_prefix)
    if "reports" not in found or "ledger" not in found:
        return Finding("log", CheckResult.SKIPPED, "topics are missing")
    log, options = settings.topic("reports"), client_options(settings)
    tps = [TopicPartition(log, number) for number in range(found["reports"].partitions)]
    cut = [f"{tp.partition} at {start:,}" for tp, (start, _) in (await bounds(options, tps)).items() if start]
    if cut:
        listed = f"{log} lost its first records: partition {', '.join(cut)} begins later than at offset 0"
        return Finding("log", CheckResult.FAULT, listed, WHOLE_LOG)
    made_from = await log_id(options, settings.topic_prefix)
    if made_from is not None and found["reports"].topic_id not in {None, made_from}:
        listed = f"{log} was deleted and created again since the ledger was made"
        return Finding("log", CheckResult.FAULT, listed, "`truceline rebuild --to PREFIX`")
    return Finding("log", CheckResult.OK, f"{log} is whole")


async def _rights(client: AIOKafkaAdminClient, settings: Settings) -> Finding:
    wanted = rights("worker", settings)
    user = principal(settings)
    lacks = await missing_acls(client, wanted)
    if not lacks:
        return Finding("rights", CheckResult.OK, f"{user} has the {len(wanted)} rights of a worker")
    missing = "; ".join(f"{right} ({right.why})" for right in lacks)
    granting = "\n".join(right.granted_by(user) for right in lacks)
    needed = any(right.needed for right in lacks)
    return Finding("rights", CheckResult.FAULT if needed else CheckResult.NOTE, f"{user} may not {missing}", granting)


async def _group(client: AIOKafkaAdminClient, settings: Settings) -> Finding:
    group = await describe_group(client, settings)
    if group.state in EMPTY:
        return Finding("group", CheckResult.NOTE, f"no worker is in group {group.name}", "start one: `truceline serve`")
    workers = f"{len(group.members)} worker{'' if len(group.members) == 1 else 's'}"
    if group.state != STABLE:
        return Finding(
            "group", CheckResult.NOTE, f"group {group.name} of {workers} is {group.state}", "check again in a minute"
        )
    idle = [member.name for member in group.members if not member.partitions]
    spare = f"; without a partition: {', '.join(idle)}" if idle else ""
    return Finding("group", CheckResult.OK, f"{workers} in group {group.name}{spare}")


async def _lag(client: AIOKafkaAdminClient, settings: Settings) -> Finding:
    found = await topics.survey(client, settings.topic_prefix)
    if "reports" not in found or "ledger" not in found:
        return Finding("lag", CheckResult.SKIPPED, "topics are missing")
    facts = await partition_facts(client, client_options(settings), settings, found["reports"].partitions)
    lag = sum(fact.lag for fact in facts)
    lagging = f"{lag:,} offsets not processed yet, in {len(facts)} partitions"
    if lag < LAG_NOTED:
        return Finding("lag", CheckResult.OK, lagging)
    worst = max(facts, key=lambda fact: fact.lag)
    do = "start more workers, at most one per partition; watch the lag with `truceline status --watch`"
    return Finding("lag", CheckResult.NOTE, f"{lagging}; most in partition {worst.partition}: {worst.lag:,}", do)


async def _commits(client: AIOKafkaAdminClient, settings: Settings) -> Finding:
    """A transaction that stays open blocks every reader of committed records."""
    ours = {settings.topic(name) for name in await topics.survey(client, settings.topic_prefix)}
    leaders = {
        TopicPartition(topic["topic"], each["partition"]): each["leader"]
        for topic in await client.describe_topics()
        if topic["topic"] in ours
        for each in topic["partitions"]
    }
    try:
        staying = set(await open_in(client_of(client), leaders))
        for _ in range(OPEN_LOOKS):
            if staying:
                await asyncio.sleep(OPEN_S / OPEN_LOOKS)
                staying &= set(await open_in(client_of(client), leaders))
    except IncompatibleBrokerVersion:
        return Finding("commits", CheckResult.SKIPPED, "needs Kafka 3.0 or newer")
    if not staying:
        return Finding("commits", CheckResult.OK, "no transaction stays open")
    stuck = ", ".join(
        f"{each.place.topic} partition {each.place.partition} from offset {each.first_offset:,}"
        f" (producer {each.producer_id})"
        for each in sorted(staying)
    )
    do = (
        "the worker that takes over the partition ends it (`truceline serve`), or the broker after the producer's"
        " timeout; if it stays, end it with `kafka-transactions.sh abort` and run `truceline verify`"
    )
    return Finding("commits", CheckResult.NOTE, f"a transaction is open for more than {OPEN_S:.0f} s: {stuck}", do)


async def _clocks(client: AIOKafkaAdminClient, settings: Settings) -> Finding:
    """No request returns a broker's time, so the timestamps of the newest records are compared."""
    found = await topics.survey(client, settings.topic_prefix)
    if "reports" not in found or "ledger" not in found:
        return Finding("clocks", CheckResult.SKIPPED, "topics are missing")
    facts = await partition_facts(client, client_options(settings), settings, found["reports"].partitions)
    now_s = time.time()
    stamps = [stamp for fact in facts for stamp in (fact.newest_s, fact.last_commit_s) if stamp is not None]
    if not stamps:
        return Finding("clocks", CheckResult.OK, "no record to compare with yet")
    ahead_s = max(stamps) - now_s
    if ahead_s <= SKEW_S:
        return Finding(
            "clocks", CheckResult.OK, f"the newest record is {-min(0.0, ahead_s):,.0f} s old by this machine's clock"
        )
    do = "synchronise the clocks (NTP), here and on the senders; a report over 1 h ahead is refused as from_the_future"
    return Finding(
        "clocks", CheckResult.FAULT, f"a record's timestamp is {ahead_s:,.0f} s in the future of this machine", do
    )


_ON_KAFKA: dict[str, Callable[[AIOKafkaAdminClient, Settings], Coroutine[Any, Any, Finding]]] = {
    "kafka": _kafka_version,
    "topics": _topics,
    "log": _log,
    "rights": _rights,
    "group": _group,
    "lag": _lag,
    "commits": _commits,
    "clocks": _clocks,
}


def _programs() -> Finding:
    versions = ", ".join(f"{name} {version(name)}" for name in ("truceline", "faust-streaming", "aiokafka"))
    versions += f", Python {sys.version.split()[0]}, the fold {'compiled' if is_compiled() else 'interpreted'}"
    pinned = [
        line.partition(";")[0].strip() for line in requires("truceline") or () if "==" in line and ";" not in line
    ]
    wrong = [pin for pin in pinned if version(pin.partition("==")[0]) != pin.partition("==")[2]]
    if wrong:
        return Finding(
            "versions", CheckResult.FAULT, versions, f"pip install {' '.join(wrong)}: truceline needs these exactly"
        )
    return Finding("versions", CheckResult.OK, versions)


def _disk(folder: Path, what: str) -> Finding:
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        return Finding(
            "disk",
            CheckResult.FAULT,
            f"{there} ({what}) cannot be written",
            "make it writable for this user, or name another folder",
        )
    free = shutil.disk_usage(there).free
    kept = sum(path.stat().st_size for path in folder.glob("*") if path.is_file()) if folder.is_dir() else 0
    space = f"{free / (1 << 30):,.1f} GiB free at {there} ({what}), {kept / (1 << 20):,.1f} MiB kept"
    if free < FREE_FAULT_BYTES:
        return Finding("disk", CheckResult.FAULT, space, "free some space: a server that cannot write its ledger stops")
    if free < max(FREE_NOTE_BYTES, kept):
        return Finding("disk", CheckResult.NOTE, space, "free some space before it runs out")
    return Finding("disk", CheckResult.OK, space)


@contextlib.asynccontextmanager
async def _client(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    async with topics.admin(client_options(settings)) as client:
        yield client
