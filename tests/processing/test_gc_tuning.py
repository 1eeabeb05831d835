"""Folding leaves nothing for Python's collector, so what is set aside without a collection holds no garbage."""

import gc

import pytest

from streams.core.ledger import Ledger
from streams.core.parse import Refusal, parse
from streams.processing.gc_tuning import EVERY_RECORDS, GcFreezer
from tests.support.kafka_log import REGISTRY
from tests.support.mixed_log import mixed_records


def test_folding_makes_no_cycles() -> None:
    values = [record.value for record in mixed_records(9, 500, 1) if record.value]
    ledger = Ledger(REGISTRY)
    while gc.collect():  # what earlier tests left, finalizers and what those leave
        pass
    gc.disable()
    try:
        for value in values:
            try:
                step = ledger.take(parse(value))
            except Refusal:
                continue
            list(ledger.entries(step.touched))
            if step.moves:
                ledger.picture(step.episode)
        del step
        assert gc.collect() < 50
    finally:
        gc.enable()


def test_what_has_grown_is_set_aside_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    times: list[int] = []
    monkeypatch.setattr(gc, "freeze", lambda: times.append(1))
    memory = GcFreezer()
    memory.added(EVERY_RECORDS - 1)
    assert times == []
    memory.added(1)
    memory.added(1)
    assert times == [1]
