"""The checker finds what is wrong: outputs tampered with, one way at a time."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from streams.settings import Settings
from streams.testing.verify import verify
from tests.desk.places import REGISTRY, create_topics, read, running_desk, send, settings_for, taken_in
from tests.desk.test_poison import report

Tamper = Callable[[Settings, AIOKafkaProducer], Awaitable[None]]


async def write(settings: Settings, producer: AIOKafkaProducer, name: str, record: Any, **other: Any) -> None:
    given = {"key": record.key, "value": record.value, "headers": list(record.headers), "partition": 0} | other
    await producer.send_and_wait(settings.topic(name), **given)


async def first(settings: Settings, name: str) -> Any:
    return (await read(settings, name, 1))[0]


async def repeat(settings: Settings, producer: AIOKafkaProducer) -> None:
    await write(settings, producer, "casualties", await first(settings, "casualties"))


async def invent(settings: Settings, producer: AIOKafkaProducer) -> None:
    change = await first(settings, "casualties")
    headers = [(name, b"e-1/x@1" if name == "ce_id" else value) for name, value in change.headers]
    await write(settings, producer, "casualties", change, headers=headers)


async def falsify_state(settings: Settings, producer: AIOKafkaProducer) -> None:
    entries = [entry for entry in await read(settings, "ledger", 1) if entry.key.startswith(b'["c"')]
    await write(settings, producer, "ledger", entries[0], value=b"[9,null]")


async def run_ahead(settings: Settings, producer: AIOKafkaProducer) -> None:
    (entry,) = [entry for entry in await read(settings, "ledger", 1) if entry.key == b"_o"]
    await write(settings, producer, "ledger", entry, value=b"99")


async def settle_sooner(settings: Settings, producer: AIOKafkaProducer) -> None:
    (entry,) = [entry for entry in await read(settings, "ledger", 1) if entry.key == b"_h"]
    await write(settings, producer, "ledger", entry, value=b"86400000000")


async def show_too_much(settings: Settings, producer: AIOKafkaProducer) -> None:
    picture = await first(settings, "episodes")
    await write(settings, producer, "episodes", picture, value=picture.value.replace(b'"best":0', b'"best":7'))


async def forget(settings: Settings, producer: AIOKafkaProducer) -> None:
    """A report that a desk of this group never had, behind an offset that claims it had."""
    sent = report(8)
    await producer.send_and_wait(settings.topic("reports"), sent.value, key=sent.key, partition=0)
    (entry,) = [entry for entry in await read(settings, "ledger", 1) if entry.key == b"_o"]
    await write(settings, producer, "ledger", entry, value=b"3")


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (repeat, "e-1/reuters/p-0/killed/unknown@1 is there twice"),
        (invent, "extra record e-1/x@1"),
        (falsify_state, 'ledger partition 0: ["c","e-1","reuters","p-0","killed","unknown"] is b\'[9,null]\''),
        (run_ahead, "ends at offset 2, its state goes on at 99"),
        (settle_sooner, "ledger partition 0 was made with a horizon of P1D, this one is P400D"),
        (show_too_much, "e-1 through 1 says"),
        (forget, "casualties partition 0: missing record e-1/reuters/p-8/killed/unknown@1"),
    ],
)
async def test_what_is_wrong_is_said(kafka: str, prefix: str, tamper: Tamper, said: str) -> None:
    settings = settings_for(kafka, prefix)
    await create_topics(settings, 1)
    await send(settings, [report(0), report(1)])
    async with running_desk(settings):
        await taken_in(settings)
    assert await verify(settings, REGISTRY) == []
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    await tamper(settings, producer)
    await producer.stop()
    problems = await verify(settings, REGISTRY)
    assert any(said in problem for problem in problems), problems


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
    assert problems == [f"{prefix}.statements partition 0: a transaction is left open"]
