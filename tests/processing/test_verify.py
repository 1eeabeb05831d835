"""The checker finds what is wrong: outputs tampered with, one way at a time, and then put right again."""

import asyncio
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewPartitions, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.core.source_registry import Registry, Source
from streams.kafka.client import client_options
from streams.kafka.range_reader import RangeUnreadable
from streams.kafka.routing import REROUTED
from streams.kafka.topic_reader import TopicReader
from streams.kafka.topics import admin
from streams.operations.verify.verify import OUTPUTS, verify
from streams.settings import Settings
from tests.support.kafka_log import (
    REGISTRY,
    create_topics,
    fold_all,
    partitions_of,
    read,
    running_consumer,
    send,
    settings_for,
    until_processed,
)
from tests.support.mixed_log import Sent
from tests.support.numbered_reports import NOW_MS, report
from tests.support.waiting import eventually, eventually_equal

#: A compacted topic keeps its records when they are to be deleted.
DELETABLE = {"cleanup.policy": "compact,delete", "retention.ms": "-1"}


class Record(NamedTuple):
    """An output record, as it can be written again."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


Records = list[Record]


@dataclass
class Written:
    """A worker's outputs of one partition, all as they should be."""

    settings: Settings
    records: dict[str, Records]


TRUCE = {"type": "ceasefire", "act": "announced", "by": "armenia"}
SAYS = {"type": "statement", "act": "asserted", "about": "territory"}
FIGURES = [{"type": "casualties", "party": "p-0", "outcome": "killed", "count": {"best": best}} for best in (0, 5)]


@pytest.fixture(scope="module")
def written(kafka: str) -> Iterator[Written]:
    """Two cells, one of them with two versions; a ceasefire, a statement, a record that was rejected."""
    settings = settings_for(kafka, f"t{uuid.uuid4().hex[:12]}")
    yield Written(settings, asyncio.run(_written(settings)))
    asyncio.run(_gone(settings))


async def _written(settings: Settings) -> dict[str, Records]:
    await create_topics(settings, 1)
    sent = [report(0), report(1), report(2, claims=[TRUCE, SAYS]), Sent(0, b"e-1", b"not json", NOW_MS)]
    async with running_consumer(settings):
        for one in sent:
            await send(settings, [one])
            await until_processed(settings)
        await send(settings, [report(0, revision=2, claims=[FIGURES[1]])])
        await until_processed(settings)
    assert await verify(settings, REGISTRY) == []
    async with admin(client_options(settings)) as client:
        await client.alter_configs([
            ConfigResource(ConfigResourceType.TOPIC, settings.topic(name), DELETABLE) for name in ("episodes", "ledger")
        ])  # fmt: skip
    return {
        name: [Record(record.key, record.value, tuple(record.headers)) for record in await read(settings, name, 1)]
        for name in OUTPUTS
    }


async def _gone(settings: Settings) -> None:
    async with admin(client_options(settings)) as client:
        ours = [topic for topic in await client.list_topics() if topic.startswith(settings.topic_prefix)]
        await client.delete_topics(ours)


async def put(settings: Settings, name: str, records: Sequence[Record]) -> None:
    """Let these be all records of an output topic."""
    place = TopicPartition(settings.topic(name), 0)
    async with TopicReader(client_options(settings)) as reading, admin(client_options(settings)) as client:
        end = (await reading.bounds([place]))[place][1]
        await client.delete_records({place: RecordsToDelete(before_offset=end)})
    producer = AIOKafkaProducer(**client_options(settings))
    await producer.start()
    for record in records:
        await producer.send(place.topic, record.value, key=record.key, headers=list(record.headers), partition=0)
    await producer.stop()


def without(number: int) -> Callable[[Records], Records]:
    return lambda records: records[:number] + records[number + 1 :]


def again(number: int) -> Callable[[Records], Records]:
    return lambda records: [*records, records[number]]


