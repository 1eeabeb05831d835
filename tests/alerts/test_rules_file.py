"""Files of rules: their rules, and the message for each fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.alerts import RulesError, default_rules, parse_rules, read_rules
from streams.alerts.ceasefire_conditions import Becomes, StartPassed, Violations
from streams.alerts.count_conditions import Crosses, Disagree, Falls, Quiet, Rises
from streams.alerts.rules import CONDITIONS, Rule, RuleFilter
from streams.core.times import DAY_US, HOUR_US


def faults(text: str) -> list[str]:
    with pytest.raises(RulesError) as refused:
        parse_rules(text.encode(), "alerts.yaml")
    return str(refused.value).splitlines()


def test_every_field_is_read() -> None:
    text = """
toll:
  crosses: 100
  episode: "armenia-*"
  outcome: [killed, killed_or_missing]
  class: self_reported
  severity: severe
  message: "{party}: {{{after}}}"
  cool_down: PT6H
  group_by: [party]
  resolved: true
"""
    assert list(parse_rules(text.encode(), "alerts.yaml")) == [
        Rule(
            "toll",
            Crosses(100),
            (
                RuleFilter("episode", ("armenia-*",)),
                RuleFilter("outcome", ("killed", "killed_or_missing")),
                RuleFilter("class", ("self_reported",)),
            ),
            severity="severe",
            message="{party}: {{{after}}}",
            cool_down_us=6 * HOUR_US,
            group_by=("party",),
            resolved=True,
        )
    ]


@pytest.mark.parametrize(
    ("written", "condition"),
    [
        ("crosses: 1000", Crosses(1000)),
        ("rises: {by: 50, within: P1D}", Rises(50, percent=False, within_us=DAY_US)),
        ("rises: {by: 20%, within: PT12H}", Rises(20, percent=True, within_us=12 * HOUR_US)),
        ("falls: 1", Falls(1)),
        ("disagree: 1.5", Disagree(1.5)),
        ("quiet: P2D", Quiet(2 * DAY_US)),
        ("becomes: collapsed", Becomes(("collapsed",))),
        ("becomes: [ended, collapsed]", Becomes(("ended", "collapsed"))),
        ("violations: {count: 3, within: P1D}", Violations(3, DAY_US, "alleged")),
        ("violations: {count: 1, within: P1D, kind: confirmed}", Violations(1, DAY_US, "confirmed")),
        ("start_passed: PT0S", StartPassed(0)),
    ],
)
def test_conditions(written: str, condition: object) -> None:
    (rule,) = parse_rules(f"r: {{{written}}}".encode(), "alerts.yaml")
    assert rule.condition == condition


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "alerts.yaml:1: the file has no rule"),
        ("- crosses: 1", "alerts.yaml:1: the file must map the name of each rule to its fields"),
        ("r:\n  crosses: ]", "alerts.yaml:2: not YAML: while parsing a block node, did not find expected node content"),
        ("r: crosses", "alerts.yaml:1: 'r': a rule must be a mapping with a condition"),
        ("Toll!: {crosses: 1}", "alerts.yaml:1: 'Toll!' is not a valid rule name: "),
        ("r: {crosses: 1}\nr: {falls: 1}", "alerts.yaml:2: 'r' is defined twice, first in line 1"),
        ("r:\n  crosses: 1\n  falls: 1", "alerts.yaml:1: 'r': a rule must have "),
        ("r:\n  episode: war", "alerts.yaml:1: 'r': a rule must have "),
        ("r:\n  crosses: 1\n  colour: red", "alerts.yaml:3: 'r': unknown field 'colour'; the fields are "),
        ("r:\n  crosses: 1\n  party: a\n  party: b", "alerts.yaml:4: 'r': party is given twice"),
        ("r:\n  crosses: many", "alerts.yaml:2: 'r': crosses must be a whole number of at least 1, not 'many'"),
        ("r:\n  crosses: 0", "alerts.yaml:2: 'r': crosses must be a whole number of at least 1, not '0'"),
        ("r:\n  crosses: [1]", "alerts.yaml:2: 'r': crosses must be text, not a list or mapping"),
        ("r:\n  rises: 5", "alerts.yaml:2: 'r': rises must be a mapping with by, within"),
        ("r:\n  rises: {by: 5}", "alerts.yaml:2: 'r': rises must be a mapping with by, within"),
        ("r:\n  rises: {by: 5, over: P1D}", "alerts.yaml:2: 'r': rises: 'over' is unknown; rises must be a mapping"),
        (
            "r:\n  rises: {by: 0%, within: P1D}",
            "alerts.yaml:2: 'r': rises: by must be a number, such as 50, or a percentage",
        ),
        (
            "r:\n  rises:\n    by: 5\n    within: 1 day",
            "alerts.yaml:4: 'r': rises: within must be an ISO 8601 duration",
        ),
        (
            "r:\n  rises: {by: 5, within: PT0S}",
            "alerts.yaml:2: 'r': rises: within must be longer than zero, not 'PT0S'",
        ),
        ("r:\n  disagree: 1", "alerts.yaml:2: 'r': disagree must be a number above 1, not '1'"),
        ("r:\n  disagree: nan", "alerts.yaml:2: 'r': disagree must be a number above 1, not 'nan'"),
        ("r:\n  becomes: peace", "alerts.yaml:2: 'r': unknown status 'peace'; use agreed, "),
        ("r:\n  becomes: []", "alerts.yaml:2: 'r': becomes must be a list of 1 to 100 values"),
        (
            "r:\n  violations: {count: 1, within: P1D, kind: grave}",
            "alerts.yaml:2: 'r': violations: kind must be alleged, ",
        ),
        (
            "r:\n  crosses: 1\n  view: joint",
            "alerts.yaml:3: 'r': crosses cannot be filtered by view, only by episode, ",
        ),
        (
            "r:\n  becomes: ended\n  party: a",
            "alerts.yaml:3: 'r': becomes cannot be filtered by party, only by episode, ",
        ),
        ("r:\n  crosses: 1\n  outcome: dead", "alerts.yaml:3: 'r': no outcome matches 'dead'; use killed, "),
        ("r:\n  crosses: 1\n  party: ''", "alerts.yaml:3: 'r': party is empty; '*' matches all"),
        ("r:\n  crosses: 1\n  severity: high", "alerts.yaml:3: 'r': unknown severity 'high'; use minor, "),
        (
            "r:\n  crosses: 1\n  message: '{toll}'",
            "alerts.yaml:3: 'r': message: unknown field {toll}; the fields are after, ",
        ),
        (
            "r:\n  crosses: 1\n  message: '{after'",
            "alerts.yaml:3: 'r': message: expected '}' before end of string; write ",
        ),
        ("r:\n  crosses: 1\n  message: '{after:>9}'", "alerts.yaml:3: 'r': message: {after} cannot have a format"),
        ("r:\n  crosses: 1\n  message: '{after.real}'", "alerts.yaml:3: 'r': message: unknown field {after.real}; "),
        ("r:\n  crosses: 1\n  message: ''", "alerts.yaml:3: 'r': message is empty"),
        (f"r:\n  crosses: 1\n  message: {'x' * 501}", "alerts.yaml:3: 'r': message is longer than 500 characters"),
        (
            "r:\n  crosses: 1\n  group_by: [view]",
            "alerts.yaml:3: 'r': crosses cannot be grouped by 'view', only by source, ",
        ),
        ("r:\n  crosses: 1\n  resolved: maybe", "alerts.yaml:3: 'r': resolved must be true or false, not 'maybe'"),
        (
            "r:\n  falls: 1\n  resolved: true",
            "alerts.yaml:3: 'r': falls is an event and never resolves",
        ),
    ],
)
def test_each_fault_is_told_with_its_line(text: str, fault: str) -> None:
    (first, *others) = faults(text)
    assert first.startswith(fault)
    assert others == []


def test_all_faults_are_told_at_once_by_line() -> None:
    assert [fault.split(":")[1] for fault in faults("a:\n  crosses: x\n  severity: y\nb:\n  falls: z")] == [
        "2",
        "3",
        "5",
    ]


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("r: {falls: 0}")
    with pytest.raises(RulesError, match=rf"^{path}:1: 'r': falls must be a whole number"):
        read_rules(path)


def test_the_rules_that_ship_use_every_condition() -> None:
    used = {rule.condition.name for rule in default_rules()}
    assert used == CONDITIONS.keys()
