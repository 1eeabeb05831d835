"""Records processed in their own partition, and records rerouted from it."""

from __future__ import annotations

import orjson
import pytest

from streams.kafka.residency import is_processed_here
from streams.kafka.routing import partition_of
from tests.support.build import killed, report, tick

HOME = partition_of(b"war", 8)
VALUES = [orjson.dumps(report("a", killed(71))), orjson.dumps(tick("2022-09-14T12:00:00Z"))]


@pytest.mark.parametrize("value", VALUES, ids=["report", "tick"])
def test_a_record_in_its_keys_partition_is_processed_there(value: bytes) -> None:
    """Under its key and in the keys partition a record is at home."""
    assert is_processed_here(b"war", value, HOME, (8,))
    for key, partition in ((b"other", HOME), (None, HOME), (b"war", (HOME + 1) % 8)):
        assert not is_processed_here(key, value, partition, (8,))


def test_so_is_what_was_when_the_log_had_fewer_partitions() -> None:
    before = partition_of(b"war", 3)
    assert before != HOME
    assert not is_processed_here(b"war", VALUES[0], before, (8,))
    assert is_processed_here(b"war", VALUES[0], before, (3, 8))


@pytest.mark.parametrize("value", [None, b"", b"not json", b"{}"])
def test_what_is_no_report_is_refused_wherever_it_lies(value: bytes | None) -> None:
    assert is_processed_here(None, value, 5, (8,))
