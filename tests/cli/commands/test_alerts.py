"""`truceline alerts`: rules shown, checked, and tried on a history."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streams.alerts import default_rules
from streams.cli import app
from tests.support.alerts import day
from tests.support.build import Json, killed
from tests.support.paths import ROOT

DEFAULTS = ROOT / "streams" / "defaults"
STORY, SOURCES = DEFAULTS / "story.jsonl", DEFAULTS / "sources.yaml"


def truceline(*arguments: object, text: str | None = None) -> Result:
    return CliRunner().invoke(app, ["alerts", *map(str, arguments)], input=text)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "alerts.yaml"
    path.write_text(
        "toll: {crosses: 100, message: 'says {source}: {after}'}\nback: {falls: 1, group_by: [], cool_down: P3D}\n"
    )
    return path


def history(*reports: Json) -> str:
    return "".join(json.dumps(report) + "\n" for report in reports)


def test_the_example_is_a_file_of_rules_with_nothing_wrong(tmp_path: Path) -> None:
    path = tmp_path / "alerts.yaml"
    path.write_text(truceline("example").stdout)
    run = truceline("check", path)
    assert (run.exit_code, run.stderr) == (0, f"{path}: {len(default_rules())} rules, no errors\n")
    assert run.stdout.splitlines()[0] == "severe    own-dead-reach-100: crosses, outcome=killed class=self_reported"


def test_each_fault_of_the_rules_is_a_line(rules: Path) -> None:
    """The exit code is 2."""
    rules.write_text("toll:\n  crosses: many\n  colour: red\n")
    for arguments in (["check", rules], ["test", rules, STORY]):
        run = truceline(*arguments)
        first, *faults = run.stderr.splitlines()
        assert (run.exit_code, first, len(faults)) == (2, "truceline: the alert rules have errors", 2)
        assert faults[0] == f"{rules}:2: 'toll': crosses must be a whole number of at least 1, not 'many'"


def test_a_history_is_told_as_it_would_have_been(rules: Path) -> None:
    run = truceline("test", rules, STORY, "--sources", SOURCES)
    assert (run.exit_code, run.stdout, run.stderr) == (
        0,
        "14 Sep 2022 14:00  moderate  armenia-azerbaijan-2022-09: says armenia-pm: 105 [toll]\n",
        "alerts: 1 raised, 0 resolved\nno alert from back\n",
    )


def test_programs_get_one_alert_a_line(rules: Path) -> None:
    run = truceline("test", rules, STORY, "--format", "json", "--quiet")
    (alert,) = map(json.loads, run.stdout.splitlines())
    assert (alert["alert_id"], run.stderr) == (
        "toll:armenia-azerbaijan-2022-09/armenia-pm/armenia/killed/military@1",
        "",
    )


def test_what_was_held_back_is_counted(rules: Path) -> None:
    story = history(*[day(number, killed(50 - number)) for number in (1, 2, 3, 5)])
    run = truceline("test", rules, "-", text=story)
    assert [line.split("] ")[0] for line in run.stdout.splitlines()][-1].endswith("(and 1 suppressed before) [back]")
    assert run.stderr.startswith("alerts: 2 raised, 0 resolved, 1 suppressed\n")


def test_lines_that_are_refused_are_counted(rules: Path) -> None:
    run = truceline("test", rules, "-", text="nothing\n")
    assert (run.exit_code, run.stderr.splitlines()[0]) == (0, "1 line refused")


def test_text_from_reports_steers_no_terminal(rules: Path) -> None:
    rules.write_text("toll: {crosses: 1, message: '{headline}'}")
    run = truceline("test", rules, "-", text=history(day(1, killed(1), headline="\x1b[31mred")))
    assert "\x1b" not in run.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere.yaml", STORY], 74, "nowhere.yaml cannot be read: No such file or directory"),
        (["RULES", "nowhere.jsonl"], 74, "nowhere.jsonl cannot be read: No such file or directory"),
        (["RULES", STORY, "--tick", "noon"], 2, "--tick: 'noon' is not YYYY-MM-DDTHH:MM:SS with Z"),
        (["RULES", STORY, "--horizon", "long"], 2, "--horizon long: not an ISO 8601 duration"),
        (["RULES", STORY, "--sources", "nowhere.yaml"], 2, "the source registry nowhere.yaml cannot be read"),
    ],
)
def test_what_cannot_be_done_ends_with_its_code_and_one_line(
    arguments: list[object], code: int, said: str, rules: Path
) -> None:
    run = truceline("test", *[rules if argument == "RULES" else argument for argument in arguments])
    assert (run.exit_code, run.stderr.count("\n")) == (code, 1)
    assert run.stderr.startswith(f"truceline: {said}")