def swapped(one: int, other: int) -> Callable[[Records], Records]:
    def swap(records: Records) -> Records:
        records[one], records[other] = records[other], records[one]
        return records

    return swap


def changed(number: int, old: bytes, new: bytes) -> Callable[[Records], Records]:
    def change(records: Records) -> Records:
        value = records[number].value
        assert value is not None
        assert old in value
        records[number] = records[number]._replace(value=value.replace(old, new))
        return records

    return change


def rekeyed(number: int) -> Callable[[Records], Records]:
    def rekey(records: Records) -> Records:
        records[number] = records[number]._replace(key=b"e-2")
        return records

    return rekey


def relabelled(number: int, name: str, value: bytes) -> Callable[[Records], Records]:
    def relabel(records: Records) -> Records:
        headers = tuple((label, value if label == name else said) for label, said in records[number].headers)
        records[number] = records[number]._replace(headers=headers)
        return records

    return relabel


def invented(records: Records) -> Records:
    change = relabelled(0, "ce_id", b"e-1/x@1")(records[:1])
    return [*records, *change]


def foreign(records: Records) -> Records:
    return [*records, Record(b"e-1", None)]


def entry(key: bytes, value: bytes | None) -> Callable[[Records], Records]:
    return lambda records: [*records, Record(key, value)]


