"""Standard output for people."""

from rich.console import Console

__all__ = ["Printed"]


class Printed(Console):
    """Standard output for people. A reader of it that has gone is an error as for any other output, not rich's exit."""

    def on_broken_pipe(self) -> None:
        """Raise BrokenPipeError."""
        raise BrokenPipeError
