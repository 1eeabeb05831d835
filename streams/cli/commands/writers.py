"""`truceline writers`: who may put reports in and decide on drafts (contract section 10)."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import RUN
from streams.cli.errors import InputFailed, UsageFailed
from streams.cli.help import PlainGroup

if TYPE_CHECKING:
    from streams.files.writers import Writers

group = typer.Typer(cls=PlainGroup, no_args_is_help=True, rich_markup_mode="rich")

_ADD_HELP = """\
Add a writer to a file, and print the token, which is shown this once.

The file keeps the token's SHA-256 alone. Start the server with it: `truceline serve --writers FILE`.

[bold]Examples[/]

  truceline writers add ani --role reviewer

  truceline writers add coast-wire-feed --outlet coast-wire --episode 'river-*' --file writers.yaml
"""

WritersFile = Annotated[
    Path, typer.Option("--file", metavar="FILE", envvar="TRUCELINE_WRITERS", help="The file of writers (YAML).")
]
DEFAULT_FILE = Path("writers.yaml")


class RoleName(StrEnum):
    """Roles, from the fewest rights to the most."""

    READER = "reader"
    WRITER = "writer"
    REVIEWER = "reviewer"
    ADMIN = "admin"


def register(root: typer.Typer) -> None:
    """Join the command line as `truceline writers`."""
    root.add_typer(group, name="writers", rich_help_panel=RUN, help="Add, list and check who may write.")
    group.command(help=_ADD_HELP)(add)


def add(  # noqa: PLR0917 - the options of a command
    name: Annotated[str, typer.Argument(metavar="NAME", help="A slug, shown with what is put in.", show_default=False)],
    role: Annotated[RoleName, typer.Option("--role", help="The rights.")] = RoleName.WRITER,
    source: Annotated[
        list[str] | None, typer.Option(metavar="SLUG", help="Only reports of this source; again for more.")
    ] = None,
    outlet: Annotated[list[str] | None, typer.Option(metavar="SLUG", help="Only reports by this outlet.")] = None,
    episode: Annotated[list[str] | None, typer.Option(metavar="SLUG", help="Only reports of this episode.")] = None,
    file: WritersFile = DEFAULT_FILE,
) -> None:
    """Add a writer; the help is in _ADD_HELP."""
    import secrets

    import yaml

    from streams.files.atomic_output import write_private
    from streams.files.writers import WritersError, digest_of, parse_writers

    known = _read(file) if file.exists() else None
    if known is not None and name in known.by_name:
        raise UsageFailed(f"{file} has {name!r} already: remove its entry first")
    token = secrets.token_urlsafe(24)
    limits = {"sources": source, "outlets": outlet, "episodes": episode}
    entry = {
        "token_sha256": digest_of(token),
        "role": role.value,
        **{key: value for key, value in limits.items() if value},
    }
    before = file.read_text(encoding="utf-8") if known is not None else ""
    content = (
        before + ("" if before.endswith("\n") or not before else "\n") + yaml.safe_dump({name: entry}, sort_keys=False)
    )
    try:
        parse_writers(content.encode(), str(file))
    except WritersError as error:
        raise UsageFailed(str(error)) from error
    try:
        write_private(file, content.encode())
    except OSError as error:
        raise InputFailed(f"{file} cannot be written: {error.strerror}") from error
    typer.echo(token)
    typer.echo(f"{name} is a {role.value} in {file}; the token above is not shown again", err=True)


@group.command(name="list")
def list_writers(file: WritersFile = DEFAULT_FILE) -> None:
    """List the writers of a file, with their rights.

    [bold]truceline writers list[/]
    """
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "role", "sources", "outlets", "episodes", box=None)
    for writer in _read(file).by_name.values():
        limits = (", ".join(limit) or "all" for limit in (writer.sources, writer.outlets, writer.episodes))
        table.add_row(writer.name, writer.role, *limits)
    Console().print(table)


@group.command()
def check(file: WritersFile = DEFAULT_FILE) -> None:
    """Check a file of writers and list each fault with its line; exit with 2 if there is any.

    [bold]truceline writers check[/]
    """
    typer.echo(f"{file}: {len(_read(file).by_name)} writers")


def _read(file: Path) -> Writers:
    from streams.files.writers import WritersError, read_writers

    try:
        return read_writers(file)
    except WritersError as error:
        raise UsageFailed(str(error)) from error
    except OSError as error:
        raise UsageFailed(f"{file} cannot be read: {error.strerror}; `truceline writers add NAME` makes it") from error
