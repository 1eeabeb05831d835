"""docs/how-to/alerts.md cannot rot: each condition is there with a rule that is tried on the history shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.alerts import parse_rules
from streams.alerts.rules import CONDITIONS
from streams.cli import app
from streams.settings import PREFIX, Settings
from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "how-to/alerts.md"
TEXT = PAGE.read_text(encoding="utf-8")
EXAMPLE = re.compile(r"^### (\w+)\n.*?```yaml\n(.*?)```\n\n```text\n(.*?)```", re.MULTILINE | re.DOTALL)
EXAMPLES = {name: (rule, said) for name, rule, said in EXAMPLE.findall(TEXT)}


def block(kind: str, text: str) -> str:
    found: list[str] = re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)
    return found[0]


def test_every_condition_has_an_example() -> None:
    assert list(EXAMPLES) == list(CONDITIONS)


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_is_shown_is_what_is_printed(tmp_path: Path, name: str) -> None:
    rule, said = EXAMPLES[name]
    history, rest = TEXT.split("```jsonl\n")[1].split("```", 1)
    for path, content in (("rules", rule), ("history", history), ("sources", block("yaml", rest))):
        (tmp_path / path).write_text(content, encoding="utf-8")
    options = ["--sources", str(tmp_path / "sources")]
    run = CliRunner().invoke(app, ["alerts", "test", str(tmp_path / "rules"), *options, str(tmp_path / "history")])
    assert run.stdout + run.stderr == said
    assert parse_rules(rule.encode(), "rules").rules[0].condition.name == name


def test_the_rule_that_is_explained_is_taken() -> None:
    (rule,) = parse_rules(block("yaml", TEXT).encode(), "rules")
    assert (rule.group_by, rule.cool_down_us, rule.resolved) == (("party",), 6 * 3_600_000_000, True)


def test_every_setting_is_there() -> None:
    named = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields if name.startswith(("alerts", "notify"))}
    assert set(re.findall(rf"{PREFIX}(?:ALERTS|NOTIFY)\w*", TEXT)) == named
