"""A share of `make chaos`: every kind of failure, then every record counted. The seed is printed with the story."""

import pytest

from tests.chaos.run import Plan, run
from tests.chaos.schedule import WEIGHTS, schedule
from tests.chaos.slips import SLIPS


def test_a_seed_gives_the_same_failures_again() -> None:
    once = schedule(7, 30, workers=3, nodes=3)
    assert once == schedule(7, 30, workers=3, nodes=3)
    assert once != schedule(8, 30, workers=3, nodes=3)


def test_long_schedule_has_every_kind_of_failure() -> None:
    """A schedule with as many failures as kinds has each kind at least once."""
    for seed in range(20):
        assert {failure.kind for failure in Plan(seed, failures=len(WEIGHTS)).failures_planned()} == set(WEIGHTS)


def test_slips_are_run_by_group_or_by_name() -> None:
    assert set(Plan(1, slips="all").slips_planned()) == set(SLIPS)
    assert Plan(1, slips="leap clock").slips_planned() == ["leap clock"]
    assert Plan(1).slips_planned() == []
    with pytest.raises(ValueError, match="is no slip: none, all, remake topic"):
        Plan(1, slips="burn down").slips_planned()


@pytest.mark.kafka
def test_no_failure_loses_repeats_or_reorders_records() -> None:
    result = run(Plan(seed=20220914, records=6_000, failures=9, patience_s=120))
    assert result.problems == [], "\n".join([*result.problems, *result.story])