CELL = "e-1/reuters/p-0/killed/unknown"
#: Which topic, how it is tampered with, and all that must then be said, each beginning with the place.
TAMPERINGS: dict[str, tuple[str, Callable[[Records], Records], list[str]]] = {
    "extra": ("casualties", invented, ["extra record e-1/x@1"]),
    "extra, and no change at all": (
        "statements", foreign, ["extra record ", "has no change in its ce_id"],
    ),
    "twice": ("casualties", again(0), [f"{CELL}@1 is duplicated", f"{CELL} goes from version 2 to 1"]),
    "missing": ("casualties", without(2), [f"missing record {CELL}@2"]),
    "missing, with a gap in the versions": (
        "casualties", without(0), [f"missing record {CELL}@1", f"{CELL} goes from version 0 to 2"],
    ),
    "wrong": ("ceasefires", changed(0, b'"announced"', b'"agreed"'), ["e-1/main/joint@1 says "]),
    "wrong key": ("statements", rekeyed(0), ["e-1/statement/r-2/1@1 has the key b'e-2', not b'e-1'"]),
    "wrong headers": (
        "ceasefires", relabelled(1, "ce_time", b"x"), ["e-1/main/source:reuters@1 has other headers: ce_time"],
    ),
    "reordered": (
        "casualties", swapped(0, 1),
        [f"{CELL}@1 comes after e-1/reuters/p-1/killed/unknown@1; by the log it is before"],
    ),
    "reordered versions": (
        "casualties", swapped(0, 2),
        ["e-1/reuters/p-1/killed/unknown@1 comes after", f"{CELL}@1 comes after", f"{CELL} goes from version 0 to 2",
         f"{CELL} goes from version 2 to 1"],
    ),
    "a rejection missing": ("rejected", without(0), ["missing record 3"]),
    "a rejection for another reason": ("rejected", relabelled(0, "code", b"invalid"), ["3 has other headers: code"]),
    "a rejection of other bytes": ("rejected", changed(0, b"not", b"no"), ["3 says no json, the log says not json"]),
    "a rejection of nothing": ("rejected", foreign, ["extra record "]),
    "a picture that shows too much": (
        "episodes", changed(-1, b'"best":5', b'"best":7'),
        ["e-1 through 4 says ", "the last picture of e-1 is not the current state"],
    ),
    "a picture under another key": ("episodes", rekeyed(0), ["e-1 through 0 has the key b'e-2'"]),
    "a picture of what is unknown": (
        "episodes", changed(0, b'"e-1"', b'"e-9"'),
        ["e-9 through 0 has the key b'e-1'", "e-9 through 0 has a picture but no report"],
    ),
    "pictures in another order": (
        "episodes", swapped(0, -1),
        ["the picture of e-1 through 1 comes after a later one", "the picture of e-1 through 0 comes after a later one",
         "the last picture of e-1 is not the current state"],
    ),
    "a picture of what is not there yet": (
        "episodes", changed(-1, b'"offset":4', b'"offset":44'), ["e-1 is shown through 44, where no record is"],
    ),
    "the last picture missing": (
        "episodes", lambda records: records[:-1], ["the last picture of e-1 is not the current state"],
    ),
    "no picture": ("episodes", lambda _: [], ["no picture of e-1"]),
    "no picture at all": ("episodes", foreign, ["is not a picture"]),
    "stored state wrong": (
        "ledger", entry(b'["c","e-1","reuters","p-0","killed","unknown"]', b"[9,null]"),
        ['["c","e-1","reuters","p-0","killed","unknown"] is b\'[9,null]\', the log says b\'[2,'],
    ),
    "stored state missing": (
        "ledger", entry(b'["e","e-1"]', None), ['["e","e-1"] is '],
    ),
    "stored state of nothing": (
        "ledger", entry(b'["c","e-1","osce","p-7","killed","unknown"]', b"[1,null]"),
        ['["c","e-1","osce","p-7","killed","unknown"] is b\'[1,null]\', the log says None'],
    ),
    "stored state that cannot be read": (
        "ledger", entry(b'["c","e-1","osce","p-7","killed","unknown"]', b"{"), ["cannot be read back: "],
    ),
    "an offset that was not come to": (
        "ledger", entry(b"_o", b"99"), ["reports partition 0 ends at offset 5, its state continues at 99"],
    ),
    "an offset that nobody can read": ("ledger", entry(b"_o", b"x"), ["has no offset, but there are outputs"]),
    "an owed picture of an unknown episode": (
        "ledger", entry(b"_p/nosuch", b"true"), ["a record that no worker wrote at offset"],
    ),
    "a key of nobody": ("ledger", entry(b"foo", b"bar"), ["key b'foo'"]),
    "a key like the worker's own": ("ledger", entry(b"_x", b"1"), ["key b'_x'"]),
    "the state of another app": ("ledger", entry(b"_a", b'"other"'), ["belongs to the app other, this one is "]),
    "an own entry that nobody can read": (
        "ledger", entry(b"_h", b"x"), ["what its state was made with cannot be read: JSONDecodeError"],
    ),
    "another horizon": (
        "ledger", entry(b"_h", b"%d" % (9_999 * 86_400_000_000)),
        ["was made with a horizon of P9999D, this one is P3660D"],
    ),
    "another source registry": (
        "ledger", entry(b"_g", b'"0123"'),
        ["was made with source registry 0123, this one is ", "has no copy of source registry 0123"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERINGS)
async def test_what_is_wrong_is_said(written: Written, what: str) -> None:
    name, tamper, wanted = TAMPERINGS[what]
    settings, records = written.settings, written.records[name]
    await put(settings, name, tamper(list(records)))
    problems = await verify(settings, REGISTRY)
    await put(settings, name, records)
    for said in wanted:
        assert any(said in problem for problem in problems), problems
    if not what.startswith(("stored", "an offset", "no picture")):
        assert len(problems) == len(wanted), problems


async def test_put_right_again_nothing_is_wrong(written: Written) -> None:
    assert await verify(written.settings, REGISTRY) == []


async def test_a_report_that_was_passed_over_is_said(kafka: str, prefix: str) -> None:
    """A report that a desk of this group never had, behind an offset that claims it had."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    await fold_all(settings, [report(0), report(1)])
    await send(settings, [report(8)])
    producer = AIOKafkaProducer(**client_options(settings))
    await producer.start()
    await producer.send_and_wait(settings.topic("ledger"), b"3", key=b"_o", partition=0)
    await producer.stop()
    problems = await verify(settings, REGISTRY)
    assert f"{prefix}.casualties partition 0: missing record e-1/reuters/p-8/killed/unknown@1" in problems


async def test_a_wrong_rerouted_copy_is_reported(kafka: str, prefix: str) -> None:
    """A record that was not sent on or sent on changed is said."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 2)
    # Of the key e-1 the place is partition 1.
    sent = report(0)
    astray = Sent(0, sent.key, sent.value, sent.timestamp_ms)
    await fold_all(settings, [astray])
    assert await verify(settings, REGISTRY) == []
    await send(settings, [Sent(1, sent.key, b"{}", sent.timestamp_ms, [("rerouted", b"0/0")])])
    name = "the record at 0/0 (partition/offset)"
    assert await verify(settings, REGISTRY) == [
        f"{name} must be rerouted to partition 1 once; found 2 copies",
        f"{name} was rerouted with another value, or to the wrong partition: header {REROUTED}",
    ]


async def test_a_topic_that_is_missing_is_said(written: Written) -> None:
    async with TopicReader(client_options(written.settings)) as reading:
        with pytest.raises(RangeUnreadable, match="there is no topic nobodys"):
            await reading.partitions([written.settings.topic("reports"), "nobodys"])


async def test_topics_of_other_numbers_of_partitions_are_said(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    async with admin(client_options(settings)) as client:
        await client.create_partitions({settings.topic("statements"): NewPartitions(total_count=3)})
        await eventually_equal(lambda: partitions_of(client, settings.topic("statements")), 3)
    assert await verify(settings) == [f"{prefix}.statements has 3 partitions, {prefix}.reports has 1"]


async def test_an_open_transaction_is_said(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    producer = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=prefix)
    await producer.start()
    await producer.begin_transaction()
    await producer.send_and_wait(settings.topic("statements"), b"{}", key=b"e-1", partition=0)
    problems = await verify(settings, REGISTRY)
    await producer.abort_transaction()
    await producer.stop()
    assert problems == [f"{prefix}.statements partition 0: a transaction stays open"]


async def test_verify_switches_registries_where_workers_did(kafka: str, prefix: str) -> None:
    """The workers keep each registry with the offset from which on it was theirs: all is folded as they did."""
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    truce: dict[str, Any] = {"type": "ceasefire", "act": "announced"}
    other = Registry({**REGISTRY.sources, "new-mod": Source("New ministry", "official", "armenia")})
    third = Registry({**REGISTRY.sources, "new-mod": Source("New ministry", "official", "azerbaijan")})
    # The last comes back to the first: what it changed is not to be seen in the end.
    for number, registry in enumerate((REGISTRY, other, third, third, REGISTRY)):
        await send(settings, [report(number, source="new-mod", claims=[truce, FIGURES[0]])] if number != 2 else [])
        async with running_consumer(settings, registry) as desk:
            await eventually(lambda: desk.status.ready and bool(desk.status.partitions), "taken over")
            await until_processed(settings)
        assert await verify(settings, registry) == []
        assert await verify(settings) == []
    causes = [orjson.loads(record.value)["cause"] for record in await read(settings, "ceasefires", 1)]
    told = [cause["registry"] for cause in causes if "registry" in cause]
    assert told == [one.digest for one in (other, other, third, third, REGISTRY, REGISTRY)]
    assert (await verify(settings, other))[0].startswith(
        f"{prefix}.ledger partition 0 was made with source registry {REGISTRY.digest}, this one is {other.digest}"
    )


async def test_a_registry_too_long_to_be_kept_is_said(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1, ledger={"max.message.bytes": str(512 << 10)})
    long = Registry({f"s-{n}": Source("n" * 500, "media") for n in range(1_200)})
    await send(settings, [report(0)])
    async with running_consumer(settings, long):
        await until_processed(settings)
    problems = await verify(settings, long)
    said = f"{prefix}.ledger partition 0 has no copy of source registry {long.digest}, with which it was made"
    assert problems == [f"{said}: it was too long to store"]
