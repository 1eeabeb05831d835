"""A share of `make chaos`: every kind of failure, then every record counted. The seed is printed with the story."""

import pytest

from tests.chaos.run import Plan, run
from tests.chaos.schedule import schedule


def test_a_seed_gives_the_same_failures_again() -> None:
    once = schedule(7, 30, workers=3, nodes=3)
    assert once == schedule(7, 30, workers=3, nodes=3)
    assert once != schedule(8, 30, workers=3, nodes=3)
    assert len({failure.kind for failure in once}) >= 6


@pytest.mark.kafka
def test_nothing_is_lost_doubled_or_out_of_order_whatever_fails() -> None:
    result = run(Plan(seed=20220914, records=6_000, failures=8))
    assert result.problems == [], "\n".join(result.story)
