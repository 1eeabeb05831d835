"""The outputs on docs/how-to/alerts.md, as `truceline alerts test` prints them."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from typer.testing import CliRunner

from streams.cli import app
from tests.support.paths import DOCS

PAGE = DOCS / "how-to" / "alerts.md"
EXAMPLE = re.compile(r"^### (\w+)\n.*?```yaml\n(.*?)```\n\n```text\n(.*?)```", re.MULTILINE | re.DOTALL)


def block(kind: str, text: str) -> str:
    """Return the first block of a kind."""
    found: list[str] = re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)
    return found[0]


def printed(rule: str, page: str) -> str:
    """Return the output for a rule and the history on the page."""
    history, rest = page.split("```jsonl\n")[1].split("```", 1)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("rules", "history", "sources")]
        for path, content in zip(paths, (rule, history, block("yaml", rest)), strict=True):
            path.write_text(content, encoding="utf-8")
        rules, reports, sources = map(str, paths)
        run = CliRunner().invoke(app, ["alerts", "test", rules, "--sources", sources, reports])
    return run.stdout + run.stderr


def written(page: str) -> str:
    """Return the page with the output of each rule as it is now."""

    def again(example: re.Match[str]) -> str:
        return example[0].replace(f"```text\n{example[3]}```", f"```text\n{printed(example[2], page)}```")

    return EXAMPLE.sub(again, page)
