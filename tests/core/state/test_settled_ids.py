"""The packed table of settled reports, compared with a dict."""

from __future__ import annotations

import tracemalloc
from random import Random

import pytest

from streams.core.state.settled_ids import ONE_TABLE_RECORDS, SettledIds


def digest(number: int) -> bytes:
    return number.to_bytes(12, "big")


@pytest.mark.parametrize("count", [0, 1, 5, 6, 1_000, 3 * ONE_TABLE_RECORDS])
def test_each_report_is_found_and_no_other(count: int) -> None:
    settled, expected = SettledIds(), {}
    chance = Random(count)
    for number in range(count):
        report_id = f"r-{chance.randrange(2 * count)}"
        settled.add(report_id, number + 1, digest(number))
        expected[report_id] = (number + 1, digest(number))
    assert len(settled) == len(expected)
    assert {report_id: settled.get(report_id) for report_id in expected} == expected
    assert all(settled.get(f"other-{number}") is None for number in range(count + 10))


def test_the_greatest_revision_is_kept_whole() -> None:
    settled = SettledIds()
    settled.add("\U0001f54a" * 200, 2**31 - 1, b"\x00" * 12)
    assert settled.get("\U0001f54a" * 200) == (2**31 - 1, b"\x00" * 12)


@pytest.mark.parametrize("count", [2_000, 50_000])
def test_a_report_takes_at_most_120_bytes(count: int) -> None:
    tracemalloc.start()
    settled = SettledIds()
    for number in range(count):
        settled.add(f"report-{number}", 1, digest(number))
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size / count <= 120
