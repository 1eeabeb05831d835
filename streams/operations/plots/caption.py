"""The words of a picture: title, subtitle and note."""

import textwrap
from dataclasses import dataclass, field

from matplotlib.figure import Figure

from streams.core.phrases import Names
from streams.core.times import format_time
from streams.operations.plots.history import PlottedHistory
from streams.operations.plots.theme import DPI, Theme

__all__ = ["CLAIMS", "LINE_IN", "Caption", "draw_note", "draw_title", "note_lines", "subtitle_lines"]

CLAIMS = "Each figure is the claim of the source named; none of them is verified here."
EDGE = 0.014
LINE_IN = 0.16
CHARACTER_PX = 6.9
TITLE_CHARACTER_PX = 12.5


@dataclass(frozen=True, slots=True)
class Caption:
    """The words around a picture; a title or subtitle of None is the episode's name or the kind of figures."""

    title: str | None = None
    subtitle: str | None = None
    note: str = CLAIMS
    names: Names = field(default_factory=Names)


def subtitle_lines(story: PlottedHistory, caption: Caption, left_out: list[str], width_px: int) -> list[str]:
    """Return the subtitle in lines: the kind of figures, the time until which reports count, what is not shown."""
    what = caption.subtitle or ("running counts by source" if story.lines else "ceasefires")
    until = f"{what}, as published until {format_time(story.last_us)[:16].replace('T', ' ')} UTC"
    return _wrapped("; ".join([until, *left_out]), width_px)


def draw_title(figure: Figure, title: str, subtitle: list[str], theme: Theme) -> None:
    """Write the title, smaller where it is long, and the lines below it."""
    width_in, height_in = figure.get_size_inches()
    size = min(13.0, 13.0 * width_in * DPI / (TITLE_CHARACTER_PX * max(1, len(title))))
    figure.text(EDGE, 1 - 0.1 / height_in, title, fontsize=size, fontweight="bold", va="top", parse_math=False)
    text = "\n".join(subtitle)
    figure.text(
        EDGE, 1 - 0.35 / height_in, text, fontsize=9, color=theme.faint, va="top", linespacing=1.25, parse_math=False
    )


def note_lines(caption: Caption, width_px: int) -> list[str]:
    """Return the note in lines that fit the width."""
    return _wrapped(caption.note, width_px)


def draw_note(figure: Figure, lines: list[str], theme: Theme) -> None:
    """Write the note at the foot."""
    height_in = figure.get_size_inches()[1]
    text = "\n".join(lines)
    figure.text(
        EDGE, 0.06 / height_in, text, fontsize=8, color=theme.faint, va="bottom", linespacing=1.25, parse_math=False
    )


def _wrapped(text: str, width_px: int) -> list[str]:
    return textwrap.wrap(text, int(width_px * (1 - 2 * EDGE) / CHARACTER_PX))
