"""Hypothesis runs a bounded, repeatable set in `make test`, and at least 2,000 examples per property in `-m deep`.

`HYPOTHESIS_PROFILE=deep` looks as long without the marker.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

DEEP_LIMIT_S = 3600

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile(
    "fast", max_examples=60, stateful_step_count=25, deadline=None, derandomize=True, suppress_health_check=_SLOW
)
settings.register_profile(
    "deep", max_examples=2000, stateful_step_count=40, deadline=None, print_blob=True, suppress_health_check=_SLOW
)


def pytest_configure(config: pytest.Config) -> None:
    deep = config.option.markexpr == "deep"
    settings.load_profile("deep" if deep else os.environ.get("HYPOTHESIS_PROFILE", "fast"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Under `-m deep` the properties are the deep tests: the same ones, looked at longer."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker(pytest.mark.timeout(DEEP_LIMIT_S))
            if config.option.markexpr == "deep":
                item.add_marker(pytest.mark.deep)
