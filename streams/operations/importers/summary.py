"""Summary of an import: rows taken, changed and left out with the reasons, and the horizon of a replay."""

from collections import Counter
from collections.abc import Iterator, Sequence

from schemas.reports import ReportShape
from streams.core.times import DAY_US, DEFAULT_HORIZON_US
from streams.operations.importers.base import ImportOptions, ImportTally


def summary_lines(
    kind: str, reports: Sequence[ReportShape], tally: ImportTally, options: ImportOptions | None = None
) -> Iterator[str]:
    """Yield the lines of the summary."""
    for note in options.notes if options is not None else ():
        yield _plain(note)
    yield (
        f"{kind}: {_count(tally.rows.total(), 'row')} of {', '.join(tally.rows) or 'no file'}:"
        f" {tally.taken:,} taken ({tally.changed_rows:,} of them changed), {tally.left_out.total():,} left out"
    )
    yield from _reasons("changed", tally.changed)
    yield from _reasons("left out", tally.left_out)
    for place in tally.places:
        yield f"  {_plain(place)}"
    if tally.faults > len(tally.places):
        yield f"  and {tally.faults - len(tally.places):,} more rows that could not be read"
    yield from _reasons("lost from rows taken", tally.lost)
    for place in tally.lost_places:
        yield f"  {_plain(place)}"
    if tally.lost.total() > len(tally.lost_places):
        yield f"  and {tally.lost.total() - len(tally.lost_places):,} more: --rejected FILE saves them all"
    yield from _reasons("columns that reports cannot hold", tally.unplaced)
    for warning in options.warnings if options is not None else ():
        yield f"warning: {_plain(warning)}"
    if reports:
        yield from _about(reports, tally)


def _about(reports: Sequence[ReportShape], tally: ImportTally) -> Iterator[str]:
    episodes = sorted({report["episode"] for report in reports})
    names = ", ".join(episodes[:5]) + (f" and {len(episodes) - 5} more" if len(episodes) > 5 else "")
    ids = len({(report["episode"], report["report_id"]) for report in reports})
    first, last = reports[0]["published_at"][:10], reports[-1]["published_at"][:10]
    yield f"{_count(len(reports), 'report')} of {_count(ids, 'id')}, published {first} to {last}, in {names}"
    days = tally.horizon.days
    late = f"the latest arrives {_count(days, 'day')} late"
    if tally.needs_longer_horizon:
        yield f"{late}: replay and serve them with --horizon P{days}D"
    else:
        yield f"{late}, within the default horizon (P{DEFAULT_HORIZON_US // DAY_US}D)"


def _reasons(heading: str, counts: Counter[str]) -> Iterator[str]:
    if counts:
        yield f"{heading}:"
    for reason, count in counts.most_common():
        yield f"{count:8,}  {_plain(reason)}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _plain(text: str) -> str:
    """Return a text of a file without characters that a terminal would obey."""
    return "".join(character if character.isprintable() else "�" for character in text)
