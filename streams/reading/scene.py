"""The scene: a document cut into sentences with everything that was marked in them, and the episode it is of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from streams.reading.actors import Actor, Cast
from streams.reading.attribution import Attribution
from streams.reading.context import Context, Episode
from streams.reading.document import Document
from streams.reading.figures import FigureReader
from streams.reading.frames import Frame
from streams.reading.lexicon import Lexicon, Spotter
from streams.reading.mentions import Mention, MentionReader
from streams.reading.numbers import MONTHS
from streams.reading.times import Clock, Moment, moments
from streams.reading.tokens import Sentence, Token, sentences_of, tokens_of, words_of

_AFTERWARDS: Final = timedelta(days=550)
#: Cues: roles of the lexicon that a sentence as a whole may have.
CUES: Final = (
    "cumulative",
    "incident",
    "period",
    "history",
    "disaster",
    "conflict",
    "superseded",
    "hypothetical",
    "negation",
    "enemy",
)


@dataclass(slots=True)
class Marked:
    """A sentence with its mentions, actors, frames, times and cues (role → tokens)."""

    sentence: Sentence
    mentions: list[Mention]
    actors: list[Actor]
    frames: list[Frame]
    times: list[Moment]
    cues: dict[str, list[int]]
    brings: tuple[int, ...] = ()  # tokens that begin "bringing the total to …"

    def has(self, cue: str) -> bool:
        """Return whether the sentence has a word of a role."""
        return cue in self.cues


@dataclass(slots=True)
class Scene:
    """A document as it was marked."""

    document: Document
    context: Context
    table: Lexicon
    phrases: Spotter
    tokens: list[Token]
    clock: Clock
    cast: Cast
    episode: Episode | None
    marked: list[Marked] = field(default_factory=list)
    sections: list[tuple[int, int, str]] = field(default_factory=list)  # lines of a bulletin with their heading's basis
    speaker: str | None = None  # who speaks in the whole document
    skipped: set[int] = field(default_factory=set)  # first tokens of sentences that a bulletin has read

    @property
    def bulletins(self) -> Mapping[str, Any]:
        """Return the table of bulletins of the language."""
        return self.table.bulletins

    @property
    def months(self) -> Mapping[str, int]:
        """Return the names of months of the language."""
        return self.table.months or MONTHS

    @property
    def bulletin_alone(self) -> bool:
        """Return whether the language is read in bulletins alone."""
        return not self.table.phrases.roles

    def words(self, first: int, last: int) -> list[str]:
        """Return the small-letter words of a range of tokens."""
        return [token.low for token in self.tokens[first:last]]


def scene_of(document: Document, context: Context, table: Lexicon) -> Scene:
    """Return the scene of a document."""
    tokens = tokens_of(document.whole)
    phrases = Spotter(table.phrases, tokens)
    cast = Cast(context, phrases, document.outlet)
    episode = _episode_of(document, context, tokens)
    if episode:
        cast.parties, context = episode.parties, context.within(episode)
        cast.context = context
    zone = document.zone or (episode.zone if episode else None)
    scene = Scene(document, context, table, phrases, tokens, Clock.of(document.published_at, zone), cast, episode)
    sentences = sentences_of(tokens)
    _first_places(tokens, sentences, cast)
    reader = MentionReader(tokens, phrases, FigureReader(tokens, phrases, context))
    attribution = Attribution(cast, tokens, phrases)
    for sentence in sentences:
        actors = cast.actors(tokens, sentence.first, sentence.last)
        mentions = reader.read(sentence.first, sentence.last, actors, headline=sentence.paragraph == 0)
        frames = attribution.read(sentence, mentions, actors)
        times = list(moments(tokens, sentence.first, sentence.last, scene.clock))
        scene.marked.append(
            Marked(
                sentence, mentions, actors, frames, times, _cues(phrases, tokens, sentence), _brings(tokens, sentence)
            )
        )
    speaker = scene.speaker = document_speaker(scene)
    for marked in scene.marked if speaker else ():
        if not any(frame.source for frame in marked.frames) and speaker:
            affiliation = context.affiliation(speaker)
            marked.frames.append(Frame(speaker, affiliation, marked.sentence.first, marked.sentence.last, "document"))
    return scene


def document_speaker(scene: Scene) -> str | None:
    """Return who speaks in the whole document: an outlet that is no medium, or who heads or signs it."""
    kind = scene.context.kind(scene.document.outlet)
    if kind is not None and kind != "media":
        return scene.document.outlet
    for marked in (scene.marked[0], *scene.marked[-2:]) if scene.marked else ():
        opening = _bulletin_of(scene, marked)
        if opening:
            return opening
        words = [m for m in marked.mentions if any(scene.tokens[n].kind == "word" for n in range(m.first, m.last))]
        if words and words[0].kind == "A" and words[0].actor and all(m.kind == "A" for m in words) and len(words) <= 2:
            source = words[0].actor.source
            if source and scene.context.kind(source) not in {None, "media"}:
                return source
    return None


def _bulletin_of(scene: Scene, marked: Marked) -> str | None:
    """Return whose bulletin a title announces: "Northern General Staff: daily report"."""
    if marked.sentence.paragraph or len(marked.mentions) > 8:
        return None
    words = set(scene.words(marked.sentence.first, marked.sentence.last))
    actor = next((m.actor for m in marked.mentions if m.kind == "A" and m.actor and m.actor.source), None)
    if (
        actor is None
        or not words & _BULLETINS
        or any(m.kind in "fnF" or (m.kind == "y" and m.word not in _BULLETINS) for m in marked.mentions)
    ):
        return None
    return actor.source if actor.kind in {"institution", "name", "officials"} else None


_BULLETINS: Final = words_of(
    "report statement bulletin update communique communiqué summary briefing message information review digest"
)


def _first_places(tokens: list[Token], sentences: Iterable[Sentence], cast: Cast) -> None:
    """Count the places of the whole text first: "the governor" of a headline is the one of the place in the body."""
    for sentence in sentences:
        index = sentence.first
        while index < sentence.last:
            name = cast.context.names.at(tokens, index, sentence.last)
            if name and name[1].place:
                cast.places[name[1].place] = cast.places.get(name[1].place, 0) + 1
            index = name[0] if name else index + 1


def _brings(tokens: list[Token], sentence: Sentence) -> tuple[int, ...]:
    return tuple(
        n
        for n in range(sentence.first + 1, sentence.last)
        if tokens[n].low in _BRINGING and any(token.low in _SUMS for token in tokens[n + 1 : min(n + 6, sentence.last)])
    )


_BRINGING: Final = words_of(
    "bringing brings raising raises taking takes pushing pushes lifting lifts increasing brought"
)
_SUMS: Final = words_of("toll total number count tally figure those dead deaths losses to")


def _cues(phrases: Spotter, tokens: list[Token], sentence: Sentence) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    index = sentence.first
    while index < sentence.last:
        hit = phrases.at(tokens, index, sentence.last)
        if hit:
            for cue in CUES:
                if cue in hit[1]:
                    found.setdefault(cue, []).append(index)
        index += 1
    return found


def _episode_of(document: Document, context: Context, tokens: list[Token]) -> Episode | None:
    """Return the episode that a document names, else of those of its time the one whose parties it names."""
    for episode in context.episodes:
        if episode.slug == document.episode:
            return episode
    if document.episode:
        return Episode(document.episode, (), None, None, None)
    day = date.fromisoformat(document.published_at[:10])
    named = _named(context, tokens)
    voice = context.affiliation(document.outlet) if document.outlet in context.sources else None
    if voice:
        named[voice] = named.get(voice, 0) + 3
    best: tuple[tuple[int, int, int], Episode] | None = None
    for episode in context.episodes:
        if episode.begins and day < episode.begins:
            continue
        late = bool(episode.ends and day > episode.ends + timedelta(days=1))
        if late and episode.ends and day > episode.ends + _AFTERWARDS:
            continue
        weight = sum(named.get(party, 0) for party in episode.parties) or int(_title_fits(document.title, episode.slug))
        length = -((episode.ends or date.max) - (episode.begins or date.min)).days
        key = (int(not late), weight, length)
        if (weight or (not late and _of_war(tokens))) and (best is None or key > best[0]):
            best = key, episode
    return best[1] if best else None


def _of_war(tokens: list[Token]) -> bool:
    """Return whether the text speaks of soldiers or shelling, where it names no side at all."""
    return any(token.low in _WAR_WORDS for token in tokens)


_WAR_WORDS: Final = words_of(
    "soldiers soldier servicemen troops shelling missile missiles airstrike airstrikes artillery "
    "ceasefire truce frontline rebels militants"
)


def _title_fits(title: str, slug: str) -> bool:
    words = {word for word in slug.split("-") if len(word) > 3}
    return bool(words & set(title.lower().split()))


def _named(context: Context, tokens: list[Token]) -> dict[str, int]:
    """Return how often each party is named, or a place or source of it."""
    found: dict[str, int] = {}
    index = 0
    while index < len(tokens):
        name = context.names.at(tokens, index, len(tokens), proper=True)
        if name is None:
            index += 1
            continue
        entity = name[1]
        party = entity.party or (context.places.get(entity.place) if entity.place else None)
        party = party or (context.affiliation(entity.source) if entity.source else None)
        if party:
            found[party] = found.get(party, 0) + 1
        index = name[0]
    return found
