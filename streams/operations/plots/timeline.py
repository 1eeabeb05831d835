"""The timeline of an episode: a panel of step lines for each outcome and population, the ceasefires below."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib import dates as mdates
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from streams.core.phrases import POPULATIONS, Names, compact
from streams.operations.plots.axis import TimeLabels, day, size_px
from streams.operations.plots.caption import LINE_IN, Caption, draw_note, draw_title, note_lines, subtitle_lines
from streams.operations.plots.ceasefire_bands import draw_bands, short_name, status_patches
from streams.operations.plots.history import Band, PanelKey, PlottedHistory, PlottedLine, Point
from streams.operations.plots.silence import SILENT_US, silences, stretches
from streams.operations.plots.theme import DASHES, DPI, THEMES, Theme

__all__ = ["draw", "style"]

FIRST_PANEL_IN = 2.5
PANEL_IN = 1.75
# A panel of a few figures needs little room.
LOW_PANEL_IN = 1.05
LOW_UP_TO = 6
BAND_IN = 0.42
BETWEEN_IN = 0.42
# Without the lines of the subtitle.
HEAD_IN = 0.69
TIME_AXIS_IN = 0.5
LEGEND_ROW_IN = 0.213
MAX_PANELS = 6
MAX_BANDS = 12
# Lines with a look of their own: of a party, and in a panel. The rest is thin and grey.
MAX_SOURCES = len(DASHES)
MAX_LINES = 8
DOTS_UP_TO = 40
LABEL_GAP_PX = 13
CHARACTER_PX = 7.4

Panels = Sequence[tuple[PanelKey, list[PlottedLine]]]


@dataclass(frozen=True, slots=True)
class PlotStyle:
    """The styles of the lines of a history: `looks` has the colour and dashes of each that is not grey."""

    theme: Theme
    looks: dict[tuple[str, str], tuple[str, Any]]

    def of(self, line: PlottedLine) -> tuple[str, Any]:
        """Return a line's colour and dashes."""
        return self.looks.get(line.key[:2], (self.theme.faint, "solid"))

    def shown(self, lines: list[PlottedLine]) -> list[PlottedLine]:
        """Return the lines of a panel that have a look of their own: those with the greatest figures."""
        own = [line for line in lines if line.key[:2] in self.looks]
        return sorted(own, key=lambda line: -line.greatest)[:MAX_LINES]


