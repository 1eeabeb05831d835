"""Actors: who is named in a sentence, and which source or party that is."""

from dataclasses import dataclass, field
from typing import Final

from streams.reading.context import Context, Entity
from streams.reading.document import slug_of
from streams.reading.lexicon import Roles, Spotter
from streams.reading.tokens import Token, words_of
from streams.reading.unknown_names import capitalised

_OWNED_BY: Final = frozenset({"of", "in", "for", "at"})
_MEDIA: Final = words_of(
    "media press newspapers newspaper outlets journalists bloggers blogger television tv "
    "channels channel bloggers telegram"
)
#: Institutions of a town or region: not the only one of the registry, but that of the place.
_LOCAL: Final = frozenset({"governor", "mayor", "police", "prosecutors", "hospital"})
_BETWEEN: Final = words_of(
    "regional state national own city main federal united joint chief caretaker foreign federal "
    "local top senior unnamed deputy former "
    "occupied de facto"
)
_OWNING: Final = _BETWEEN | {"the", "our", "republic", "state"}


@dataclass(slots=True)
class Actor:
    """Somebody named in the text: tokens, and the source and party that the name means."""

    first: int
    last: int
    kind: str  # name, institution, officials, party, anaphor, pronoun, nobody, person, unknown, place
    source: str | None = None
    party: str | None = None
    place: str | None = None
    institution: str | None = None
    bare: bool = False  # without an owner: whose it is was inferred


