"""`truceline alerts`: rules of alerts, checked and tried on a history."""

from __future__ import annotations

import sys
from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import LOOK
from streams.cli import options as origins
from streams.cli.commands.serve import read_alert_rules, read_registry
from streams.cli.exit_handling import command_exit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.alerts import Alert
    from streams.alerts import Rules

group = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")

_TEST_HELP = """\
Show what RULES would have sent, had they been there while a history of reports came in.

FILE is JSON lines of reports, .gz and .zst too, - for standard input, folded as truceline replay does it.

[bold]Examples[/]

  truceline alerts test alerts.yaml reports.jsonl

  truceline alerts test alerts.yaml --sources sources.yaml --format json 2022.jsonl.zst > alerts.jsonl
"""


class Form(StrEnum):
    """For people, or for programs."""

    TEXT = "text"
    JSON = "json"


RulesFile = Annotated[str, typer.Argument(metavar="RULES", show_default=False)]


def register(root: typer.Typer) -> None:
    """Join the command line as `truceline alerts`."""
    root.add_typer(group, name="alerts", rich_help_panel=LOOK, help="Rules of alerts: checked, and tried on a history.")


@group.command()
def example() -> None:
    """Print rules to start from.

    [bold]truceline alerts example > alerts.yaml[/]
    """
    from importlib.resources import files

    typer.echo(files("streams.defaults").joinpath("alerts.yaml").read_text(encoding="utf-8"), nl=False)


@group.command()
def check(rules: RulesFile) -> None:
    """Read RULES and say what is wrong with them, line by line; exit with 2 where anything is.

    [bold]truceline alerts check alerts.yaml[/]
    """
    found = read_alert_rules(rules)
    for rule in found:
        filters = " ".join(f"{filter_.name}={'|'.join(filter_.globs)}" for filter_ in rule.filters)
        typer.echo(f"{rule.severity:8}  {rule.name}: {rule.condition.name}{', ' * bool(filters)}{filters}")
    typer.echo(f"{rules}: {len(found)} rules, nothing wrong with them", err=True)


@group.command("test", help=_TEST_HELP)
def rehearse(
    rules: RulesFile,
    files: Annotated[list[str], typer.Argument(metavar="FILE...", show_default=False)],
    *,
    sources: origins.Sources = None,
    horizon: origins.Horizon = None,
    tick: Annotated[
        str | None, typer.Option(metavar="TIME", help="Move every episode's clock to this time at the end.")
    ] = None,
    form: Annotated[
        Form, typer.Option("--format", help="Lines for people, or the alerts as JSON, one a line.")
    ] = Form.TEXT,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No summary.")] = False,
) -> None:
    """Try rules on a history; the help is in _TEST_HELP."""
    watched = read_alert_rules(rules)
    told: Counter[tuple[str, str]] = Counter()
    held = 0
    with command_exit("stopped before the end of the history"):
        for alert in _alerts(watched, files, (sources, horizon, tick), quiet=quiet):
            told[alert["rule"], alert["state"]] += 1
            held += alert["suppressed"]
            _show(alert, form)
    if not quiet:
        _sum_up(watched, told, held)


def _alerts(
    rules: Rules, files: list[str], options: tuple[str | None, str | None, str | None], *, quiet: bool
) -> Iterator[Alert]:
    from streams.alerts import AlertEngine
    from streams.cli.render.progress import progress, reading
    from streams.files.jsonl import Lines
    from streams.operations.replay.replay import Replay

    sources, horizon, tick = options
    registry = read_registry(sources)
    horizon_us = origins.horizon_us(horizon)
    tick_us = None if tick is None else origins.time_us(tick, "--tick")
    watch = AlertEngine(rules, registry)
    lines = Lines(files)
    story = Replay(lines, registry, horizon_us=horizon_us, tick_us=tick_us)
    with progress(reading(lines), quiet=quiet):
        for topic, record in story:
            yield from watch.take(topic, record)
    if story.refused and not quiet:
        late = " (backfills need a longer --horizon)" if story.counts["too_late"] else ""
        typer.echo(f"lines refused: {story.refused:,}{late}", err=True)


def _show(alert: Alert, form: Form) -> None:
    if form is Form.JSON:
        import orjson

        sys.stdout.write(orjson.dumps(alert).decode() + "\n")
        return
    from streams.cli.render.text import IN_UTC, plain

    what = "over" if alert["state"] == "resolved" else alert["severity"]
    behind = f" (and {alert['suppressed']} held back before)" if alert["suppressed"] else ""
    line = f"{IN_UTC(alert['at']):18} {what:9} {alert['episode']}: {alert['message']}{behind} [{alert['rule']}]"
    sys.stdout.write(plain(line) + "\n")


def _sum_up(rules: Rules, told: Counter[tuple[str, str]], held: int) -> None:
    raised = sum(count for (_, state), count in told.items() if state == "raised")
    parts = [f"{raised:,} raised", f"{told.total() - raised:,} over"]
    if held:
        parts.append(f"{held:,} held back")
    typer.echo(f"alerts: {', '.join(parts)}", err=True)
    silent = [rule.name for rule in rules if not told[rule.name, "raised"]]
    if silent:
        typer.echo(f"nothing from {', '.join(silent)}", err=True)
