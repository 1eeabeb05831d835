"""docs/how-to/alerts.md has every condition with a rule, and the output for the history shown."""

from __future__ import annotations

import re

import pytest

from streams.alerts import parse_rules
from streams.alerts.rules import CONDITIONS
from streams.settings import PREFIX, Settings
from tests.docs.alerts import EXAMPLE, PAGE, block, printed

TEXT = PAGE.read_text(encoding="utf-8")
EXAMPLES = {name: (rule, shown) for name, rule, shown in EXAMPLE.findall(TEXT)}


def test_every_condition_has_an_example() -> None:
    assert list(EXAMPLES) == list(CONDITIONS)


@pytest.mark.parametrize("name", EXAMPLES)
def test_output_of_a_rule_is_the_one_shown(name: str) -> None:
    """`python -m tests.docs` writes it again."""
    rule, shown = EXAMPLES[name]
    assert printed(rule, TEXT) == shown
    assert parse_rules(rule.encode(), "rules").rules[0].condition.name == name


def test_explained_rule_is_valid() -> None:
    (rule,) = parse_rules(block("yaml", TEXT).encode(), "rules")
    assert (rule.group_by, rule.cool_down_us, rule.resolved) == (("party",), 6 * 3_600_000_000, True)


def test_every_setting_is_named() -> None:
    named = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields if name.startswith(("alerts", "notify"))}
    assert set(re.findall(rf"{PREFIX}(?:ALERTS|NOTIFY)\w*", TEXT)) == named
