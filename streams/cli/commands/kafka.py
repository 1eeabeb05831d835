"""`truceline kafka`: a real Apache Kafka on this machine, with nothing installed but truceline[kafka]."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import KAFKA
from streams.cli.errors import EXIT_FAILED, CommandFailed, Unavailable, UsageFailed

if TYPE_CHECKING:
    from streams.kafka.local.cluster import LocalKafka

group = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")


class Nodes(StrEnum):
    """How many nodes a local Kafka may have: three keep everything thrice and survive the loss of one."""

    ONE = "1"
    THREE = "3"


Folder = Annotated[
    Path | None,
    typer.Option(
        "--dir",
        help="Folder of the data, kept over down and up.",
        show_default="kafka in TRUCELINE_DATA_DIR, or in the user's data folder",
    ),
]


def register(root: typer.Typer) -> None:
    """Join the command line as `truceline kafka`."""
    root.add_typer(
        group, name="kafka", rich_help_panel=KAFKA, help="A real Apache Kafka on this machine, out of pip alone."
    )


@group.command()
def up(
    nodes: Annotated[Nodes, typer.Option(help="Number of nodes, for a new folder.")] = Nodes.ONE,
    folder: Folder = None,
    port: Annotated[
        int, typer.Option(min=1, max=65_533, help="Port of the first node, for a new folder; the others follow.")
    ] = 9092,
) -> None:
    """Start Kafka in the background, on the loopback only.

    The first time, Kafka's jars are fetched (44 MB, then cached). What was kept in the folder goes on.

    [bold]truceline kafka up[/]                          # one node on 127.0.0.1:9092

    [bold]truceline kafka up --nodes 3 --dir /tmp/k3[/]  # three nodes, replication 3
    """
    from rich.console import Console

    from streams.kafka.local.cluster import KafkaUnavailable, LocalKafka
    from streams.kafka.local.distribution import KAFKA_VERSION, distribution

    place = _place(folder)
    kafka = LocalKafka.open(place)
    if kafka is not None and len(kafka.nodes) != int(nodes) and nodes is not Nodes.ONE:
        raise UsageFailed(f"{place} holds a Kafka of {len(kafka.nodes)} node(s): name another folder with --dir")
    console = Console(stderr=True)
    try:
        with console.status(f"Finding Apache Kafka {KAFKA_VERSION} …") as status:
            distribution()
            if kafka is None:
                status.update(f"Laying out {nodes} node(s) in {place} …")
                kafka = LocalKafka.create(place, nodes=int(nodes), port=port)
            status.update(f"Starting on {kafka.bootstrap_servers} …")
            kafka.start()
    except KafkaUnavailable as failure:
        raise Unavailable(str(failure)) from failure
    typer.echo(f"Apache Kafka {KAFKA_VERSION} answers on {kafka.bootstrap_servers}")
    typer.echo(f"  export TRUCELINE_BOOTSTRAP_SERVERS={kafka.bootstrap_servers}")
    typer.echo(f"  data in {place}; truceline kafka down stops it")


@group.command()
def down(
    folder: Folder = None,
    wipe: Annotated[bool, typer.Option("--wipe", help="Delete the folder with all data too.")] = False,
) -> None:
    """Stop it; the data is kept for the next `up`.

    [bold]truceline kafka down[/]

    [bold]truceline kafka down --wipe[/]  # and forget everything
    """
    from rich.console import Console

    place = _place(folder)
    kafka = _laid_out(place)
    with Console(stderr=True).status("Stopping …"):
        ran = [node for node in kafka.nodes if node.running]
        if wipe:
            kafka.remove()
        else:
            kafka.stop()
    typer.echo(f"Stopped {len(ran)} node(s)" if ran else "It was not running")
    typer.echo(f"  {place} {'deleted' if wipe else 'kept'}")


@group.command()
def status(folder: Folder = None) -> None:
    """Show each node with its process and address; exits with 1 unless all of them serve."""
    from streams.kafka.local.cluster import answers

    kafka = _laid_out(_place(folder))
    processes = [node.process for node in kafka.nodes]
    for node, process in zip(kafka.nodes, processes, strict=True):
        told = f"pid {process.pid}" if process else "not running"
        typer.echo(f"node {node.address.number}  {node.address.client}  {told:<12} {node.log}")
    if not all(processes) or not answers(kafka.bootstrap_servers, brokers=len(kafka.nodes)):
        raise typer.Exit(EXIT_FAILED)


def _place(folder: Path | None) -> Path:
    from streams.settings import SettingsError, load

    try:
        return (folder or load().data_dir / "kafka").absolute()
    except SettingsError as fault:
        raise UsageFailed(str(fault)) from fault


def _laid_out(place: Path) -> LocalKafka:
    from streams.kafka.local.cluster import LocalKafka

    kafka = LocalKafka.open(place)
    if kafka is None:
        raise CommandFailed(f"no Kafka was laid out in {place}: truceline kafka up does it")
    return kafka
