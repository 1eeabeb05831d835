"""The reader's input besides the document: parties, places, episodes and sources by their names."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from streams.reading.lexicon import Phrases, lexicon
from streams.reading.tokens import Token, tokens_of, words_of

#: Text that only explains a name: "Nasser Hospital, Khan Younis", "The Quad (United States, …)".
_BRACKET: Final = re.compile(r"[,(]")
_SMALL: Final = words_of("of the and for in to at on a an")


@dataclass(frozen=True, slots=True)
class Entity:
    """The meanings of a name: a party, a source, a place, or several of them ("Baku")."""

    party: str | None = None
    source: str | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """An entry of the source registry."""

    slug: str
    name: str
    kind: str
    affiliation: str | None
    also: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Episode:
    """An entry of the atlas: who fights, from when to when."""

    slug: str
    parties: tuple[str, ...]
    begins: date | None
    ends: date | None
    zone: str | None


@dataclass(frozen=True, slots=True)
class Names:
    """Names by their first word, longest first; a name in capitals is matched in capitals."""

    by_first: Mapping[str, tuple[tuple[tuple[str, ...], str, Entity], ...]]

    def at(self, tokens: list[Token], index: int, last: int, *, proper: bool = False) -> tuple[int, Entity] | None:
        """Return where the longest name that begins at a token ends, and what it means; proper: no common words."""
        for words, shape, entity in self.by_first.get(tokens[index].low, ()):
            end = index + len(words)
            if end <= last and all(tokens[index + n].low == word for n, word in enumerate(words)):
                text = tokens[index].text
                if (
                    shape == "caseless"
                    or (shape == "capital" and len(words) > 2)
                    or (shape == "any" and not proper)
                    or (shape == "capital" and text[0].isupper())
                    or (shape == "caps" and text[:2].isupper())
                ):
                    return end, entity
        return None


@dataclass(frozen=True, slots=True)
class Context:
    """The atlas and the source registry, indexed for reading."""

    parties: Mapping[str, str | None]  # slug → zone
    places: Mapping[str, str | None]  # slug → the party that it is within
    episodes: tuple[Episode, ...]
    sources: Mapping[str, Source]
    names: Names
    narrowed: Mapping[str, Names]  # episode → the names that hold in it
    institutions: Mapping[tuple[str, str], str]  # (owner: party, place or word of the name; institution) → source
    of_institution: Mapping[str, tuple[str, ...]]  # institution → sources

    def within(self, episode: Episode) -> "Context":
        """Return the context for an episode: common words ("the army") name its own parties alone."""
        return replace(self, names=self.narrowed.get(episode.slug, self.names))

    def affiliation(self, source: str) -> str | None:
        """Return the party that a source speaks for: by the registry, else by its slug."""
        if source in self.sources:
            return self.sources[source].affiliation
        for party in self.parties:
            if source == party or source.startswith(party + "-"):
                return party
        return None

    def kind(self, source: str) -> str | None:
        """Return a source's kind in the registry."""
        return self.sources[source].kind if source in self.sources else None

    @classmethod
    def of(cls, atlas: Mapping[str, Any] | None, sources: Mapping[str, Any] | None) -> "Context":
        """Return the context of an atlas and a source registry as their YAML files have them."""
        atlas, sources = atlas or {}, sources or {}
        parties, places = atlas.get("parties") or {}, atlas.get("places") or {}
        registry = {slug: _source(slug, fields or {}) for slug, fields in sources.items()}
        index: dict[str, dict[str, str]] = {}
        for role, table in (("party", parties), ("place", places), ("source", sources)):
            for slug, fields in table.items():
                for name in _names_of(fields or {}):
                    index.setdefault(name, {}).setdefault(role, slug)
        episodes = tuple(_episode(slug, fields or {}) for slug, fields in (atlas.get("episodes") or {}).items())
        zones = {slug: (fields or {}).get("zone") for slug, fields in parties.items()}
        names = _index((name, Entity(**roles)) for name, roles in index.items())
        owned, of_institution = _institutions(registry, names)
        return cls(
            parties=MappingProxyType(zones),
            places=MappingProxyType({slug: (fields or {}).get("within") for slug, fields in places.items()}),
            episodes=episodes,
            sources=MappingProxyType(registry),
            names=names,
            narrowed=MappingProxyType({episode.slug: _narrow(names, episode) for episode in episodes}),
            institutions=MappingProxyType(owned),
            of_institution=MappingProxyType(of_institution),
        )


