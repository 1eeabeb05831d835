"""streams.review.look_alikes: accepted reports that may be the same."""

from typing import Any

import orjson
import pytest

from streams.core.model import Report
from streams.core.parse import parse
from streams.review.look_alikes import look_alikes
from tests.support.build import killed, report


def parsed(name: str, best: int, **fields: Any) -> Report:
    made = parse(orjson.dumps(report(name, killed(best), **fields)))
    assert isinstance(made, Report)
    return made


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"best": 71}, "north killed: 71"),
        ({"best": 74}, "north killed: 74"),
        ({"best": 90}, None),
        ({"best": 71, "source": "watch"}, "north killed: 71"),
        ({"best": 71, "published_at": "2021-01-01T00:00:00Z"}, None),
        ({"best": 9, "headline": "Seventy-one soldiers killed, says ministry"}, "headline"),
        ({"best": 71, "withdrawn": True}, None),
    ],
)
def test_a_near_number_or_headline_is_named(other: dict[str, Any], why: str | None) -> None:
    new = parsed("new", 71, headline="Seventy-one soldiers killed, ministry says")
    found = look_alikes(new, [parsed("old", **other)])
    assert [each.why for each in found] == ([] if why is None else [why])


def test_an_own_earlier_revision_is_no_look_alike() -> None:
    assert look_alikes(parsed("a", 71, revision=2), [parsed("a", 71)]) == ()
