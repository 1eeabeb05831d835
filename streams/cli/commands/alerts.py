"""`truceline alerts`: check alert rules, and test them on past data."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import LOOK, options
from streams.cli.exit_handling import command_exit
from streams.cli.help import PlainGroup

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.alerts import Alert
    from streams.alerts import Rules

group = typer.Typer(cls=PlainGroup, no_args_is_help=True, rich_markup_mode="rich")

_TEST_HELP = """\
Show which alerts RULES would have raised on past reports.

FILE holds reports as for `truceline replay`.

[bold]Examples[/]

  truceline alerts test alerts.yaml reports.jsonl

  truceline alerts test alerts.yaml --sources sources.yaml --format json 2022.jsonl.zst > alerts.jsonl
"""


RulesFile = Annotated[str, typer.Argument(metavar="RULES", help="Alert rules (YAML).", show_default=False)]


def register(root: typer.Typer) -> None:
    """Join the command line as `truceline alerts`."""
    root.add_typer(group, name="alerts", rich_help_panel=LOOK, help="Check alert rules and test them on past data.")


@group.command()
def example() -> None:
    """Print example rules to start from.

    [bold]truceline alerts example > alerts.yaml[/]
    """
    from importlib.resources import files

    typer.echo(files("streams.defaults").joinpath("alerts.yaml").read_text(encoding="utf-8"), nl=False)


@group.command()
def check(rules: RulesFile) -> None:
    """Check RULES and list each fault with its line; exit with 2 if there is any.

    [bold]truceline alerts check alerts.yaml[/]
    """
    from streams.cli.render.text import counted

    found = options.read_alert_rules(rules)
    for rule in found:
        filters = " ".join(f"{filter_.name}={'|'.join(filter_.globs)}" for filter_ in rule.filters)
        typer.echo(f"{rule.severity:8}  {rule.name}: {rule.condition.name}{', ' * bool(filters)}{filters}")
    typer.echo(f"{rules}: {counted(len(found), 'rule')}, no errors", err=True)


@group.command("test", help=_TEST_HELP)
def rehearse(
    rules: RulesFile,
    files: options.Files,
    *,
    sources: options.Sources = None,
    horizon: options.Horizon = None,
    tick: options.Tick = None,
    form: Annotated[
        options.TextFormat, typer.Option("--format", help="Human-readable or JSON, one alert a line.")
    ] = options.TextFormat.TEXT,
    quiet: options.Quiet = False,
) -> None:
    """Test rules on past reports; the help is in _TEST_HELP."""
    tested = options.read_alert_rules(rules)
    states: Counter[tuple[str, str]] = Counter()
    suppressed = 0
    with command_exit("stopped before the end of the history"):
        for alert in _alerts(tested, files, (sources, horizon, tick), quiet=quiet):
            states[alert["rule"], alert["state"]] += 1
            suppressed += alert["suppressed"]
            _print_alert(alert, form)
    if not quiet:
        _print_summary(tested, states, suppressed)
        if form is options.TextFormat.TEXT:
            options.note_missing_registry(sources)


def _alerts(
    rules: Rules, files: list[str], flags: tuple[str | None, str | None, str | None], *, quiet: bool
) -> Iterator[Alert]:
    from streams.alerts import AlertEngine
    from streams.cli.render.progress import progress, reading
    from streams.cli.render.text import counted
    from streams.files.jsonl import Lines
    from streams.operations.replay.replay import Replay

    sources, horizon, tick = flags
    registry = options.read_registry(sources)
    horizon_us = options.horizon_us(horizon)
    tick_us = None if tick is None else options.time_us(tick, "--tick")
    engine = AlertEngine(rules, registry)
    lines = Lines(files)
    replay = Replay(lines, registry, horizon_us=horizon_us, tick_us=tick_us)
    with progress(reading(lines), quiet=quiet):
        for topic, record in replay:
            yield from engine.take(topic, record)
    if replay.refused and not quiet:
        late = " (a backfill needs a longer --horizon)" if replay.counts["too_late"] else ""
        typer.echo(f"{counted(replay.refused, 'line')} refused{late}", err=True)


def _print_alert(alert: Alert, form: options.TextFormat) -> None:
    if form is options.TextFormat.JSON:
        import orjson

        sys.stdout.write(orjson.dumps(alert).decode() + "\n")
        return
    from streams.cli.render.text import IN_UTC
    from streams.core.phrases import plain

    state = "resolved" if alert["state"] == "resolved" else alert["severity"]
    earlier = f" (and {alert['suppressed']} suppressed before)" if alert["suppressed"] else ""
    line = f"{IN_UTC(alert['at']):18} {state:9} {alert['episode']}: {alert['message']}{earlier} [{alert['rule']}]"
    sys.stdout.write(plain(line) + "\n")


def _print_summary(rules: Rules, states: Counter[tuple[str, str]], suppressed: int) -> None:
    raised = sum(count for (_, state), count in states.items() if state == "raised")
    parts = [f"{raised:,} raised", f"{states.total() - raised:,} resolved"]
    if suppressed:
        parts.append(f"{suppressed:,} suppressed")
    typer.echo(f"alerts: {', '.join(parts)}", err=True)
    silent = [rule.name for rule in rules if not states[rule.name, "raised"]]
    if silent:
        typer.echo(f"no alert from {', '.join(silent)}", err=True)
