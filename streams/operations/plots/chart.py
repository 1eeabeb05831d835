"""A chart of an episode from its log, with a choice of what it shows (contract section 12)."""

from collections.abc import Iterable

from streams.core.log_record import Located, Record
from streams.core.queries.as_of import changes_of
from streams.core.queries.chart_choice import ChartChoice, NothingToDraw
from streams.core.source_registry import Registry
from streams.operations.plots.caption import Caption
from streams.operations.plots.history import story_of
from streams.operations.plots.output import picture

__all__ = ["draw_chart"]


def draw_chart(
    episode: str, records: Iterable[Record | Located], registry: Registry, horizon_us: int, choice: ChartChoice
) -> bytes:
    """Return the chart of an episode's records; the same records and choice give the same bytes.

    Raises NothingToDraw for an outcome, party or source without figures, and where no change is left.
    """
    changes = changes_of(episode, records, registry, horizon_us=horizon_us, at_us=choice.at_us, timed=True)
    story = story_of(changes, episode, until_us=choice.at_us)
    try:
        story.keep("outcome", sorted(choice.outcomes))
        story.keep("party", sorted(choice.parties))
        story.keep("source", sorted(choice.sources))
    except LookupError as error:
        raise NothingToDraw(str(error.args[0])) from None
    if not story.lines and not story.bands:
        raise NothingToDraw(f"nothing of {episode} was published until then")
    look = {"width_px": choice.width_px, "scale": choice.scale}
    return picture(story, choice.form, theme=choice.theme, caption=Caption(choice.title), **look)
