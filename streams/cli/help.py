"""Help texts and usage errors in plain words, the same for every command."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from streams.cli.errors import CommandFailed

__all__ = ["PlainGroup"]

#: Parts of pydantic's messages, and what they are replaced by.
PLAIN = {
    "Value error, ": "",
    "Input should be a valid integer, unable to parse string as an integer": "not a whole number",
    "Input should be a valid number, unable to parse string as a number": "not a number",
    "Input should be greater than or equal to ": "must be at least ",
    "Input should be less than or equal to ": "must be at most ",
}


#: The method by which Typer adds `[1<=x<=64]`.
RANGE = "_get_number_range_help_str"


class PlainGroup(TyperGroup):
    """A group whose help names values, not Python types; turns a `CommandFailed` into its line and exit code."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command with a plain help, None where there is none of that name."""
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            command.help = _unwrapped(command.help)
            for parameter in (*command.params, command.get_help_option(ctx)):
                _make_plain(parameter)
        return command

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help."""
        for parameter in self.get_params(ctx):
            _make_plain(parameter)
        super().format_help(ctx, formatter)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that is named; a `CommandFailed` is printed and becomes an exit."""
        try:
            return super().invoke(ctx)
        except CommandFailed as failure:
            typer.echo(f"truceline: {failure}", err=True)
            raise typer.Exit(failure.exit_code) from failure
        except typer.BadParameter as error:
            for said, plain in PLAIN.items():
                error.message = error.message.replace(said, plain)
            raise


def _make_plain(parameter: Any) -> None:
    """Show a value's name alone: no type for a flag or an argument, no brackets around choices."""
    if parameter.param_type_name == "argument":
        name = parameter.display_name_raw
        usage = name if parameter.required or name.startswith("[") else f"[{name}]"
        shown = ""
        parameter.get_usage_pieces = lambda _ctx: [usage]
    elif parameter.is_flag:
        shown = ""
    elif parameter.metavar is None and parameter.type_descriptor.is_choice:
        shown = parameter.display_type(None).strip("<>")
    else:
        shown = parameter.metavar or "N"
        if parameter.min is not None and parameter.max is not None:
            shown += f" ({parameter.min:,} to {parameter.max:,})"
    parameter.display_type_rich = lambda ctx: shown  # noqa: ARG005 - called by name
    setattr(parameter, RANGE, lambda: None)


def _unwrapped(text: str | None) -> str | None:
    """Join the lines of each paragraph, which wrap at the terminal's width; examples are left as they are."""
    if text is None:
        return None
    paragraphs = text.strip().split("\n\n")
    return "\n\n".join(each if each.startswith(" ") else " ".join(each.split("\n")) for each in paragraphs)