def _narrow(names: Names, episode: Episode) -> Names:
    """Return the names without common words for parties of other episodes."""
    kept = {None, *episode.parties}
    narrowed = {
        first: tuple(entry for entry in found if entry[1] != "any" or entry[2].party in kept)
        for first, found in names.by_first.items()
    }
    return Names(MappingProxyType(narrowed))


def _index(named: Iterable[tuple[str, Entity]]) -> Names:
    by_first: dict[str, dict[tuple[str, ...], tuple[str, Entity]]] = {}
    for name, entity in named:
        tokens = [token for token in tokens_of(name.replace("\u2019", "'")) if token.kind != "line"]
        tokens = tokens[1:] if len(tokens) > 1 and tokens[0].low == "the" else tokens
        if not tokens:
            continue
        words = tuple(token.low for token in tokens)
        shape = _shape(tokens[0].text)
        known = by_first.setdefault(words[0], {}).get(words)
        by_first[words[0]][words] = (_wider(shape, known[0]), _merge(known[1], entity)) if known else (shape, entity)
    return Names(
        MappingProxyType(
            {
                first: tuple(sorted(((w, s, e) for w, (s, e) in found.items()), key=lambda x: -len(x[0])))
                for first, found in by_first.items()
            },
        ),
    )


def _shape(text: str) -> str:
    letters = text.rstrip("'s") if text.endswith("'s") else text
    if len(letters) > 1 and letters.isupper():
        return "caps"
    if letters.lower() == letters.upper():
        return "caseless"
    return "capital" if letters[0].isupper() else "any"


def _wider(one: str, other: str) -> str:
    order = ("any", "caseless", "capital", "caps")
    return order[min(order.index(one), order.index(other))]


def _merge(one: Entity, other: Entity) -> Entity:
    return Entity(one.party or other.party, one.source or other.source, one.place or other.place)


def _names_of(fields: Mapping[str, Any]) -> Iterator[str]:
    if fields.get("name"):
        yield str(fields["name"])
        yield from [
            part for part in [_BRACKET.split(str(fields["name"]))[0].strip()] if part and part != fields["name"]
        ]
    yield from (str(name) for name in fields.get("also") or ())
    yield from (str(name) for name in (fields.get("names") or {}).values())


def _source(slug: str, fields: Mapping[str, Any]) -> Source:
    names = tuple(dict.fromkeys(_names_of(fields)))
    return Source(
        slug, str(fields.get("name") or slug), str(fields.get("kind") or "official"), fields.get("affiliation"), names
    )


def _episode(slug: str, fields: Mapping[str, Any]) -> Episode:
    return Episode(
        slug, tuple(fields.get("parties") or ()), _day(fields.get("from")), _day(fields.get("to")), fields.get("zone")
    )


def _day(value: date | str | None) -> date | None:
    return date.fromisoformat(value[:10]) if isinstance(value, str) else value


def _institutions(
    registry: Mapping[str, Source],
    names: Names,
) -> tuple[dict[tuple[str, str], str], dict[str, tuple[str, ...]]]:
    """Return which source is whose ministry, army, governor …, from the words of the sources' names."""
    table = lexicon("en")
    owned: dict[tuple[str, str], str] = {}
    found: dict[str, dict[str, None]] = {}
    for source in registry.values():
        for name in source.also if table else ():
            tokens = tokens_of(name.replace("\u2019", "'"))
            institution, span = _institution_in(table.phrases, tokens) if table else (None, (0, 0))
            if institution is None:
                continue
            found.setdefault(institution, {})[source.slug] = None
            for owner in _owners(tokens, span, names):
                owned.setdefault((owner, institution), source.slug)
            if source.affiliation and not _owners(tokens, span, names):
                owned.setdefault((source.affiliation, institution), source.slug)
    return owned, {institution: tuple(slugs) for institution, slugs in found.items()}


def _institution_in(phrases: Phrases, tokens: list[Token]) -> tuple[str | None, tuple[int, int]]:
    best: tuple[str | None, tuple[int, int]] = (None, (0, 0))
    for index in range(len(tokens)):
        hit = phrases.at(tokens, index, len(tokens))
        if hit and "institution" in hit[1] and hit[0] - index > best[1][1] - best[1][0]:
            best = (hit[1]["institution"], (index, hit[0]))
    return best


def _owners(tokens: list[Token], span: tuple[int, int], names: Names) -> list[str]:
    owners = []
    for index, token in enumerate(tokens):
        if span[0] <= index < span[1] or not token.text[0].isupper() or token.low in _SMALL:
            continue
        owners.append(token.low)
        hit = names.at(tokens, index, len(tokens))
        if hit and (slug := hit[1].place or hit[1].party):
            owners.append(slug)
            owners.extend([hit[1].party] if hit[1].party else [])
    return owners
