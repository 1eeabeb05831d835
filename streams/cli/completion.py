"""Completion of episodes, counts and ceasefires, of the files and ledgers that the line names."""

from __future__ import annotations

import os
import shlex
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streams.core.log_record import Located

__all__ = ["complete_episode", "complete_subject"]

#: More than this is not read while somebody waits for a completion.
MAX_BYTES = 16 << 20
#: Variables in which shells hand over the whole line.
LINES = ("COMP_WORDS", "_TYPER_COMPLETE_ARGS")


def complete_episode(incomplete: str) -> list[tuple[str, str]]:
    """Return the episodes of the files or ledger on the line that begin so, with their titles in the atlas."""
    from streams.operations.replay.sharding import episode_of

    try:
        episodes = {episode_of(record.value) for record in _records(None)}
    except Exception:  # noqa: BLE001 - a completion never fails, it offers nothing
        return []
    found = sorted(episode for episode in episodes if episode is not None and episode.startswith(incomplete))
    titles = _titles()
    return [(episode, titles.get(episode, "")) for episode in found]


def complete_subject(ctx: Any, incomplete: str) -> list[str]:
    """Return the counts and ceasefires of the line's episode that begin so."""
    from streams.cli.render.explanation import cell_name
    from streams.core.queries.subjects import explanations, replay_history
    from streams.core.source_registry import Registry
    from streams.core.times import DEFAULT_HORIZON_US

    episode = ctx.params.get("episode")
    try:
        found = replay_history(episode, _records(episode), Registry(), horizon_us=DEFAULT_HORIZON_US)
        subjects = explanations(found.history, None)
    except Exception:  # noqa: BLE001 - as above
        return []
    names = [cell_name(cell) for cell in subjects["cells"]]
    names += [
        view["ceasefire"] if view["view"] == "joint" else f"{view['ceasefire']}/{view['view']}"
        for view in subjects["ceasefires"]
    ]
    return sorted(name for name in names if name.startswith(incomplete))


def _records(episode: str | None) -> Iterator[Located]:
    from streams.files.jsonl import Lines, records_of
    from streams.stores.sqlite.database import DATABASE

    words = [Path(word) for word in _words()]
    files = [word for word in words if word.is_file()]
    if files and sum(file.stat().st_size for file in files) <= MAX_BYTES:
        yield from records_of(Lines(files))
    for ledger in (word / DATABASE for word in words):
        if ledger.is_file() and ledger.stat().st_size <= MAX_BYTES:
            yield from _of_ledger(ledger, episode)


def _of_ledger(path: Path, episode: str | None) -> Iterator[Located]:
    from contextlib import closing

    from streams.core.log_record import Located
    from streams.stores.sqlite.reader import Reader

    with closing(Reader(path)) as reader:
        after = -1
        while reports := reader.log(after, episode=episode):
            after = reports[-1].offset
            for report in reports:
                yield Located(report.value, report.time_us, {})


def _titles() -> dict[str, str]:
    """Return the titles of the atlas that the line or TRUCELINE_ATLAS names; none if it cannot be read."""
    from streams.files.atlas import read_atlas

    words = _words()
    named = next((after for word, after in pairwise(words) if word == "--atlas"), os.environ.get("TRUCELINE_ATLAS"))
    if not named:
        return {}
    try:
        return {slug: episode.title for slug, episode in read_atlas(named).episodes.items()}
    except (OSError, ValueError):
        return {}


def _words() -> list[str]:
    line = next((found for name in LINES if (found := os.environ.get(name))), "")
    try:
        return shlex.split(line)[1:]
    except ValueError:  # a quote that is still open
        return line.split()[1:]
