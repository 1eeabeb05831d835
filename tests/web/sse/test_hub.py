"""GET /events over the embedded store, on a real server: from a mark on, each change once, whatever comes between."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from streams.stores.sqlite.store import EmbeddedStore
from streams.web.app import create_app
from streams.web.server import listen, running
from streams.web.sse import buffer, hub
from streams.web.sse.buffer import EventBuffer, EventFilter
from streams.web.sse.marks import Mark
from tests.support.build import REGISTRY, act, killed, report
from tests.support.event_client import NO_TLS, Listener, change_ids, get
from tests.support.waiting import LIMIT_S, eventually

Serving = Callable[[], contextlib.AbstractContextManager[str]]


@pytest.fixture
def serving(tmp_path: Path) -> Serving:
    """`with serving() as url`: a server on the same folder each time."""

    @contextlib.contextmanager
    def serving() -> Iterator[str]:
        store = EmbeddedStore(tmp_path / "ledger", REGISTRY)
        try:
            with running(create_app(store, loopback=True), listen("127.0.0.1", 0)) as url:
                yield url
        finally:
            store.close()

    return serving


@pytest.fixture
def url(serving: Serving) -> Iterator[str]:
    with serving() as url:
        yield url


async def post(url: str, *bodies: dict[str, Any]) -> None:
    async with httpx2.AsyncClient(verify=NO_TLS, timeout=LIMIT_S) as client:
        answer = await client.post(f"{url}/reports", content=json.dumps(list(bodies)))
        assert answer.status_code == 202, answer.text


def versions(first: int, last: int) -> list[str]:
    return [f"war/mod/north/killed/military@{version}" for version in range(first, last + 1)]


def count(at: int, **fields: Any) -> dict[str, Any]:
    return report("a", killed(at), revision=at, **fields)


async def test_from_the_mark_of_a_picture_each_change_comes_once(url: str) -> None:
    await post(url, count(1), count(2))
    picture = (await get(url, "/episodes/war")).json()
    assert picture["cells"][0]["value"]["best"] == 2
    await post(url, count(3))
    listener = Listener(url, since=picture["mark"], episode="war")
    first = (await listener.until(1))[0]
    assert (first.name, first.content["after"]["best"], change_ids(listener)) == ("casualties", 3, versions(3, 3))
    assert (listener.told[0].name, listener.told[0].content) == ("heartbeat", {"mode": "embedded", "reasons": []})
    await post(url, count(4), report("b", act("announced")))
    await listener.until(4)
    assert [told.name for told in listener.changes] == ["casualties", "casualties", "ceasefires", "ceasefires"]
    assert change_ids(listener)[:2] == versions(3, 4)


async def test_the_list_of_episodes_has_a_mark_too(url: str) -> None:
    await post(url, count(1))
    listed = (await get(url, "/episodes")).json()
    await post(url, count(2))
    listener = Listener(url, since=listed["mark"])
    await listener.until(1)
    assert change_ids(listener) == versions(2, 2)


async def test_a_reconnecting_listener_misses_and_repeats_nothing(url: str) -> None:
    await post(url, count(1))
    mark = (await get(url, "/episodes/war")).json()["mark"]
    listener = Listener(url, **{"last-event-id": mark})
    last = 60

    async def reports() -> None:
        for at in range(2, last + 1):
            await post(url, count(at))

    reporting = asyncio.create_task(reports())
    while len(listener.changes) < last - 1:
        await listener.until(min(len(listener.changes) + 7, last - 1))
    await reporting
    assert change_ids(listener) == versions(2, last)


async def test_snapshots_during_reports_leave_no_gap_or_double(url: str) -> None:
    last = 40

    async def reports() -> None:
        for at in range(1, last + 1):
            await post(url, count(at))

    reporting = asyncio.create_task(reports())
    begun: list[tuple[int, Listener]] = []
    while not reporting.done():
        answer = await get(url, "/episodes/war")
        if answer.is_success:
            begun.append((answer.json()["cells"][0]["version"], Listener(url, since=answer.json()["mark"])))
    await reporting
    assert len(begun) > 3
    for version, listener in begun:
        await listener.until(last - version)
        assert change_ids(listener) == versions(version + 1, last)


async def test_after_a_restart_a_listener_goes_on_where_it_was(serving: Serving) -> None:
    with serving() as url:
        listener = Listener(url)
        async with listener.connected() as told:
            await anext(told)
            await post(url, count(1))
            await anext(told)
        await post(url, count(2))
    with serving() as url:
        await post(url, count(3))
        listener.url = url
        await listener.until(3)
    assert change_ids(listener) == versions(1, 3)


async def test_what_is_older_than_memory_is_read_from_the_file(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buffer, "RECENT_MAX", 10)
    monkeypatch.setattr(hub, "RECENT_MAX", 10)
    with serving() as url:
        listener = Listener(url)
        async with listener.connected() as told:
            await anext(told)
        await post(url, *[count(at) for at in range(1, 1_201)])
        await listener.until(1_200)
    assert change_ids(listener) == versions(1, 1_200)


async def test_filters_by_episode_and_topic(url: str) -> None:
    mark = (await get(url, "/episodes")).json()["mark"]
    await post(url, count(1), count(1, episode="other"), report("b", act("announced")))
    of_other, of_truces = Listener(url, since=mark, episode="none,other"), Listener(url, since=mark, topic="ceasefires")
    await of_other.until(1)
    await of_truces.until(2)
    assert change_ids(of_other) == ["other/mod/north/killed/military@1"]
    assert change_ids(of_truces) == ["war/main/joint@1", "war/main/source:mod@1"]


async def test_pictures_come_on_request_and_without_cells(url: str) -> None:
    mark = (await get(url, "/episodes")).json()["mark"]
    listener = Listener(url, since=mark, topic="episodes")
    async with listener.connected() as told:
        await anext(told)
        await post(url, count(1))
        shown = await anext(told)
        picture = (await get(url, "/episodes/war")).json()
        assert shown.name == "episodes"
        assert shown.content == {name: picture[name] for name in picture if name not in {"cells", "mark"}}
    await post(url, count(2))
    async with listener.connected() as told:
        await anext(told)
        missed = await anext(told)
    assert missed.content["totals"][0]["best"] == 2


async def test_heartbeats_move_the_mark_of_who_is_told_nothing_else(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "HEARTBEAT_S", 0.05)
    listener = Listener(url, episode="none")
    async with listener.connected() as told:
        first = await anext(told)
        await post(url, count(1))
        async with asyncio.timeout(LIMIT_S):
            while (last := await anext(told)).id == first.id:
                pass
    assert last.name == "heartbeat"
    assert Mark.decode(last.id or "").positions > Mark.decode(first.id or "").positions


async def test_a_slow_reader_is_told_so_and_comes_back_to_the_rest(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffer, "BEHIND_MAX", 50)
    last = 4_000
    listener = Listener(url)
    async with listener.connected() as told:
        await anext(told)
        # More than the sockets between them hold.
        for first in range(1, last, 500):
            await post(url, *[count(at, url=f"https://north.example/{'x' * 1900}") for at in range(first, first + 500)])
        async for _ in told:
            pass
    assert listener.told[-1].name == "end"
    assert listener.told[-1].content["reason"] == "slow"
    monkeypatch.undo()
    await listener.until(last)
    assert change_ids(listener) == versions(1, last)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"since": "nonsense"}, 400, "bad_mark"),
        ({"since": "AAAA"}, 400, "bad_mark"),
        ({"topic": "reports"}, 422, "invalid"),
        ({"episode": "A B"}, 422, "invalid"),
        ({"episode": ",".join(f"e{number}" for number in range(101))}, 422, "invalid"),
    ],
)
async def test_what_makes_no_sense_is_refused(url: str, query: dict[str, str], status: int, code: str) -> None:
    answer = await get(url, "/events", params=query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_mark_of_another_log_is_answered_by_a_reset(url: str) -> None:
    mark = Mark.decode((await get(url, "/episodes")).json()["mark"])
    ahead = mark._replace(positions=tuple(offset + 5 for offset in mark.positions))
    for wrong in (mark._replace(log=b"else"), mark._replace(positions=(1,)), ahead):
        listener = Listener(url, since=wrong.encode())
        async with listener.connected() as told:
            await anext(told)
            reset = await anext(told)
        assert (reset.name, reset.content["reason"], reset.id) == ("reset", "unknown_mark", mark.encode())


async def test_who_listens_when_the_server_stops_is_told_so(serving: Serving) -> None:
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(serving())
        listeners = [Listener(url) for _ in range(20)]

        async def listen_to_the_end(listener: Listener) -> str:
            async with listener.connected() as told:
                return [event.name async for event in told][-1]

        ends = [asyncio.create_task(listen_to_the_end(listener)) for listener in listeners]
        await eventually(lambda: all(listener.told for listener in listeners), "all are connected")
        await asyncio.to_thread(stack.close)
        assert await asyncio.gather(*ends) == ["end"] * 20
    assert {listener.told[-1].content["reason"] for listener in listeners} == {"stopping"}


async def test_more_clients_than_it_takes_are_turned_away(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "CLIENTS_MAX", 1)
    with serving() as url:
        async with Listener(url).connected() as told:
            await anext(told)
            second = await get(url, "/events")
            metrics = (await get(url, "/metrics")).text
    assert (second.status_code, second.json()["code"], second.headers["retry-after"]) == (503, "unavailable", "2")
    assert "truceline_event_clients 1.0" in metrics


def test_clients_alike_share_the_bytes() -> None:
    latest = EventBuffer()
    everything = EventFilter()
    assert latest.chunk(everything, 0)[0] is latest.chunk(EventFilter(), 0)[0]