@dataclass(slots=True)
class Cast:
    """The persons and offices named so far in a document."""

    context: Context
    phrases: Spotter
    outlet: str
    parties: tuple[str, ...] = ()  # of the episode
    places: dict[str, int] = field(default_factory=dict)  # all places of the document, by first mention
    by_institution: dict[str, str] = field(default_factory=dict)
    by_head: dict[str, str] = field(default_factory=dict)
    persons: dict[str, str] = field(default_factory=dict)
    speaker: str | None = None
    last_party: str | None = None
    here_party: str | None = None  # named in the sentence that is read
    here_places: list[str] = field(default_factory=list)

    def actors(self, tokens: list[Token], first: int, last: int) -> list[Actor]:
        """Return the actors of a sentence, in order, and remember them."""
        found: list[Actor] = []
        self.here_party, self.here_places = None, []
        index = first
        while index < last:
            actor = self._at(tokens, index, first, last) if tokens[index].kind == "word" else None
            if actor is None:
                index += 1
                continue
            before = found[-1] if found else None
            if before and before.last == actor.first and before.kind == "name" and self._is_office(tokens, actor):
                # "the OSCE monitoring mission" is one name, though its last words are another source's.
                before.last = index = actor.last
                continue
            self._remember(tokens, actor, last)
            if actor.party and not actor.bare and actor.kind in {"party", "name", "institution", "officials"}:
                self.last_party = self.here_party = actor.party
            elif actor.place:
                self.here_places.append(actor.place)
            found.append(actor)
            index = max(actor.last, index + 1)
        return found

    def _is_office(self, tokens: list[Token], actor: Actor) -> bool:
        """Return whether a name in small letters is an office: "monitoring mission"."""
        roles = self.phrases.roles.get((tokens[actor.last - 1].low,)) or {}
        return tokens[actor.first].text[0].islower() and "heads" in roles

    def _at(self, tokens: list[Token], index: int, first: int, last: int) -> Actor | None:
        """Return the actor that begins at a token: a known name, an institution, a person learnt, or a word for one."""
        name = self.context.names.at(tokens, index, last)
        if name:
            return self._named(tokens, index, name, last)
        phrase = self.phrases.at(tokens, index, last)
        surname = self.persons.get(tokens[index].text.removesuffix("'s"))
        if phrase and "institution" in phrase[1]:
            described = tokens[index].low == "military" and self._describes(tokens, phrase[0], last)
            return None if described else self._institution(tokens, index, phrase[0], phrase[1]["institution"], last)
        if surname:
            return Actor(index, index + 1, "person", surname, self.context.affiliation(surname))
        return self._common(tokens, index, first, phrase, last) if phrase else None

    def _common(
        self,
        tokens: list[Token],
        index: int,
        first: int,
        phrase: tuple[int, Roles],
        last: int,
    ) -> Actor | None:
        """Return the actor of a common word: officials, "the ministry" again, a pronoun, witnesses."""
        end, roles = phrase
        owned = self._officials(tokens, index, end, last) if "officials" in roles or "nobody" in roles else None
        if owned is not None and owned.source and ("officials" in roles or owned.institution):
            return owned
        if "heads" in roles and index > first and tokens[index - 1].low in {"the", "that", "this", "its"}:
            source = self.by_head.get(tokens[index].low)
            return Actor(index, index + 1, "anaphor", source, self.context.affiliation(source) if source else None)
        if "pronouns" in roles:
            return Actor(index, index + 1, "pronoun")
        if "officials" in roles:
            return owned
        return Actor(index, end, "nobody") if "nobody" in roles else None

    def _describes(self, tokens: list[Token], end: int, last: int) -> bool:
        """Return whether "military" only describes the noun after it: "military losses"."""
        if end >= last or tokens[end].kind != "word":
            return False
        roles = (self.phrases.at(tokens, end, last) or (end, {}))[1]
        return (
            not any(role in roles for role in ("saying", "have", "be", "officials", "heads", "negation", "adverbs"))
            and tokens[end].low not in _OWNED_BY
        )

    def _named(self, tokens: list[Token], index: int, name: tuple[int, Entity], last: int) -> Actor:
        """Return the actor of a known name, with the institution or the officials that it owns."""
        end, entity = name
        if end < last and tokens[end].low in _MEDIA and not (entity.source and not entity.party):
            return Actor(index, end + 1, "nobody")
        after = end
        while after < min(last, end + 2) and tokens[after].low in _BETWEEN:
            after += 1
        phrase = self.phrases.at(tokens, after, last) if after < last else None
        whole = entity.source and not entity.party and not entity.place
        if phrase and not whole and "institution" in phrase[1]:
            institution = phrase[1]["institution"]
            seat = phrase[0] + 1
            seated = seat < last and tokens[phrase[0]].low in {"in", "of", "at"} and tokens[seat].text[0].isupper()
            source = self.context.institutions.get((tokens[seat].low, institution)) if seated else None
            if source:
                party = self.context.affiliation(source)
                return Actor(index, seat + 1, "institution", source, party, None, institution)
            return Actor(
                index,
                phrase[0],
                "institution",
                self._owned(institution, entity, tokens[index].low),
                self._side(entity),
                None,
                institution,
            )
        if (
            phrase
            and not whole
            and "officials" in phrase[1]
            and after == end
            and not (entity.source and entity.source == entity.party)
        ):
            source = entity.source or (f"{entity.party}-officials" if entity.party else None)
            if entity.party and (best := f"{entity.party}-officials") in self.context.sources:
                source = source if entity.source else best
            return Actor(index, phrase[0], "officials", source, self._side(entity), entity.place)
        kind = "name" if entity.source else "party" if entity.party else "place"
        source = entity.source or (self.speaks_for(entity.party) if entity.party else None)
        party = entity.party or (self.context.affiliation(entity.source) if entity.source else None)
        return Actor(index, end, kind, source, party, entity.place)

    def speaks_for(self, party: str) -> str:
        """Return the source that a party's name means as a speaker."""
        return party if party in self.context.sources else f"{party}-officials"

    def _side(self, entity: Entity) -> str | None:
        return entity.party or (self.context.places.get(entity.place) if entity.place else None)

    def _owned(self, institution: str, entity: Entity, surface: str) -> str:
        """Return the source that is this institution of a party or place."""
        owned = self.context.institutions
        keys = (surface, entity.place, entity.party, self.context.places.get(entity.place) if entity.place else None)
        for key in keys:
            if key and (key, institution) in owned:
                return owned[key, institution]
        owner = entity.place if entity.place and not entity.party else entity.party
        return f"{owner}-{institution}" if owner else institution

    def _institution(self, tokens: list[Token], index: int, end: int, institution: str, last: int) -> Actor:
        """Return the actor of an institution whose owner follows ("of Armenia", "in Baku"), or is known."""
        owned = self._owned_after(tokens, index, end, institution, last)
        if owned is not None:
            return owned
        before = tokens[index - 1] if index else None
        capital = before is not None and before.kind == "word" and before.text[0].isupper()
        roles = (self.phrases.roles.get((before.low,)) or {}) if before else {}
        source: str | None
        bare = False
        if before is not None and capital and (before.low, institution) in self.context.institutions:
            source = self.context.institutions[before.low, institution]
        elif "possessives" in roles and self.last_party:
            source = self._owned(institution, Entity(party=self.last_party), self.last_party)
        elif before is not None and capital and institution == "hospital":
            source = slug_of(f"{before.text} {tokens[index].text}")
        else:
            source, bare = self._bare(institution), True
        party = self.context.affiliation(source) if source else None
        return Actor(index, end, "institution", source, party, None, institution, bare)

    def _owned_after(
        self,
        tokens: list[Token],
        index: int,
        end: int,
        institution: str,
        last: int,
    ) -> Actor | None:
        """Return an institution with the owner that follows: "of the Republic of Armenia", "of the army of Sudan"."""
        after = self._skip_articles(tokens, end, last)
        if after >= last:
            return None
        name = self.context.names.at(tokens, after, last)
        inner = None if name else self.phrases.at(tokens, after, last)
        if (
            inner
            and inner[1].get("institution") == "army"
            and inner[0] + 1 < last
            and tokens[inner[0]].low in _OWNED_BY
        ):
            after = inner[0] + 1
            name = self.context.names.at(tokens, after, last)
        if name and (name[1].party or name[1].place):
            source = self._owned(institution, name[1], tokens[after].low)
            return Actor(index, name[0], "institution", source, self._side(name[1]), None, institution)
        known = (
            self.context.institutions.get((tokens[after].low, institution)) if tokens[after].text[0].isupper() else None
        )
        if known is None:
            return None
        return Actor(index, after + 1, "institution", known, self.context.affiliation(known), None, institution)

    def _skip_articles(self, tokens: list[Token], end: int, last: int) -> int:
        """Return where the owner of an institution begins, or the end where no "of" or "in" follows."""
        if end >= last or tokens[end].low not in _OWNED_BY:
            return last
        after = end + 1
        while after < last and (
            tokens[after].low in _OWNING or (tokens[after].low == "of" and tokens[after - 1].low == "republic")
        ):
            after += 1
        return after

    def _bare(self, institution: str) -> str | None:
        """Return the source meant by an institution without an owner ("the governor", "the ministry of defence")."""
        if institution in _LOCAL:
            return self._local(institution)
        owned = self.context.institutions
        if self.here_party and (self.here_party, institution) in owned:
            return owned[self.here_party, institution]
        if institution in self.by_institution:
            return self.by_institution[institution]
        candidates = self.context.of_institution.get(institution, ())
        fitting = [slug for slug in candidates if self.context.affiliation(slug) in {*self.parties, None}]
        parties = [self.last_party, *(self.sides() if len(fitting) != 1 else ())]
        for party in parties:
            if party and (party, institution) in owned:
                return owned[party, institution]
        side = next(iter(self.sides()), None)
        return fitting[0] if fitting else f"{side}-{institution}" if side else None

    def _local(self, institution: str) -> str | None:
        """Return the governor, mayor, police … of the place that the sentence names, else of the document's."""
        owned = self.context.institutions
        if self.here_places:
            known = (owned.get((place, institution)) for place in self.here_places)
            return next(filter(None, known), f"{self.here_places[0]}-{institution}")
        if institution in self.by_institution:
            return self.by_institution[institution]
        places = sorted(self.places, key=lambda name: -self.places[name])
        for owner in (self.last_party, *places):
            if owner and (owner, institution) in owned:
                return owned[owner, institution]
        if places and institution != "hospital":
            return f"{places[0]}-{institution}"
        candidates = self.context.of_institution.get(institution, ())
        return candidates[0] if len(candidates) == 1 else None

    def sides(self) -> list[str]:
        """Return the parties in whose places the document is set, most named first."""
        weight: dict[str, int] = {}
        for place, times in self.places.items():
            within = self.context.places.get(place)
            if within:
                weight[within] = weight.get(within, 0) + times
        return sorted(weight, key=lambda party: -weight[party])

    def _officials(self, tokens: list[Token], index: int, end: int, last: int) -> Actor:
        """Return the actor of "officials in Baku", "the spokesman of the army", or of officials of nobody named."""
        after = end
        if after < last and tokens[after].low in _OWNED_BY:
            after += 1
            while after < last and tokens[after].low in {"the", "our"}:
                after += 1
            name = self.context.names.at(tokens, after, last) if after < last else None
            phrase = self.phrases.at(tokens, after, last) if after < last else None
            if name and (name[1].party or name[1].source):
                inner = self._named(tokens, after, name, last)
                mouthpiece = tokens[index].low in {
                    "spokesman",
                    "spokeswoman",
                    "spokesperson",
                    "leadership",
                    "command",
                    "representative",
                    "leaders",
                }
                forces = inner.institution in {"army", "general-staff", "intelligence", "air-force"} and not mouthpiece
                own = (inner.kind == "institution" and not forces) or (
                    inner.kind == "name" and (mouthpiece or not inner.party or name[1].party is None)
                )
                source = inner.source if own or (mouthpiece and inner.kind == "party") else f"{inner.party}-officials"
                return Actor(
                    index,
                    inner.last,
                    "officials",
                    source,
                    inner.party,
                    None,
                    inner.institution or ("name" if inner.kind == "name" else None),
                )
            if name and name[1].place and (side := self._side(name[1])):
                return Actor(index, name[0], "officials", f"{side}-officials", side, name[1].place)
            if phrase and "institution" in phrase[1]:
                inner = self._institution(tokens, after, phrase[0], phrase[1]["institution"], last)
                return Actor(index, inner.last, "officials", inner.source, inner.party, None, inner.institution)
        return Actor(index, end, "officials")

    def _remember(self, tokens: list[Token], actor: Actor, last: int) -> None:
        """Keep who was named, and the person who is named with an office ("Prime Minister Nikol Pashinyan")."""
        if actor.place:
            self.places[actor.place] = self.places.get(actor.place, 0) + 1
        if actor.source is None or actor.kind in {"anaphor", "pronoun", "party"}:
            return
        if actor.institution:
            self.by_institution[actor.institution] = actor.source
        if self.context.kind(actor.source) in {"ngo", "monitor"}:
            self.by_head.update(
                dict.fromkeys(("charity", "group", "organisation", "organization", "watchdog", "monitor"), actor.source)
            )
        for token in tokens[actor.first : actor.last]:
            roles = self.phrases.roles.get((token.low,))
            if roles and "heads" in roles:
                self.by_head[token.low] = actor.source
        if actor.kind != "name" or actor.institution:
            end = actor.last + (1 if actor.last < last and tokens[actor.last].text == "," else 0)
            run = capitalised(tokens, end, last)
            if len(run) >= 2 or (run and end == actor.last and actor.institution):
                self.persons[tokens[run[-1]].text.removesuffix("'s")] = actor.source
                actor.last = run[-1] + 1
