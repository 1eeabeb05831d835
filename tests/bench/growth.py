"""The speed of the core with much standing in one episode over that with little; `tests/core/test_growth.py` counts.

Times are of the processor, of taking messages that are parsed, with the entries to be stored and what is published.
"""

import gc
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import orjson

from streams.core.ledger import Ledger
from streams.core.model import Message
from streams.core.parse import parse
from tests.bench.expected import registry

START = datetime(2022, 9, 15, tzinfo=UTC)
NEW = 1_000
ROUNDS = 7
Claim = dict[str, Any]
Story = Callable[[int], Claim]

STORIES: dict[str, tuple[Story, int, int]] = {
    "totals of one cell": (lambda n: _figure(best=n), 2_000, 200_000),
    "increments of one cell": (lambda _: _figure(1, basis="incremental"), 2_000, 200_000),
    "a cell for every tenth": (lambda n: _figure(n, party=f"party-{n // 10}"), 2_000, 200_000),
    "violations of one ceasefire": (lambda _: _act("violation_alleged", against="armenia"), 500, 50_000),
    "acts of one ceasefire": (lambda n: _act(("holding", "suspended", "resumed")[n % 3]), 500, 50_000),
}
"""By name: the claim of the n-th report, and with how many standing ones the speeds are compared."""


def growth(*, late: int = 0) -> dict[str, float]:
    """Return, by story, the speed with many current reports over that with few; new reports come `late` steps late."""
    return {name: _ratio(*story, late=late) for name, story in STORIES.items()}


def _ratio(story: Story, few: int, many: int, *, late: int) -> float:
    large = _ledger(story, many)
    speeds: dict[str, list[float]] = {"few": [], "many": []}
    # In turn, so that what else the machine does falls on both.
    for round_ in range(ROUNDS):
        speeds["few"].append(_speed(_ledger(story, few), story, few, late and few - late))
        speeds["many"].append(_speed(large, story, many + round_ * NEW, late and many - late))
    return median(speeds["many"]) / median(speeds["few"])


def _ledger(story: Story, standing: int) -> Ledger:
    ledger = Ledger(registry())
    for number in range(standing):
        ledger.take(_message(story, number, number))
    return ledger


def _speed(ledger: Ledger, story: Story, standing: int, behind: int) -> float:
    """Return how many new reports a second are taken, each in order, or (not 0) behind the one of that number."""
    messages = [_message(story, standing + n, behind or standing + n) for n in range(NEW)]
    gc.collect()
    gc.disable()
    began_s = time.process_time()
    for message in messages:
        step = ledger.take(message)
        for _ in ledger.entries(step.touched):
            pass
    took_s = time.process_time() - began_s
    gc.enable()
    return NEW / took_s


def _message(story: Story, number: int, step: int) -> Message:
    """Return the report of a number, published that number of steps after the start."""
    report = {
        "report_id": f"r-{number:09}",
        "episode": "armenia-azerbaijan-2022-09",
        "source": "azerbaijan-mod",
        "published_at": (START + timedelta(seconds=3 * step)).isoformat(),
        "claims": [story(number)],
    }
    return parse(orjson.dumps(report))


def _figure(best: int, *, party: str = "azerbaijan", basis: str = "cumulative") -> Claim:
    count = {"party": party, "outcome": "killed", "population": "military", "count": {"best": best}}
    return {"type": "casualties", "basis": basis, **count}


def _act(act: str, **fields: str) -> Claim:
    return {"type": "ceasefire", "act": act, **fields}
