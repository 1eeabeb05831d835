"""`truceline demo`: a story from a file, played into a real server and watched."""

from __future__ import annotations

import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import RUN
from streams.cli.errors import Unavailable, UsageFailed

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from rich.console import Console

    from streams.cli.demo.servers import DemoServer

_HELP = """\
Play a story into a real server and watch it: 13 to 15 September 2022, told as seven reports.

Seen: what each side says of its own losses, their sum with its parts, a truce announced after it took effect,
the denials, and for every change the report that caused it. Takes half a minute.

[bold]Examples[/]

  truceline demo

  truceline demo --no-wait         # end with the story

  truceline demo --kafka           # through a real Kafka and a worker, started for it (with the extra kafka)

  truceline demo --dir ./ledger    # keep the ledger there
"""


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_HELP, rich_help_panel=RUN)(demo)


def demo(
    *,
    kafka: Annotated[bool, typer.Option("--kafka", help="Play through Kafka and a worker.")] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="End with the story.")] = False,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--dir", metavar="DIR", help="Folder of the ledger, a new one.", show_default="in TRUCELINE_DATA_DIR"
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65_535, metavar="PORT", help="Port of the server.", show_default="8080, or a free one"),
    ] = None,
) -> None:
    """Play the story; the help is in _HELP."""
    from rich.console import Console

    from streams.cli.demo.play import play, watch
    from streams.cli.demo.servers import DemoServerFailed
    from streams.cli.demo.story import EPISODE
    from streams.observability import log_config
    from streams.stores.store import StoreUnavailable

    log_config.configure(level="error")
    console = Console(highlight=False)
    place = None if kafka else _place(folder)
    with ExitStack() as end:
        try:
            stage = end.enter_context(_stage(place, folder is None, _port(port), console))
            page = f"{stage.url}/#/{EPISODE}"
            console.print(f"A real server, on this machine alone; the page to watch it on: {page}\n", soft_wrap=True)
            play(stage, console)
            _say_what_is_left(stage, place, console)
            if console.is_terminal and not no_wait:
                console.print("The server goes on until Ctrl-C; what you send is shown here.", style="bold")
                watch(stage, console)
        except KeyboardInterrupt:
            console.print("\nStopped.")
        except (DemoServerFailed, StoreUnavailable, OSError) as error:
            raise Unavailable(str(error)) from error


def _stage(place: Path | None, afresh: bool, port: int, console: Console) -> AbstractContextManager[DemoServer]:
    from streams.cli.demo.servers import embedded, on_kafka

    if place is None:
        return on_kafka(port, lambda words: console.print(f"… {words}", style="dim", soft_wrap=True))
    return embedded(place, port, afresh=afresh)


def _place(folder: Path | None) -> Path:
    from streams.settings import SettingsError, load

    if folder is None:
        try:
            return load().data_dir / "demo"
        except SettingsError as error:
            raise UsageFailed(str(error)) from error
    if folder.exists() and any(folder.iterdir()):
        raise UsageFailed(f"--dir {folder}: there is something in it; the story wants a new folder")
    return folder


def _port(port: int | None) -> int:
    """Return the port to use: the one asked for, or the usual one, or else a free one."""
    from streams.web.server import listen

    for wanted in (8080, 0) if port is None else (port,):
        try:
            with listen("127.0.0.1", wanted) as listener:
                return int(listener.getsockname()[1])
        except OSError as error:
            problem = str(error.strerror)
    raise Unavailable(problem)


def _say_what_is_left(stage: DemoServer, place: Path | None, console: Console) -> None:
    from streams.cli.demo.servers import SOURCES
    from streams.cli.demo.story import EPISODE

    # As it was called: after `make demo` it is not on the PATH.
    program = "truceline" if shutil.which("truceline") or not sys.argv[0].endswith("truceline") else sys.argv[0]
    lines = [f"curl {stage.url}/episodes/{EPISODE}"] if console.is_terminal else []
    if place is not None:
        lines.append(f"{program} serve --embedded {place} --sources {place / SOURCES}")
    lines += [f"{program} {words}" for words in ("replay --help", "demo --kafka" if place is not None else "kafka up")]
    console.print("\nTry next:")
    for line in lines:
        console.print(f"  {line}", soft_wrap=True, markup=False)
    console.print()
