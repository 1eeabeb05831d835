"""The ceasefires of a timeline: a band of statuses each, with what was said of it above."""

from collections.abc import Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from streams.operations.plots.axis import day, days_a_pixel
from streams.operations.plots.history import Band, PlotMark, PlottedHistory, Span
from streams.operations.plots.theme import MARKS, STATUSES, THIN, Theme

__all__ = ["draw_bands", "short_name", "status_patches"]

BAR = 0.5
THIN_BAR = 0.14
CHARACTER_PX = 6.3
MARK_PX = 10


def draw_bands(ax: Axes, bands: Sequence[Band], story: PlottedHistory, theme: Theme) -> None:
    """Draw the bands into an axis of their own, the first on top."""
    several = len(bands) > 1
    ax.set_title("ceasefires" if several else "ceasefire", loc="left", fontsize=10, fontweight="bold", pad=5)
    ax.set_ylim(len(bands) - 0.35, -0.75)
    ax.set_yticks(range(len(bands)), [short_name(band.ceasefire) for band in bands] if several else [""])
    ax.spines["bottom"].set_visible(False)
    for row, band in enumerate(bands):
        for span in band.spans:
            _span(ax, row, span, story, theme)
        _marks(ax, row, band.marks, story, theme)


def _marks(ax: Axes, row: int, marks: Sequence[PlotMark], story: PlottedHistory, theme: Theme) -> None:
    """Draw marks side by side where they would cover each other."""
    free_from = float("-inf")
    for mark in marks:
        _, marker = MARKS[mark.what]
        face = theme.ground if marker == "o" else theme.ink
        place = max(day(mark.at_us), free_from)
        free_from = place + MARK_PX * days_a_pixel(ax, story)
        ax.plot(
            [place], [row - 0.5], marker=marker, markersize=6, color=theme.ink, markerfacecolor=face, linestyle="none",
            clip_on=False, zorder=5,
        )  # fmt: skip


def status_patches(bands: Sequence[Band], theme: Theme) -> list[Artist]:
    """Return the entries of the legend for the statuses and marks that the bands hold."""
    statuses = {span.status for band in bands for span in band.spans}
    marks = {mark.what for band in bands for mark in band.marks}
    entries: list[Artist] = []
    for status, (colour, hatch) in STATUSES.items():
        if status in statuses:
            entries.append(
                Patch(facecolor=theme.statuses[colour], hatch=hatch, label=f"ceasefire {status.replace('_', ' ')}")
            )
    for what, (words, marker) in MARKS.items():
        if what in marks:
            face = theme.ground if marker == "o" else theme.ink
            entries.append(
                Line2D(
                    [],
                    [],
                    linestyle="none",
                    marker=marker,
                    markersize=6,
                    color=theme.ink,
                    markerfacecolor=face,
                    label=words,
                )
            )
    return entries


def _span(ax: Axes, row: int, span: Span, story: PlottedHistory, theme: Theme) -> None:
    colour, hatch = STATUSES[span.status]
    start, end = day(span.start_us), day(span.end_us)
    height = THIN_BAR if span.status in THIN else BAR
    ax.barh(
        row, end - start, left=start, height=height, facecolor=theme.statuses[colour], hatch=hatch,
        edgecolor=theme.ground, linewidth=0, zorder=2,
    )  # fmt: skip
    # A line at the start keeps a status that held for a moment to be seen.
    ax.plot([start, start], [row - BAR / 2, row + BAR / 2], color=theme.ink, linewidth=1, zorder=3)
    words = span.status.replace("_", " ")
    if end - start > (len(words) * CHARACTER_PX + 6) * days_a_pixel(ax, story):
        ground = {"facecolor": theme.ground, "edgecolor": "none", "pad": 1.5} if span.status in THIN else None
        ax.text(
            (start + end) / 2, row, words, ha="center", va="center_baseline", fontsize=9, color=theme.ink, zorder=4,
            bbox=ground,
        )  # fmt: skip


def short_name(name: str, most: int = 14) -> str:
    """Return a ceasefire's name as it is shown beside its band."""
    return name if len(name) <= most else name[: most - 1] + "…"