def draw(story: PlottedHistory, *, width_px: int = 700, theme: str = "light", caption: Caption | None = None) -> Figure:
    """Return the picture of a story, `width_px` wide at 100 dots an inch; as high as it needs to be.

    Shown are the first six panels, in each the eight lines with the greatest figures (the rest thin and grey), and
    the last twelve ceasefires; what is not shown is said below the title.
    """
    caption = caption or Caption()
    note, subtitle = note_lines(caption, width_px), subtitle_lines(story, caption, _left_out(story), width_px)
    look = _look(story, THEMES[theme])
    panels = list(story.panels().items())[:MAX_PANELS]
    bands = sorted(story.bands, key=lambda band: band.first_us)[-MAX_BANDS:]
    with mpl.rc_context(style(look.theme)):
        columns = max(1, width_px // 330)
        letters = int((width_px / columns - 66) / CHARACTER_PX)
        entries = [
            *_line_entries(panels, look, letters, caption.names),
            *_gap_entries(story, look.theme),
            *status_patches(bands, look.theme),
        ]
        heights = [_height_in(lines, first=at == 0) for at, (_, lines) in enumerate(panels)]
        heights += [BETWEEN_IN + BAND_IN * len(bands)] if bands else []
        legend_in = 0.25 + LEGEND_ROW_IN * -(-len(entries) // columns) + LINE_IN * len(note)
        margins = _Margins(_left_px(panels, bands), _right_px(panels), HEAD_IN + LINE_IN * len(subtitle), legend_in)
        figure, axes = _axes(heights or [PANEL_IN], margins, width_px)
        title = caption.title or caption.names.episode(story.episode)
        draw_title(figure, title, subtitle, look.theme)
        draw_note(figure, note, look.theme)
        _time_axis(axes, story)
        for ax, (key, lines) in zip(axes, panels, strict=False):
            _panel(ax, _heading(key), lines, story, look)
        if bands:
            draw_bands(axes[-1], bands, story, look.theme)
        foot = 0.01 + LINE_IN * len(note) / figure.get_size_inches()[1]
        figure.legend(
            handles=entries, loc="lower left", ncols=columns, bbox_to_anchor=(10 / width_px, foot), frameon=False,
            fontsize=9, handlelength=2.6, columnspacing=1.4, labelcolor=look.theme.ink, borderaxespad=0,
        )  # fmt: skip
    return figure


@dataclass(frozen=True, slots=True)
class _Margins:
    """The room around the panels."""

    left_px: int
    right_px: int
    head_in: float
    legend_in: float


def _axes(heights: list[float], margins: _Margins, width_px: int) -> tuple[Figure, list[Axes]]:
    foot_in = margins.legend_in + TIME_AXIS_IN
    height_in = margins.head_in + sum(heights) + BETWEEN_IN * (len(heights) - 1) + foot_in
    figure = Figure(figsize=(width_px / DPI, height_in), dpi=DPI)
    grid = figure.subplots(len(heights), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights})
    figure.subplots_adjust(
        left=margins.left_px / width_px,
        right=1 - margins.right_px / width_px,
        top=1 - margins.head_in / height_in,
        bottom=foot_in / height_in,
        hspace=BETWEEN_IN * len(heights) / sum(heights),
    )
    return figure, list(grid[:, 0])


def _heading(key: PanelKey) -> str:
    """Return the heading of a panel: the outcome, of whom, and what the figures cover."""
    whom = key.group.replace("_", " ") or POPULATIONS[key.population]
    return ", ".join(part for part in (key.outcome.replace("_", " "), whom, key.scope) if part)


def _left_px(panels: Panels, bands: Sequence[Band]) -> int:
    """Return the room that the scales and the names of ceasefires take."""
    figures = [len(f"{max(_tops(lines), default=0):,}") for _, lines in panels]
    names = [len(short_name(band.ceasefire)) for band in bands] if len(bands) > 1 else []
    return 18 + 8 * max([4, *figures, *names])


def _right_px(panels: Panels) -> int:
    """Return the room that the last figures take, where need be with how many lines end there."""
    several = 3 * any(len({line.last.best for line in lines}) < len(lines) for _, lines in panels)
    return 18 + 8 * max([4, *(len(_figure(line.last)) + several for _, lines in panels for line in lines)])


def _height_in(lines: list[PlottedLine], *, first: bool) -> float:
    if first:
        return FIRST_PANEL_IN
    return PANEL_IN if sum(len(line.points) for line in lines) > LOW_UP_TO else LOW_PANEL_IN


def _look(story: PlottedHistory, theme: Theme) -> PlotStyle:
    """Colour is the party and dashes its sources; with one party alone, colour is the source as well."""
    lines: dict[tuple[str, str], list[PlottedLine]] = {}
    for line in story.lines:
        lines.setdefault(line.key[:2], []).append(line)
    parties = sorted({party for _, party in lines})
    looks: dict[tuple[str, str], tuple[str, Any]] = {}
    for at, party in enumerate(parties):
        own = [name for name in lines if name[1] == party]
        own = sorted(own, key=lambda name: -max(line.greatest for line in lines[name]))[:MAX_SOURCES]
        # The plainest look to the source that spoke most.
        for rank, name in enumerate(sorted(own, key=lambda name: -sum(len(line.points) for line in lines[name]))):
            colour = theme.lines[(at if len(parties) > 1 else rank) % len(theme.lines)]
            looks[name] = colour, DASHES[rank]
    return PlotStyle(theme, looks)


def style(theme: Theme) -> Any:
    """Return matplotlib's settings for a picture; they hold while it is drawn and while it is saved."""
    return {
        "font.family": "sans-serif",
        # Verdana has the same widths, for readers of an SVG who do not have the first.
        "font.sans-serif": ["DejaVu Sans", "Verdana"],
        # Text stays text: it can be searched, copied and edited.
        "svg.fonttype": "none",
        "font.size": 10,
        "figure.facecolor": theme.ground,
        "savefig.facecolor": theme.ground,
        "axes.facecolor": theme.ground,
        "axes.edgecolor": theme.grid,
        "axes.labelcolor": theme.ink,
        "text.color": theme.ink,
        "xtick.color": theme.faint,
        "ytick.color": theme.faint,
        "hatch.color": theme.ground,
        "hatch.linewidth": 1.6,
        # The same story gives the same bytes.
        "svg.hashsalt": f"truceline-{theme.name}",
    }


def _left_out(story: PlottedHistory) -> list[str]:
    """Return in words what the picture has no room for."""
    panels, bands = len(story.panels()) - MAX_PANELS, len(story.bands) - MAX_BANDS
    outcomes = [f"{panels} more outcomes not shown"] if panels > 0 else []
    return outcomes + ([f"{bands} earlier ceasefires not shown"] if bands > 0 else [])


def _time_axis(axes: Sequence[Axes], story: PlottedHistory) -> None:
    span_us = max(story.last_us - story.first_us, 3_600_000_000)
    for ax in axes:
        ax.set_xlim(day(story.first_us - span_us // 60), day(story.last_us + span_us // 60))
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.tick_params(length=0, labelsize=9)
        ax.tick_params(axis="x", pad=8)
    locator = mdates.AutoDateLocator(minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
    axes[-1].xaxis.set_major_locator(locator)
    axes[-1].xaxis.set_major_formatter(TimeLabels(locator))


def _panel(ax: Axes, title: str, lines: list[PlottedLine], story: PlottedHistory, look: PlotStyle) -> None:
    ax.set_title(title, loc="left", fontsize=10, fontweight="bold", pad=5)
    ax.yaxis.set_major_locator(
        MaxNLocator(nbins=5 if ax.get_position().height > 0.15 else 3, integer=True, min_n_ticks=2)
    )
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    ax.grid(axis="y", color=look.theme.grid, linewidth=0.8)
    ax.set_axisbelow(True)
    shown = look.shown(lines)
    for line in lines:
        _step(ax, line, story, look, thin=line not in shown)
    ax.set_ylim(bottom=0, top=(max(_tops(lines), default=0) or 1) * 1.08)
    ended = [line for line in shown if story.last_us - line.last.at_us > SILENT_US]
    for line in ended:
        _label_at_end(ax, line, look)
    _end_labels(ax, [line for line in shown if line.last.best is not None and line not in ended], look)


def _tops(lines: list[PlottedLine]) -> list[int]:
    return [point.high or point.best or 0 for line in lines for point in line.points]


def _step(ax: Axes, line: PlottedLine, story: PlottedHistory, look: PlotStyle, *, thin: bool) -> None:
    colour, dashes = (look.theme.faint, "solid") if thin else look.of(line)
    for run, end_us in stretches(line, story.last_us):
        times = [day(point.at_us) for point in run] + [day(end_us)]
        bests = [point.best or 0 for point in run]
        ax.step(
            times, [*bests, bests[-1]], where="post", color=colour, linestyle=dashes, linewidth=0.6 if thin else 1.8,
            alpha=0.5 if thin else 1, zorder=1 if thin else 3,
        )  # fmt: skip
        if not thin:
            _range(ax, times, run, colour)
    for start, end_us in silences(line, story.last_us):
        # A mark where the source fell silent; dots only lead to a figure that it gave later.
        last, until = day(start.at_us), day(end_us if start is not line.last else start.at_us)
        best = start.best or 0
        ax.plot([last, until], [best, best], color=colour, linestyle=":", linewidth=0.9, alpha=0.6, zorder=1)
        ax.plot([last], [best], marker="|", markersize=9, color=colour, zorder=4)
    if not thin:
        _points(ax, line, colour, look.theme)


def _range(ax: Axes, times: list[float], run: list[Point], colour: str) -> None:
    """Draw the bounds where both are known and apart."""
    low = [point.low if point.low is not None and point.high is not None else point.best or 0 for point in run]
    high = [point.high if point.low is not None and point.high is not None else point.best or 0 for point in run]
    if low != high:
        ax.fill_between(
            times, [*low, low[-1]], [*high, high[-1]], step="post", color=colour, alpha=0.22,
            linewidth=0, zorder=2,
        )  # fmt: skip


def _points(ax: Axes, line: PlottedLine, colour: str, theme: Theme) -> None:
    few = len(line.points) <= DOTS_UP_TO
    for at, point in enumerate(line.points):
        place = day(point.at_us)
        if point.best is None:
            before = line.points[at - 1].best or 0 if at else 0
            ax.plot(
                [place],
                [before],
                marker="o",
                markersize=6,
                markerfacecolor=theme.ground,
                color=colour,
                zorder=5,
                clip_on=False,
            )
        elif point.is_down:
            ax.plot(
                [place], [point.best], marker="v", markersize=7, color=colour, markeredgecolor=theme.ink,
                markeredgewidth=0.8, zorder=5, clip_on=False,
            )  # fmt: skip
        elif few:
            ax.plot([place], [point.best], marker="o", markersize=3.4, color=colour, zorder=4)


def _label_at_end(ax: Axes, line: PlottedLine, look: PlotStyle) -> None:
    """Write the last figure of a source that fell silent beside its mark."""
    if line.last.best is not None:
        ax.annotate(
            _figure(line.last), (day(line.last.at_us), line.last.best), xytext=(6, 0), textcoords="offset points",
            va="center", fontsize=9.5, color=look.of(line)[0],
        )  # fmt: skip


def _end_labels(ax: Axes, lines: list[PlottedLine], look: PlotStyle) -> None:
    """Write each line's last figure beside its end, the labels spread so that none covers another."""
    top = ax.get_ylim()[1]
    height_px = size_px(ax)[1]
    gap = top * LABEL_GAP_PX / height_px
    texts: dict[tuple[int, str], str] = {}
    lying = Counter((line.last.best or 0, look.of(line)[0]) for line in lines)
    for line in lines:
        place_of = line.last.best or 0, look.of(line)[0]
        # Lines that end on each other look like one.
        texts[place_of] = _figure(line.last) + (f" ×{lying[place_of]}" if lying[place_of] > 1 else "")
    place = float("-inf")
    spread = []
    for (best, colour), text in sorted(texts.items()):
        place = max(best, place + gap)
        spread.append((place, colour, text))
    over = max(0.0, place - top)
    for y, colour, text in spread:
        ax.annotate(
            text, (1, y - over), xycoords=("axes fraction", "data"), xytext=(6, 0), textcoords="offset points",
            va="center", fontsize=9.5, color=colour, annotation_clip=False,
        )  # fmt: skip


def _figure(point: Point) -> str:
    """Return a last figure without its range, which the band shows."""
    if point.best is None:
        return compact(None)
    known = None not in (point.low, point.high)
    low, high = (point.best, point.best) if known else (point.low, point.high)
    return compact({"best": point.best, "low": low, "high": high})


def _line_entries(panels: Panels, look: PlotStyle, letters: int, names: Names) -> list[Artist]:
    shown = [line for _, lines in panels for line in look.shown(lines)]
    entries: list[Artist] = []
    for source, party in sorted({line.key[:2] for line in shown}, key=lambda name: (name[1], name[0])):
        colour, dashes = look.looks[source, party]
        label = f"{names.party(party)}, by {names.source(source)}"
        label = label if len(label) <= letters else label[: letters - 1] + "…"
        entries.append(Line2D([], [], color=colour, linestyle=dashes, linewidth=1.8, label=label))
    others = sum(len(lines) for _, lines in panels) - len(shown)
    if others:
        words = f"{others} more lines, of smaller figures"
        entries.append(Line2D([], [], color=look.theme.faint, alpha=0.5, linewidth=0.6, label=words))
    return entries + _mark_entries([line for _, lines in panels for line in lines], look.theme)


def _gap_entries(story: PlottedHistory, theme: Theme) -> list[Artist]:
    if not any(silences(line, story.last_us) for line in story.lines):
        return []
    words = "no figure for over 30 days"
    return [Line2D([], [], color=theme.faint, linestyle=":", marker="|", markersize=9, linewidth=0.9, label=words)]


def _mark_entries(lines: list[PlottedLine], theme: Theme) -> list[Artist]:
    points = [point for line in lines for point in line.points]
    entries: list[Artist] = []
    if any(point.is_down for point in points):
        words = "corrected downwards"
        entries.append(Line2D([], [], linestyle="none", marker="v", markersize=7, color=theme.faint, label=words))
    if any(point.best is None for point in points):
        entries.append(
            Line2D(
                [], [], linestyle="none", marker="o", markersize=6, color=theme.faint, markerfacecolor=theme.ground,
                label="withdrawn",
            )
        )  # fmt: skip
    if any(point.low != point.high and None not in (point.low, point.high) for point in points):
        entries.append(Patch(facecolor=theme.faint, alpha=0.3, label="range, low to high"))
    return entries
