"""Contexts of gold texts: a source registry and an atlas, and their problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

import yaml

from tests.reading.gold_terms import SLUG, SOURCE_KINDS

Table = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Context:
    """Sources, parties, episodes and places that the texts of one conflict share."""

    sources: Table
    parties: Table
    episodes: Table
    places: Table

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the context kept in a folder; raise OSError or KeyError if a part is absent."""
        sources, atlas = (yaml.safe_load((folder / f"{name}.yaml").read_text("utf-8")) for name in ("sources", "atlas"))
        return cls(sources, atlas["parties"], atlas["episodes"], atlas["places"])


def names(entry: dict[str, Any]) -> list[str]:
    """Return the name and the other names of an entry."""
    return [entry["name"], *entry.get("also", [])]


def registry_problems(context: Context) -> Iterator[str]:
    """Kinds and affiliations of the sources, and names that two sources share."""
    for slug, source in context.sources.items():
        if source["kind"] not in SOURCE_KINDS:
            yield f"source {slug}: kind {source['kind']}"
        if source.get("affiliation") not in {None, *context.parties}:
            yield f"source {slug}: affiliation {source['affiliation']} is no party"
    counted = Counter(name for source in context.sources.values() for name in names(source))
    yield from (f"{n} sources are named {name}" for name, n in counted.items() if n > 1)


def atlas_problems(context: Context) -> Iterator[str]:
    """Zones, parties and times of the episodes, and territories of the places."""
    for slug, party in context.parties.items():
        if "zone" in party:
            ZoneInfo(party["zone"])
        if not names(party)[0]:
            yield f"party {slug}: no name"
    for slug, episode in context.episodes.items():
        ZoneInfo(episode["zone"])
        yield from (f"episode {slug}: {party} is no party" for party in set(episode["parties"]) - set(context.parties))
        first, last = episode["from"], episode["to"]
        if not (isinstance(first, date) and isinstance(last, date) and first <= last):
            yield f"episode {slug}: from {first} to {last}"
    for slug, place in context.places.items():
        if place.get("within") not in {None, *context.parties}:
            yield f"place {slug}: within {place['within']} is no party"
        if not (-90 <= place["lat"] <= 90 and -180 <= place["lon"] <= 180):
            yield f"place {slug}: {place['lat']}, {place['lon']}"


def context_problems(context: Context) -> list[str]:
    """Return the problems of a context."""
    slugs = [*context.sources, *context.parties, *context.episodes, *context.places]
    found = [f"not a slug: {slug!r}" for slug in slugs if not SLUG.fullmatch(slug)]
    return [*found, *registry_problems(context), *atlas_problems(context)]
