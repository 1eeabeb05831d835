"""Records of a slice on their way through the agents: which of them the ceasefires' agent must see."""

from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition

from streams.core.ledger import Ledger
from streams.core.source_registry import Registry
from streams.processing.batch import FoldedBatch
from tests.support.build import Json, act, at, killed, read, report, tick, withdrawal

PLACE = TopicPartition("truceline.reports", 0)
AGREED = report("a", act("agreed", effective_at=at(16), expires_at=at(20)))


def folded(ledger: Ledger, *records: Json) -> FoldedBatch:
    batch = FoldedBatch(ledger, [(SimpleNamespace(offset=n), read(record)) for n, record in enumerate(records)], PLACE)
    batch.fold_counts()
    return batch


@pytest.mark.parametrize(
    ("records", "concerned"),
    [
        ([report("b", killed(7))], False),
        ([report("b", killed(7)), report("c", act("holding"))], True),
        ([report("b", killed(7)), tick(at(15))], False),
        ([report("b", killed(7)), tick(at(16))], True),
        ([report("b", killed(7)), report("c", killed(8), published_at=at(20))], True),
        ([report("b", killed(7)), withdrawal("a")], True),
        ([AGREED, AGREED], False),
        ([tick(at(16), "elsewhere")], False),
        ([], False),
    ],
)
def test_which_slices_concern_the_ceasefires(records: list[Json], *, concerned: bool) -> None:
    """A slice concerns the ceasefires by an act its withdrawal or time that is up."""
    ledger = Ledger(Registry())
    ledger.take(read(AGREED))
    batch = folded(ledger, *records)
    assert batch.concerns_ceasefires() is concerned
    batch.fold_ceasefires()
    assert any(step.ceasefires for _, step in batch.steps) is concerned
