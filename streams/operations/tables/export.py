"""Tables as files: DIR/episodes.FORMAT and DIR/episodes/EPISODE/TABLE.FORMAT."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from schemas.tables import EPISODE_TABLES, TABLES, formats_of
from streams.core.atlas import Atlas
from streams.core.log_record import Located, Record
from streams.core.parse import Refusal
from streams.core.queries.as_of import changes_of, known_at
from streams.core.source_registry import Registry
from streams.core.wire import read_record
from streams.files.atomic_output import output
from streams.tables import Links, episode_row, write
from streams.tables.query import EpisodeData, RowFilter, table_rows

__all__ = ["TableFile", "episode_data", "episodes_of", "write_tables"]

Records = Iterable[Record | Located]


class TableFile(NamedTuple):
    """A file that was written, and how many rows it has."""

    path: Path
    rows: int


def episodes_of(records: Records) -> list[str]:
    """Return the episodes that records name, sorted; a record that is refused names none."""
    names: set[str] = set()
    for record in records:
        try:
            names.add(read_record(Record(record.value, record.timestamp_us)).episode)
        except Refusal:
            continue
    return sorted(names)


def episode_data(
    episode: str,
    records: Callable[[], Records],
    registry: Registry,
    *,
    horizon_us: int,
    atlas: Atlas,
    links: Links,
) -> EpisodeData:
    """Return an episode's data from its log. Raises NoSuchEpisode."""
    picture = known_at(episode, records(), registry, horizon_us=horizon_us)

    def changes() -> Iterator[tuple[str, dict[str, object]]]:
        return changes_of(episode, records(), registry, horizon_us=horizon_us)

    return EpisodeData(episode, picture, records, changes, registry, horizon_us, atlas, links)


def write_tables(folder: Path, episodes: Iterable[EpisodeData], formats: Sequence[str]) -> Iterator[TableFile]:
    """Write every table of some episodes in some formats; yield each file as it is there, whole.

    Raises OSError, and MissingLibrary or TableTooLong as `streams.tables.write`.
    """
    rows = []
    for data in episodes:
        target = folder / "episodes" / data.name
        target.mkdir(parents=True, exist_ok=True)
        for table in EPISODE_TABLES:
            for name in formats:
                if name in formats_of(table):
                    yield _write(target / f"{table}.{name}", table, table_rows(data, table, RowFilter()), name)
        title = data.atlas.episode(data.name)
        rows.append(episode_row({**data.picture, "episode": data.name}, title, data.links))
    for name in formats:
        if name in formats_of("episodes"):
            yield _write(folder / f"episodes.{name}", "episodes", iter(rows), name)


def _write(path: Path, table: str, rows: Iterator[dict[str, object]], name: str) -> TableFile:
    with output(str(path)) as file:
        return TableFile(path, write(TABLES[table], rows, name, file))
