"""The generated histories reach every rule of the contract, so that agreement over them says something."""

from __future__ import annotations

from collections import Counter

from tests.property.model import Model
from tests.property.model_ceasefire import CLOSED, OPEN, ROWS
from tests.property.strategies import history

OUTCOMES = {"accepted", "duplicate", "stale", "tick", "ignored_tick", "blank"}
REFUSALS = {"too_large", "not_json", "invalid", "from_the_future", "revision_conflict", "too_late"}
KINDS = {"first", "restored", "withdrawn", "up", "down", "bounds", "disputed", "undisputed", "final"}

RULES = {
    *(f"kind {kind}" for kind in KINDS),
    *(f"row {act} from {status}" for act, origins, _ in ROWS for status in origins),
    *(f"view moved to {status} by report" for status in (*CLOSED, *OPEN)),
    *(f"view moved to {status} by tick" for status in ("in_effect", "expired")),
    *(f"view {what} by report" for what in ("published", "withdrawn")),
    *(f"timer effective from {status}" for status in ("agreed", "announced")),
    *(f"timer expires from {status}" for status in OPEN),
    *(f"statement {what}" for what in ("published", "changed", "withdrawn", "restored")),
    *(f"dispute of {what}" for what in ("a base", "a increment", "a high only")),
    *(f"dispute of {which} revision" for which in ("a", "any", "another")),
    *(f"derived exact agrees {answer}" for answer in (True, False, None)),
    *(f"derived {how} agrees True" for how in ("at_least", "more_than", "up_to", "nearly")),
    "base with increments",
    "increments without a base",
    "high only",
    "incident told twice",
    "round after a closed one",
    "confirmed after all",
    "several sources of a class",
    "total of several parties",
    "total with a party missing",
}


def test_histories_reach_every_rule() -> None:
    """Each outcome, refusal, kind of change, row of the transition table and timer, in 300 histories of 30 lines."""
    taken: Counter[str] = Counter()
    reached: Counter[str] = Counter()
    for number in range(300):
        told = history(number, 30)
        model = Model(told.sources, told.horizon_us)
        taken.update(model.take_line(line, line_no) for line_no, line in enumerate(told.lines, 1))
        model.snapshot()
        reached += model.reached
    assert set(taken) == OUTCOMES | REFUSALS
    assert RULES - set(reached) == set()
    assert min(taken.values()) >= 5, taken
    assert {rule: reached[rule] for rule in RULES if reached[rule] < 3} == {}
