"""The atlas: names of parties, episodes and places (contract section 8).

It moves no figure and no change: pages, plots, tables, feeds and the reader show names from it. A slug that
it does not know is shown as it is.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

__all__ = ["Atlas", "AtlasEpisode", "AtlasParty", "AtlasPlace", "name_in"]


@dataclass(frozen=True, slots=True)
class AtlasParty:
    """A party: its name, its names by language, other names by which texts call it, its time zone (IANA)."""

    name: str
    names: Mapping[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class AtlasEpisode:
    """An episode: its title, its parties, and the days from which to which it lasted (None: not over)."""

    title: str
    titles: Mapping[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    summary: str | None = None
    parties: tuple[str, ...] = ()
    first_day: date | None = None
    last_day: date | None = None
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class AtlasPlace:
    """A place: its name, coordinates in degrees (WGS 84), administrative code, and what it lies within."""

    name: str
    names: Mapping[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    lat: float | None = None
    lon: float | None = None
    pcode: str | None = None
    within: str | None = None


@dataclass(frozen=True, slots=True)
class Atlas:
    """Parties, episodes and places by slug."""

    parties: Mapping[str, AtlasParty] = field(default_factory=dict)
    episodes: Mapping[str, AtlasEpisode] = field(default_factory=dict)
    places: Mapping[str, AtlasPlace] = field(default_factory=dict)

    def party(self, slug: str, lang: str | None = None) -> str:
        """Return the name of a party, in a language where it has one; the slug for an unknown party."""
        known = self.parties.get(slug)
        return slug if known is None else name_in(known.name, known.names, lang)

    def episode(self, slug: str, lang: str | None = None) -> str:
        """Return the title of an episode, in a language where it has one; the slug for an unknown episode."""
        known = self.episodes.get(slug)
        return slug if known is None else name_in(known.title, known.titles, lang)

    def place(self, slug: str, lang: str | None = None) -> str:
        """Return the name of a place, in a language where it has one; the slug for an unknown place."""
        known = self.places.get(slug)
        return slug if known is None else name_in(known.name, known.names, lang)

    def as_record(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return it as JSON has it, with the field names of the file."""
        return {
            "parties": {slug: asdict(party) for slug, party in self.parties.items()},
            "episodes": {slug: _episode(episode) for slug, episode in self.episodes.items()},
            "places": {slug: asdict(place) for slug, place in self.places.items()},
        }


def _episode(episode: AtlasEpisode) -> dict[str, Any]:
    record = asdict(episode)
    first, last = record.pop("first_day"), record.pop("last_day")
    return record | {"from": first and first.isoformat(), "to": last and last.isoformat()}


def name_in(name: str, names: Mapping[str, str], lang: str | None) -> str:
    """Return the name in a language or in its primary one: `ar` serves `ar-PS`."""
    if lang is None:
        return name
    return names.get(lang) or names.get(lang.partition("-")[0]) or name
