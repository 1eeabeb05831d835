"""The cost of a report does not grow with the reports before it, except for the search of its place.

Operations are counted, not timed: with 124 current reports of a kind, and with 16 times as many. The difference may be
a few comparisons for each doubling.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log2

import pytest

from streams.core.ledger import Ledger
from streams.core.times import DAY_US, SECOND_US, format_time
from tests.support.build import REGISTRY, Json, act, denies, killed, more, says, us
from tests.support.operation_counts import Work, counted, counting, watch_lists

#: It counts bytecodes.
pytestmark = pytest.mark.interpreted

Story = Callable[[int], Json]

FEW, MANY = 124, 2_000
NEW = 32
#: Operations that a search may take more of each time what is searched doubles.
A_DOUBLING = 20
STEP_US = 10 * SECOND_US


def told(number: int, *claims: Json, **fields: str | int | bool) -> Json:
    """The report of that number, ten seconds after the one before."""
    return {
        "report_id": f"r{number:06}",
        "episode": "war",
        "source": "mod",
        "published_at": format_time(us(14) + number * STEP_US),
        "claims": list(claims),
        **fields,
    }


def revised(number: int, *claims: Json, withdrawn: bool = False) -> Json:
    """Of each report first this revision, and then another or its withdrawal."""
    report = told(number, *([] if withdrawn and number % 2 else claims), revision=1 + number % 2)
    return report | {"report_id": f"r{number // 2:06}", "withdrawn": withdrawn and number % 2 == 1}


STORIES: dict[str, Story] = {
    "totals": lambda n: told(n, killed(n)),
    "increments": lambda n: told(n, more(1)),
    "increments behind a base": lambda n: told(n, killed(7) if n == 0 else more(1)),
    "increments and totals in turn": lambda n: told(n, more(1) if n % 2 else killed(n)),
    "incidents told twice": lambda n: told(n, more(1, incident=f"post-{n // 2}")),
    "an incident told again and again": lambda n: told(n, more(1, incident="post-12")),
    "increments that may overlap": lambda n: told(n, more(1, since="2022-09-01T00:00:00Z")),
    "a cell each": lambda n: told(n, killed(1), source=f"source-{n}"),
    "revisions": lambda n: revised(n, killed(n)),
    "withdrawals": lambda n: revised(n, more(1), withdrawn=True),
    "denied increments": lambda n: told(n, denies(f"r{n - 1:06}") if n % 2 else more(1), source=("mod", "foe")[n % 2]),
    "denials of one figure": lambda n: told(n, killed(7) if n == 0 else denies("r000000")),
    "derived figures": lambda n: told(n, killed(n, basis="derived")),
    "statements": lambda n: told(n, says()),
    "violations": lambda n: told(n, act("violation_alleged", against="south")),
    "acts": lambda n: told(n, act(("holding", "suspended", "resumed", "not_confirmed")[n % 4])),
    "rounds": lambda n: told(n, act(("agreed", "took_effect", "ended")[n % 3], effective_at="2022-12-01T00:00:00Z")),
    "terms": lambda n: told(n, act("extended", expires_at=format_time(us(20) + n * DAY_US))),
    "a ceasefire each": lambda n: told(n, act("announced", ceasefire=f"c{n}", effective_at="2030-01-01T00:00:00Z")),
    "figures while a ceasefire waits": lambda n: told(n, act("agreed", expires_at="2030-01-01T00:00:00Z"), killed(n)),
    "acts and ticks": lambda n: (
        {"tick": format_time(us(14) + n * STEP_US), "episode": "war"} if n % 2 else told(n, act("holding"))
    ),
}  # fmt: skip


def ledger_with(story: Story, standing: int, horizon_us: int = 400 * DAY_US) -> Ledger:
    ledger = Ledger(REGISTRY, horizon_us=horizon_us)
    for number in range(standing):
        ledger.take(counted(story(number)))
    ledger.forget()
    watch_lists(ledger)
    return ledger


def work_of(story: Story, standing: int, *, late: int = 0) -> Work:
    """Return the operations of the next reports, each `late` steps late."""
    ledger = ledger_with(story, standing)
    records = [story(standing + number) for number in range(NEW)]
    for record in records if late else ():
        # All behind the same one, so that as much lies after each.
        if "published_at" in record:
            record["published_at"] = format_time(us(14) + (standing - late) * STEP_US)
    messages = [counted(record) for record in records]
    with counting() as work:
        for message in messages:
            ledger.take(message)
            ledger.next_timer()
    return work[0]


@pytest.mark.parametrize("late", [0, 10])
@pytest.mark.parametrize("name", STORIES)
def test_work_of_a_report_grows_by_the_search_of_its_place_alone(name: str, late: int) -> None:
    """In order, and a few reports late; then what lies after it is touched, and nothing before it."""
    few, many = (work_of(STORIES[name], standing, late=late) for standing in (FEW, MANY))
    assert many.operations - few.operations <= NEW * A_DOUBLING * log2(MANY / FEW)
    assert many.moved <= few.moved + NEW


def forgetting(story: Story, standing: int) -> Work:
    """The settling with each new report, with a horizon as long as the history."""
    ledger = ledger_with(story, standing, horizon_us=(standing - NEW) * STEP_US)
    for number in range(NEW):
        ledger.take(counted(story(standing + number)))
    with counting() as work:
        ledger.forget()
    return work[0]


#: Nothing settles where a revision replaces it; of an incident all tellings are looked at, once for all that settles.
NOT_FORGOTTEN = {"revisions", "withdrawals", "an incident told again and again"}


@pytest.mark.parametrize("name", [name for name in STORIES if name not in NOT_FORGOTTEN])
def test_work_of_forgetting_is_that_of_what_settles(name: str) -> None:
    """A list is cut once for all that settles at once, so what is moved is at most what is kept."""
    few, many = (forgetting(STORIES[name], standing) for standing in (FEW, MANY))
    assert many.operations - few.operations <= NEW * A_DOUBLING * log2(MANY / FEW)
    # A cell's figures; of both views the acts and the states.
    assert many.moved <= 5 * (MANY + NEW)
