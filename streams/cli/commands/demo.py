"""`truceline demo`: a story from a file, played into a real server."""

from __future__ import annotations

import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import RUN, options
from streams.cli.errors import Unavailable, UsageFailed

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from rich.console import Console

    from streams.cli.demo.servers import DemoServer

_HELP = """\
Play a story into a real server and watch it: 13 to 15 September 2022, in seven reports.

It shows each side's own losses, their sum with its parts, a ceasefire announced after it took effect, the denials,
and for every change the report that caused it. It takes half a minute.

[bold]Examples[/]

  truceline demo

  truceline demo --no-wait         # exit after the story

  truceline demo --kafka           # with a real Kafka and a worker (needs truceline[kafka])

  truceline demo --dir ./ledger    # keep the ledger there
"""


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_HELP, rich_help_panel=RUN)(demo)


def demo(
    *,
    kafka: Annotated[bool, typer.Option("--kafka", help="Play it through Kafka and a worker.")] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Exit after the story.")] = False,
    folder: Annotated[
        Path | None,
        typer.Option("--dir", metavar="DIR", help="New folder for the ledger.", show_default="in TRUCELINE_DATA_DIR"),
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
    place = None if kafka else _ledger_folder(folder)
    with ExitStack() as end:
        try:
            server = end.enter_context(_server(place, folder is None, _port(port), console))
            page = f"{server.url}/#/{EPISODE}"
            console.print(f"A real server on this machine; watch it at {page}\n", soft_wrap=True)
            play(server, console)
            _print_next_steps(server, place, console, runs_on=console.is_terminal and not no_wait)
            if console.is_terminal and not no_wait:
                console.print("The server runs until you press Ctrl-C; what you send is shown here.", style="bold")
                watch(server, console)
        except KeyboardInterrupt:
            console.print("\nStopped.")
        except (DemoServerFailed, StoreUnavailable, OSError) as error:
            raise Unavailable(str(error)) from error


def _server(place: Path | None, afresh: bool, port: int, console: Console) -> AbstractContextManager[DemoServer]:
    from streams.cli.demo.servers import embedded, on_kafka

    if place is None:
        return on_kafka(port, lambda words: console.print(f"… {words}", style="dim", soft_wrap=True))
    return embedded(place, port, afresh=afresh)


def _ledger_folder(folder: Path | None) -> Path:
    if folder is None:
        return options.load_settings().data_dir / "demo"
    if folder.exists() and any(folder.iterdir()):
        raise UsageFailed(f"--dir {folder} is not empty: name a new folder")
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


def _print_next_steps(server: DemoServer, place: Path | None, console: Console, *, runs_on: bool) -> None:
    from streams.cli.demo.servers import SOURCES
    from streams.cli.demo.story import EPISODE

    # After `make demo` it is not on the PATH, so it is named as it was called.
    program = "truceline" if shutil.which("truceline") or not sys.argv[0].endswith("truceline") else sys.argv[0]
    lines = [f"curl {server.url}/episodes/{EPISODE}"] if runs_on else []
    if place is not None:
        lines.append(f"{program} serve --embedded {place} --sources {place / SOURCES}")
    lines += [f"{program} {words}" for words in ("replay --help", "demo --kafka" if place is not None else "kafka up")]
    console.print("\nTry next:")
    for line in lines:
        console.print(f"  {line}", soft_wrap=True, markup=False)
    console.print()
