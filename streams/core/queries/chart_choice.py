"""The choice of what a chart shows. Pure."""

from dataclasses import dataclass

__all__ = ["ChartChoice", "NothingToDraw"]


class NothingToDraw(ValueError):
    """A chart with no line and no ceasefire."""


@dataclass(frozen=True, slots=True)
class ChartChoice:
    """The choice of what a chart shows, and its look; empty sets show all."""

    form: str
    at_us: int | None = None
    outcomes: frozenset[str] = frozenset()
    parties: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    theme: str = "light"
    title: str | None = None
    width_px: int = 700
    scale: int = 2
