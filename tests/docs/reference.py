"""The parts of the docs that are made from the code: `python -m tests.docs.reference` writes them anew.

docs/commands.md and docs/settings.md as a whole; in docs/contract.md the topics and the fields of a report.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import typer
from pydantic import SecretStr

from schemas.topics import TOPICS
from streams.cli import app
from streams.settings import PREFIX, Settings
from tests.support.paths import ROOT

DOCS = ROOT / "docs"
MADE = "<!-- Made from the code by `python -m tests.docs.reference`: do not edit. -->\n"
#: Defaults that differ from machine to machine.
SHOWN = {"data_dir": "the user's data folder"}


def commands() -> str:
    """Every command with what it says of itself and its options."""
    says = "Each command says the same with `--help`. All settings are variables too ([settings](settings.md)).\n"
    parts = ["# Commands\n", MADE, says]
    for path, command in leaves(typer.main.get_command(app), "truceline"):
        parts.append(f"## {path}\n\n{_prose(command.help or '')}\n")
        rows = [row for parameter in command.params if (row := _parameter(parameter))]
        parts.append("| option | what it says |\n|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def leaves(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The commands below one that do something, with their words."""
    for name, below in getattr(command, "commands", {}).items():
        yield from leaves(below, f"{path} {name}")
    if not hasattr(command, "commands"):
        yield path, command


def _prose(text: str) -> str:
    """Help text as Markdown: its emphasis, and its examples as code."""
    paragraphs: list[str] = []
    for paragraph in re.sub(r"\n[ ]*\n", "\n\n", text.strip()).split("\n\n"):
        bare = re.sub(r"\[(?:/[a-z ]*|[a-z ]+)\]", "", paragraph)
        if (
            paragraph.lstrip().removeprefix("[bold]").startswith(("truceline ", "TRUCELINE_", "curl ", "tail "))
            or "| truceline" in paragraph
        ):
            paragraphs.append("    " + bare.strip())
        elif paragraph.strip() == "[bold]Examples[/]":
            continue
        else:
            paragraphs.append(re.sub(r"\[bold\](.*?)\[/\]", r"**\1**", paragraph).replace("<", "&lt;"))
    return "\n\n".join(paragraphs)


def _parameter(parameter: Any) -> str | None:
    if parameter.name == "help":
        return None
    metavar = f" {parameter.metavar}" if parameter.metavar and parameter.param_type_name == "option" else ""
    names = parameter.opts if parameter.param_type_name == "option" else [parameter.metavar or parameter.name.upper()]
    says = getattr(parameter, "help", None) or ""
    return f"| `{', '.join(names)}{metavar}` | {_cell(says)} |"


def settings() -> str:
    """Every setting with its default and what it says."""
    rows = ["| variable | default | what it says |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        rows.append(f"| `{PREFIX}{name.upper()}` | {_default(name, field)} | {_cell(field.description or '')} |")
    says = """\
Environment variables; an option of a command wins. An empty one counts as not set. Durations are ISO 8601, such as
`P400D` or `PT30S`. Secrets can be had from the file that the variable of the same name with `_FILE` names; they are
never options, and never logged.
"""
    return "\n".join(["# Settings\n", MADE, says, *rows, ""])


def _default(name: str, field: Any) -> str:
    if name in SHOWN:
        return SHOWN[name]
    if field.default is None or isinstance(field.default, SecretStr):
        return "none"
    value = field.get_default(call_default_factory=True)
    if hasattr(value, "total_seconds"):
        days, seconds = divmod(int(value.total_seconds()), 86_400)
        value = f"PT{seconds}S" if seconds else f"P{days}D"
    return f"`{value}`"


def topics() -> str:
    """The one table of topics."""
    rows = ["| topic | key | value | clean-up | what it says |", "|---|---|---|---|---|"]
    rows += [
        f"| `truceline.{topic.name}` | {topic.key} | {_cell(topic.value)} | {topic.cleanup} | {topic.says} |"
        for topic in TOPICS.values()
    ]
    return "\n".join(rows)


def fields() -> str:
    """The fields of a report and its claims, from the published schema."""
    schema = json.loads((ROOT / "schemas" / "json" / "report.json").read_text())
    parts = [_shape("Report", schema)]
    parts += [_shape(name, shape) for name, shape in schema["$defs"].items()]
    return "\n\n".join(parts)


def _shape(name: str, shape: dict[str, Any]) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()
    rows = ["| field | | of which kind |", "|---|---|---|"]
    required = set(shape.get("required", ()))
    for field, kind in shape["properties"].items():
        rows.append(f"| `{field}` | {'' if field in required else 'optional'} | {_kind(kind)} |")
    return f"**{words}.** {shape.get('description', '')}\n\n" + "\n".join(rows)


def _kind(kind: dict[str, Any]) -> str:
    if choices := kind.get("anyOf"):
        return " or ".join(dict.fromkeys(_kind(each) for each in choices if each.get("type") != "null"))
    if "const" in kind:
        return f"`{kind['const']}`"
    if "enum" in kind:
        return ", ".join(f"`{value}`" for value in kind["enum"])
    if "$ref" in kind:
        return str(kind["$ref"]).rpartition("/")[2]
    if kind.get("type") == "array":
        limits = f", at most {kind['maxItems']}" if "maxItems" in kind else ""
        inner = kind["items"]
        return f"list of {_kind(inner) if 'oneOf' not in inner else 'claims'}{limits}"
    return _plain(kind)


def _plain(kind: dict[str, Any]) -> str:
    pattern = kind.get("pattern", "")
    if pattern.startswith("^[a-z0-9]"):
        return "slug"
    if pattern.startswith("^[0-9]{4}-"):
        return "time"
    bounds = [f"{sign} {kind[key]:,}" for key, sign in (("minimum", "≥"), ("maximum", "≤")) if key in kind]
    longest = [f"≤ {kind['maxLength']:,} characters"] if "maxLength" in kind else []
    return ", ".join([str(kind.get("type", "any")), *bounds, *longest])


def _cell(text: str) -> str:
    bare = re.sub(r"\[/?(bold|dim|green|red)?\]", "", " ".join(text.split()))
    return bare.replace("|", "\\|").replace("<", "&lt;")


def _between(page: str, name: str, made: str) -> str:
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    pattern = re.compile(f"{begin}.*?{end}", re.DOTALL)
    assert len(pattern.findall(page)) == 1, name
    return pattern.sub(lambda _: f"{begin}\n\n{made}\n\n{end}", page)


def _contract() -> str:
    page = (DOCS / "contract.md").read_text(encoding="utf-8")
    return _between(_between(page, "topics", topics()), "fields", fields())


PAGES: dict[str, Callable[[], str]] = {"commands.md": commands, "settings.md": settings, "contract.md": _contract}

if __name__ == "__main__":
    for name, made in PAGES.items():
        (DOCS / name).write_text(made(), encoding="utf-8")
