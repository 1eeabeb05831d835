"""`truceline kafka`: a real Apache Kafka on this machine, installed with truceline[kafka]."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import KAFKA
from streams.cli.errors import EXIT_FAILED, CommandFailed, Unavailable, UsageFailed
from streams.cli.help import PlainGroup
from streams.cli.options import load_settings

if TYPE_CHECKING:
    from streams.kafka.local.cluster import LocalKafka

group = typer.Typer(cls=PlainGroup, no_args_is_help=True, rich_markup_mode="rich")


class Nodes(StrEnum):
    """Numbers of nodes: with three, each record has three copies and one node may fail."""

    ONE = "1"
    THREE = "3"


Folder = Annotated[
    Path | None,
    typer.Option(
        "--dir",
        metavar="DIR",
        help="Folder of the data, kept between down and up.",
        show_default="kafka in TRUCELINE_DATA_DIR or the user's data folder",
    ),
]


def register(root: typer.Typer) -> None:
    """Join the command line as `truceline kafka`."""
    root.add_typer(
        group,
        name="kafka",
        rich_help_panel=KAFKA,
        help="Run Apache Kafka on this machine, installed with pip, nothing else.",
    )


@group.command()
def up(
    nodes: Annotated[Nodes, typer.Option(help="Number of nodes (new folder only).")] = Nodes.ONE,
    folder: Folder = None,
    port: Annotated[
        int,
        typer.Option(
            metavar="PORT", min=1, max=65_533, help="Port of the first node (new folder only); the others follow."
        ),
    ] = 9092,
) -> None:
    """Start Kafka in the background, reachable from this machine only.

    The first start downloads Kafka (44 MB, then cached). Data kept in the folder is used again.

    [bold]truceline kafka up[/]                          # one node on 127.0.0.1:9092

    [bold]truceline kafka up --nodes 3 --dir /tmp/k3[/]  # three nodes, replication 3
    """
    from rich.console import Console

    from streams.kafka.local.cluster import KafkaUnavailable, LocalKafka
    from streams.kafka.local.distribution import KAFKA_VERSION, distribution

    data = _data_folder(folder)
    kafka = LocalKafka.open(data)
    if kafka is not None and len(kafka.nodes) != int(nodes) and nodes is not Nodes.ONE:
        raise UsageFailed(f"{data} holds a Kafka of {_nodes(len(kafka.nodes))}: name another folder with --dir")
    console = Console(stderr=True)
    try:
        with console.status(f"Finding Apache Kafka {KAFKA_VERSION} …") as status:
            distribution()
            if kafka is None:
                status.update(f"Setting up {_nodes(int(nodes))} in {data} …")
                kafka = LocalKafka.create(data, nodes=int(nodes), port=port)
            status.update(f"Starting on {kafka.bootstrap_servers} …")
            kafka.start()
    except KafkaUnavailable as failure:
        raise Unavailable(str(failure)) from failure
    except OSError as failure:
        raise UsageFailed(f"--dir {data} cannot be created: {failure.strerror}") from failure
    typer.echo(f"Apache Kafka {KAFKA_VERSION} is running on {kafka.bootstrap_servers}")
    typer.echo(f"  export TRUCELINE_BOOTSTRAP_SERVERS={kafka.bootstrap_servers}")
    typer.echo(f"  data in {data}; stop it with truceline kafka down")


@group.command()
def down(
    folder: Folder = None,
    wipe: Annotated[bool, typer.Option("--wipe", help="Delete all data too.")] = False,
) -> None:
    """Stop Kafka; its data is kept for the next `up`.

    [bold]truceline kafka down[/]

    [bold]truceline kafka down --wipe[/]  # and delete all data
    """
    from rich.console import Console

    data = _data_folder(folder)
    kafka = _existing(data)
    with Console(stderr=True).status("Stopping …"):
        running = [node for node in kafka.nodes if node.running]
        if wipe:
            kafka.remove()
        else:
            kafka.stop()
    typer.echo(f"Stopped {_nodes(len(running))}" if running else "Kafka was not running")
    left = "kept" if not wipe else "kept: it holds other files" if data.exists() else "deleted"
    typer.echo(f"  {data} {left}")


@group.command()
def status(folder: Folder = None) -> None:
    """Show each node with its process and address; exit with 1 unless all of them run.

    [bold]truceline kafka status[/]
    """
    from streams.kafka.local.cluster import answers

    kafka = _existing(_data_folder(folder))
    processes = [node.process for node in kafka.nodes]
    for node, process in zip(kafka.nodes, processes, strict=True):
        state = f"pid {process.pid}" if process else "not running"
        typer.echo(f"node {node.address.number}  {node.address.client}  {state:<12} {node.log}")
    if not all(processes) or not answers(kafka.bootstrap_servers, brokers=len(kafka.nodes)):
        raise typer.Exit(EXIT_FAILED)


def _nodes(number: int) -> str:
    return "1 node" if number == 1 else f"{number} nodes"


def _data_folder(folder: Path | None) -> Path:
    return (folder or load_settings().data_dir / "kafka").absolute()


def _existing(folder: Path) -> LocalKafka:
    from streams.kafka.local.cluster import LocalKafka

    kafka = LocalKafka.open(folder)
    if kafka is None:
        raise CommandFailed(f"there is no Kafka in {folder}; truceline kafka up sets one up")
    return kafka
