"""`truceline topics`: create and check the topics of `schemas.topics` on the brokers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import KAFKA, options
from streams.cli.commands import rebuild
from streams.cli.errors import EXIT_FAILED, CommandFailed, UsageFailed, kafka_failed, mute_client_log, settings_errors
from streams.cli.help import PlainGroup

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from streams.kafka.topics import TopicDifference, TopicSurvey
    from streams.settings import Settings

group = typer.Typer(cls=PlainGroup, no_args_is_help=True, rich_markup_mode="rich")

_GROW = """\
Move a log to topics with more partitions, under another prefix.

More partitions would send an episode to another partition than its state, so the topics must be new ones.
It is `truceline rebuild` with --partitions: the live topics are only read; the new ones are recomputed, checked and
compared before anything is switched. See truceline rebuild --help for how to switch.

[bold]truceline topics grow --partitions 8[/]                        # to the prefix NAME-8

[bold]truceline topics grow --partitions 8 --switch truceline.env[/]
"""


def register(root: typer.Typer) -> None:
    """Join the command line as `truceline topics`."""
    root.add_typer(group, name="topics", rich_help_panel=KAFKA, help="Create, list and check the topics.")


@group.command()
def create(
    partitions: Annotated[
        int, typer.Option(metavar="N", min=1, max=10_000, help="Partitions of each topic; cannot be changed later.")
    ] = 6,
    replication: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, max=100, help="Copies of each partition.", show_default="3, or the number of brokers"
        ),
    ] = None,
    bootstrap_servers: options.Bootstrap = None,
    topic_prefix: options.Prefix = None,
) -> None:
    """Create the missing topics, and list those that exist with other settings.

    Exits with 1 if a topic has settings that no worker can run with.

    [bold]truceline topics create --partitions 12 --replication 3[/]
    """
    from streams.kafka.topics import differences

    settings = options.load_settings(bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix)
    made, found = _run(settings, _create(settings, partitions, replication))
    for name in made:
        typer.echo(f"created {settings.topic(name)} ({_count(found[name])})")
    if not made:
        typer.echo(f"all topics of {settings.topic_prefix} exist on {settings.bootstrap_servers}")
    _print_differences(settings, differences(settings.topic_prefix, found, partitions))


@group.command(name="list")
def list_topics(
    bootstrap_servers: options.Bootstrap = None,
    topic_prefix: options.Prefix = None,
) -> None:
    """List every topic with its key, value and cleanup policy, and its partitions on the brokers.

    [bold]truceline topics list[/]
    """
    from schemas.topics import TOPICS, full_name

    settings = options.load_settings(bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix)
    found = _run(settings, _survey(settings))
    rows = [["topic", "partitions", "copies", "cleanup", "key", "value", "description"]]
    for name, topic in TOPICS.items():
        there = [str(found[name].partitions), str(found[name].replication)] if name in found else ["missing", "-"]
        full = full_name(settings.topic_prefix, name)
        rows.append([full, *there, str(topic.cleanup), topic.key, topic.value, topic.says])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@group.command()
def check(
    bootstrap_servers: options.Bootstrap = None,
    topic_prefix: options.Prefix = None,
) -> None:
    """List topics that are missing or have other settings; exit with 1 if no worker can run with them.

    [bold]truceline topics check && truceline serve[/]
    """
    from streams.kafka.topics import differences

    settings = options.load_settings(bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix)
    different = differences(settings.topic_prefix, _run(settings, _survey(settings)))
    if not different:
        typer.echo(f"all topics of {settings.topic_prefix} are correct on {settings.bootstrap_servers}")
    _print_differences(settings, different)


@group.command(help=_GROW)
def grow(
    partitions: Annotated[int, typer.Option(metavar="N", min=2, max=10_000, help="Partitions of each new topic.")],
    *,
    to: Annotated[
        str | None, typer.Option("--to", metavar="PREFIX", help="Prefix of the new topics.", show_default="NAME-N")
    ] = None,
    app_id: rebuild.AppId = None,
    replication: rebuild.Replication = None,
    switch: rebuild.Switch = None,
    accept_differences: rebuild.Accept = False,
    bootstrap_servers: options.Bootstrap = None,
    topic_prefix: options.Prefix = None,
    quiet: options.Quiet = False,
) -> None:
    """Rebuild with more partitions; the help is in _GROW."""
    live = options.load_settings(bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix)
    prefix = to or f"{live.topic_prefix}-{partitions}"
    old, new = rebuild.settings_of_both(bootstrap_servers, topic_prefix, prefix, app_id)
    found = _run(old, _survey(old))
    if "reports" not in found:
        raise CommandFailed(f"there is no topic {old.topic('reports')} on {old.bootstrap_servers}")
    if partitions <= found["reports"].partitions:
        raise UsageFailed(f"{old.topic('reports')} has {_count(found['reports'])}: name a greater number")
    rebuild.carry_out(old, new, partitions, replication, switch, accept=accept_differences, quiet=quiet)


async def _create(
    settings: Settings, partitions: int, replication: int | None
) -> tuple[list[str], dict[str, TopicSurvey]]:
    from streams.kafka import topics
    from streams.kafka.client import client_options

    async with topics.admin(client_options(settings)) as client:
        if replication is None:
            replication = min(3, await topics.brokers(client))
        made = await topics.create(client, settings.topic_prefix, partitions, replication)
        return made, await topics.survey(client, settings.topic_prefix)


async def _survey(settings: Settings) -> dict[str, TopicSurvey]:
    from streams.kafka import topics
    from streams.kafka.client import client_options

    async with topics.admin(client_options(settings)) as client:
        return await topics.survey(client, settings.topic_prefix)


def _run(settings: Settings, work: Coroutine[Any, Any, Any]) -> Any:
    import asyncio

    from aiokafka.errors import KafkaError

    from streams.kafka.topics import TopicsNotCreated

    try:
        with mute_client_log(), settings_errors():
            return asyncio.run(work)
    except TopicsNotCreated as failure:
        raise CommandFailed(f"{settings.bootstrap_servers}: {failure}") from failure
    except (KafkaError, OSError, TimeoutError) as failure:
        raise kafka_failed(failure, settings) from failure


def _count(found: TopicSurvey) -> str:
    partitions = "1 partition" if found.partitions == 1 else f"{found.partitions} partitions"
    return f"{partitions}, {'1 copy' if found.replication == 1 else f'{found.replication} copies'}"


def _print_differences(settings: Settings, different: list[TopicDifference]) -> None:
    for difference in different:
        typer.echo(f"{'error' if difference.fatal else 'note'}: {difference}", err=True)
    if any(difference.is_setting for difference in different):
        alter = f"kafka-configs.sh --bootstrap-server {settings.bootstrap_servers} --alter --topic TOPIC"
        typer.echo(f"To change a setting: {alter} --add-config NAME=VALUE", err=True)
    if any(difference.fatal for difference in different):
        raise typer.Exit(EXIT_FAILED)
