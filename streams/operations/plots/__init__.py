"""Pictures and tables of an episode's history: what was published when, by whom, made from its changes."""

from collections.abc import Iterable

from streams.core.log_record import Record
from streams.core.queries.chart_choice import ChartChoice
from streams.core.source_registry import Registry

__all__ = ["draw_chart_lazily"]


def draw_chart_lazily(
    episode: str, records: Iterable[Record], registry: Registry, horizon_us: int, choice: ChartChoice
) -> bytes:
    """Return `streams.operations.plots.chart.draw_chart`; matplotlib is loaded by the first call.

    Raises NothingToDraw, and ModuleNotFoundError without `truceline[plots]`.
    """
    from streams.operations.plots.chart import draw_chart  # noqa: PLC0415 - the extra `plots`, half a second

    return draw_chart(episode, records, registry, horizon_us, choice)
