"""The content of a body: one report, an array, or lines, byte for byte."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from streams.web import request_body
from streams.web.budget import Budget
from streams.web.request_body import PostedReports, collect, split
from streams.web.status_codes import RequestRefused


@pytest.mark.parametrize(
    ("body", "reports"),
    [
        pytest.param(b' {"a": 1}\n', PostedReports([b'{"a": 1}'], [0], None), id="one"),
        pytest.param(b'{\n "a": 1\n}\n', PostedReports([b'{\n "a": 1\n}'], [0], None), id="one over several lines"),
        pytest.param(b"nonsense", PostedReports([b"nonsense"], [0], None), id="one that is not JSON"),
        pytest.param(b'[{"a": 1} , 2]', PostedReports([b'{"a": 1}', b"2"], [0, 1], "index"), id="an array"),
        pytest.param(b'{"a":1}\n\n \t\r\n{"b"\n', PostedReports([b'{"a":1}', b'{"b"'], [1, 4], "line"), id="lines"),
        pytest.param(b"[1]\n[2]", PostedReports([b"[1]", b"[2]"], [1, 2], "line"), id="lines that begin with an array"),
    ],
)
def test_a_body_is_told_by_its_content(body: bytes, reports: PostedReports) -> None:
    assert split(body) == reports


def test_one_line_is_lines_where_the_sender_says_so() -> None:
    assert split(b'{"a":1}', "application/x-ndjson; charset=utf-8") == PostedReports([b'{"a":1}'], [1], "line")


@pytest.mark.parametrize("body", [b"", b" \n\t\r\n", b"[]", b"[1, NaN]", b"[1,2", b"[" * 100_000])
def test_a_body_with_no_report_is_not_json(body: bytes) -> None:
    with pytest.raises(RequestRefused) as refused:
        split(body)
    assert refused.value.code == "not_json"


def test_more_reports_than_a_body_holds_are_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_body, "MAX_REPORTS", 2)
    with pytest.raises(RequestRefused) as refused:
        split(b"[1,2,3]")
    assert refused.value.code == "too_large"


async def test_a_body_is_refused_as_soon_as_it_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_body, "MAX_BODY_BYTES", 10)
    seen = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal seen
        for _ in range(100):
            seen += 1
            yield b"12345"

    with pytest.raises(RequestRefused) as refused:
        await collect(chunks(), Budget(100))
    assert (refused.value.code, seen) == ("too_large", 3)
