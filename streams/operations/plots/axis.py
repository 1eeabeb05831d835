"""Times and pixels of the common time axis: matplotlib counts days from 1970."""

from collections.abc import Sequence

from matplotlib import dates as mdates
from matplotlib.axes import Axes

from streams.core.times import DAY_US
from streams.operations.plots.history import PlottedHistory
from streams.operations.plots.theme import DPI

__all__ = ["TimeLabels", "day", "days_a_pixel", "size_px"]


class TimeLabels(mdates.ConciseDateFormatter):
    """Labels of the time axis: a tick says its day or month, and the first tick of each year its year."""

    def __init__(self, locator: mdates.AutoDateLocator) -> None:
        """Label the ticks of a locator, by their step: from years to fractions of a second."""
        super().__init__(  # type: ignore[no-untyped-call]
            locator,
            formats=["%Y", "%b", "%-d %b", "%H:%M", "%H:%M", "%S.%f"],
            zero_formats=["", "%b", "%-d %b", "%-d %b", "%H:%M", "%H:%M"],
            show_offset=False,
        )

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Return the label of each tick."""
        labels: list[str] = super().format_ticks(values)  # type: ignore[no-untyped-call]
        years = [str(mdates.num2date(value).year) for value in values]  # type: ignore[no-untyped-call]
        before = [None, *years]
        return [
            label if year in (last, label) else f"{label}\n{year}"
            for label, year, last in zip(labels, years, before, strict=False)
        ]


def day(us: int) -> float:
    """Return microseconds as days, the unit of the axis."""
    return us / DAY_US


def size_px(ax: Axes) -> tuple[float, float]:
    """Return how wide and high a panel is."""
    figure = ax.get_figure(root=True)
    assert figure is not None  # noqa: S101 - a panel is on a figure
    width_in, height_in = figure.get_size_inches()
    place = ax.get_position()
    return float(place.width * width_in * DPI), float(place.height * height_in * DPI)


def days_a_pixel(ax: Axes, story: PlottedHistory) -> float:
    """Return how many days one pixel of the axis spans."""
    return day(max(1, story.last_us - story.first_us)) * 31 / 30 / size_px(ax)[0]
