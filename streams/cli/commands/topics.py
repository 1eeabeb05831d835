"""`truceline topics`: the topics of the one table (schemas/topics.py), made and checked on the brokers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import KAFKA
from streams.cli.commands import rebuild
from streams.cli.errors import EXIT_FAILED, CommandFailed, UsageFailed, kafka_failed, mute_client_log

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from streams.kafka.topics import TopicDifference, TopicSurvey
    from streams.settings import Settings

group = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")

_GROW = """\
Move a log to topics with more partitions, which must have another prefix: an episode lies in the partition of its key,
and would lie elsewhere than its state.

It is `truceline rebuild` with --partitions: the live topics are only read, and what the new ones hold is folded anew,
checked and compared before anything is switched. See truceline rebuild --help for how to switch.

[bold]truceline topics grow --partitions 8[/]                        # to the prefix NAME-8

[bold]truceline topics grow --partitions 8 --switch truceline.env[/]
"""

Brokers = Annotated[
    str | None, typer.Option(metavar="HOST:PORT,…", help="Kafka brokers.", show_default="127.0.0.1:9092")
]
Prefix = Annotated[
    str | None, typer.Option(metavar="NAME", help="Topics are named NAME.reports …", show_default="truceline")
]


def register(root: typer.Typer) -> None:
    """Join the command line as `truceline topics`."""
    root.add_typer(group, name="topics", rich_help_panel=KAFKA, help="The topics: made, listed, checked.")


@group.command()
def create(
    partitions: Annotated[
        int, typer.Option(min=1, max=10_000, help="Partitions of each topic; cannot be changed later.")
    ] = 6,
    replication: Annotated[
        int | None,
        typer.Option(min=1, max=100, help="Copies of each partition.", show_default="3, or as many as brokers"),
    ] = None,
    bootstrap_servers: Brokers = None,
    topic_prefix: Prefix = None,
) -> None:
    """Make the topics that are missing, and say what exists with another shape.

    Exits with 1 when a topic has a shape that no worker may run on.

    [bold]truceline topics create --partitions 12 --replication 3[/]
    """
    from streams.kafka.topics import differences

    settings = _settings(bootstrap_servers, topic_prefix)
    made, found = _run(settings, _create(settings, partitions, replication))
    for name in made:
        typer.echo(f"made {settings.topic(name)} ({_count(found[name])})")
    if not made:
        typer.echo(f"all topics of {settings.topic_prefix} exist on {settings.bootstrap_servers}")
    _tell(settings, differences(settings.topic_prefix, found, partitions))


@group.command(name="list")
def list_topics(
    bootstrap_servers: Brokers = None,
    topic_prefix: Prefix = None,
) -> None:
    """Show every topic with key, value and clean-up, and what the brokers have of it.

    [bold]truceline topics list[/]
    """
    from schemas.topics import TOPICS, full_name

    settings = _settings(bootstrap_servers, topic_prefix)
    found = _run(settings, _survey(settings))
    rows = [["topic", "partitions", "copies", "cleanup", "key", "value", "says"]]
    for name, topic in TOPICS.items():
        there = [str(found[name].partitions), str(found[name].replication)] if name in found else ["missing", "-"]
        full = full_name(settings.topic_prefix, name)
        rows.append([full, *there, str(topic.cleanup), topic.key, topic.value, topic.says])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@group.command()
def check(
    bootstrap_servers: Brokers = None,
    topic_prefix: Prefix = None,
) -> None:
    """Say what is missing or has another shape; exits with 1 when no worker may run on it.

    [bold]truceline topics check && truceline serve[/]
    """
    from streams.kafka.topics import differences

    settings = _settings(bootstrap_servers, topic_prefix)
    different = differences(settings.topic_prefix, _run(settings, _survey(settings)))
    if not different:
        typer.echo(f"all topics of {settings.topic_prefix} are as they should be on {settings.bootstrap_servers}")
    _tell(settings, different)


@group.command(help=_GROW)
def grow(
    partitions: Annotated[int, typer.Option(min=2, max=10_000, help="Partitions that each new topic has.")],
    *,
    to: Annotated[
        str | None, typer.Option("--to", metavar="PREFIX", help="Prefix of the new topics.", show_default="NAME-N")
    ] = None,
    app_id: rebuild.AppId = None,
    replication: rebuild.Replication = None,
    switch: rebuild.Switch = None,
    accept_differences: rebuild.Accept = False,
    bootstrap_servers: Brokers = None,
    topic_prefix: Prefix = None,
    quiet: rebuild.Quiet = False,
) -> None:
    """Rebuild with more partitions; the help is in _GROW."""
    live = _settings(bootstrap_servers, topic_prefix)
    prefix = to or f"{live.topic_prefix}-{partitions}"
    old, new = rebuild.settings_of_both(bootstrap_servers, topic_prefix, prefix, app_id)
    found = _run(old, _survey(old))
    if "reports" not in found:
        raise CommandFailed(f"there is no topic {old.topic('reports')} on {old.bootstrap_servers}")
    if partitions <= found["reports"].partitions:
        raise UsageFailed(f"{old.topic('reports')} has {_count(found['reports'])}: name more partitions than that")
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
    from streams.settings import SettingsError

    try:
        with mute_client_log():
            return asyncio.run(work)
    except TopicsNotCreated as failure:
        raise CommandFailed(f"{settings.bootstrap_servers}: {failure}") from failure
    except (KafkaError, OSError, TimeoutError) as failure:
        raise kafka_failed(failure, settings) from failure
    except SettingsError as fault:
        raise UsageFailed(str(fault)) from fault


def _settings(bootstrap_servers: str | None, topic_prefix: str | None) -> Settings:
    from streams.settings import SettingsError, load

    try:
        return load(bootstrap_servers=bootstrap_servers, topic_prefix=topic_prefix)
    except SettingsError as fault:
        raise UsageFailed(str(fault)) from fault


def _count(found: TopicSurvey) -> str:
    partitions = "1 partition" if found.partitions == 1 else f"{found.partitions} partitions"
    return f"{partitions}, {'1 copy' if found.replication == 1 else f'{found.replication} copies'}"


def _tell(settings: Settings, different: list[TopicDifference]) -> None:
    for difference in different:
        typer.echo(f"{'error' if difference.fatal else 'note'}: {difference}", err=True)
    if any(difference.is_setting for difference in different):
        alter = f"kafka-configs.sh --bootstrap-server {settings.bootstrap_servers} --alter --topic TOPIC"
        typer.echo(f"A setting is altered by: {alter} --add-config NAME=VALUE", err=True)
    if any(difference.fatal for difference in different):
        raise typer.Exit(EXIT_FAILED)
