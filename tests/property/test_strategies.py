"""The generated histories reach every rule of the contract, so that agreement over them says something."""

from __future__ import annotations

import json
from collections import Counter
from typing import get_args, get_type_hints

from schemas.reports import (
    Basis,
    CasualtiesShape,
    CeasefireAct,
    CeasefireShape,
    CountShape,
    DocumentShape,
    Group,
    Outcome,
    Population,
    Qualifier,
    ReferenceShape,
    ReportShape,
    StatementAct,
    StatementShape,
    StatementSubject,
    TickShape,
)
from tests.property.model import Model
from tests.property.model_ceasefire import CLOSED, OPEN, ROWS
from tests.property.reading import read_record
from tests.property.reading_json import Refused, unwrap
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
    *(f"dispute of {what}" for what in ("a base", "a increment", "a overlap")),
    *(f"dispute of {which} revision" for which in ("a", "any", "another")),
    *(f"derived exact agrees {answer}" for answer in (True, False, None)),
    *(f"derived {how} agrees True" for how in ("at_least", "more_than", "up_to", "nearly")),
    "base with increments",
    "increments without a base",
    "high only",
    "low only",
    "taken back",
    "never below zero",
    "group",
    "scope",
    "bystander",
    "partial beside whole",
    "derived of another time",
    "incident told twice",
    "round after a closed one",
    "confirmed after all",
    "several sources of a class",
    "total of several parties",
    "total with a party missing",
}


SHAPES = {
    "report": ReportShape,
    "casualties": CasualtiesShape,
    "count": CountShape,
    "document": DocumentShape,
    "ceasefire": CeasefireShape,
    "statement": StatementShape,
    "refers_to": ReferenceShape,
    "tick": TickShape,
}


def fields_in_play(line: str) -> set[tuple[str, str]]:
    """The fields that a line gives a value, each with what it is a field of."""
    try:
        record = read_record(unwrap(line.encode())[0])
    except Refused:
        return set()
    given = json.loads(unwrap(line.encode())[0])
    parts = [("tick" if "tick" in record else "report", given), ("document", given.get("document"))]
    for claim in given.get("claims") or () if "tick" not in record else ():
        parts += [(claim["type"], claim), ("count", claim.get("count")), ("refers_to", claim.get("refers_to"))]
    return {(name, field) for name, part in parts for field, value in (part or {}).items() if value is not None}


def test_histories_put_every_field_in_play() -> None:
    """Each field of the contract's records and claims is given a value, and each word of its closed lists said."""
    lines = [line for number in range(100) for line in history(number, 30).lines]
    every = {(name, field) for name, shape in SHAPES.items() for field in get_type_hints(shape)}
    assert every - set().union(*map(fields_in_play, lines)) == set()
    text = "\n".join(lines)
    words = [word for words in (Outcome, Population, Group, Qualifier, Basis, CeasefireAct) for word in get_args(words)]
    words += [word for words in (StatementAct, StatementSubject) for word in get_args(words)]
    assert [word for word in words if f'"{word}"' not in text] == []


def test_histories_reach_every_rule() -> None:
    """Each outcome, refusal, kind of change, row of the transition table and timer, in 500 histories of 30 lines."""
    taken: Counter[str] = Counter()
    reached: Counter[str] = Counter()
    for number in range(500):
        told = history(number, 30)
        model = Model(told.sources, told.horizon_us)
        taken.update(model.take_line(line, line_no) for line_no, line in enumerate(told.lines, 1))
        model.snapshot()
        reached += model.reached
    assert set(taken) == OUTCOMES | REFUSALS
    assert RULES - set(reached) == set()
    assert min(taken.values()) >= 5, taken
    assert {rule: reached[rule] for rule in RULES if reached[rule] < 3} == {}
