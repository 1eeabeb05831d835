"""Standard output for people."""

from rich.console import Console

__all__ = ["Printed"]


class Printed(Console):
    """Standard output for people; a closed reader is a BrokenPipeError, as for any other output."""

    def on_broken_pipe(self) -> None:
        """Raise BrokenPipeError."""
        raise BrokenPipeError
