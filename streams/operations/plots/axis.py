"""Times and pixels of the common time axis: matplotlib counts days from 1970."""

from matplotlib.axes import Axes

from streams.core.times import DAY_US
from streams.operations.plots.history import PlottedHistory
from streams.operations.plots.theme import DPI

__all__ = ["day", "days_a_pixel", "size_px"]


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
