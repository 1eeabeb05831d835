"""Truces: one claim an act, by a table of what is said beside the word truce."""

import re
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

from streams.reading.frames import Frame, speaker_at
from streams.reading.numbers import count_at
from streams.reading.scene import Marked, Scene
from streams.reading.times import Moment, instant, known_zone

#: Words for a truce; in a sentence's words each becomes T.
TRUCE: Final = re.compile(
    r"\b(?:cease-?fires?(?: agreements?| deals?)?|cease-fires?|truces?|armistices?|cessations? of hostilities|humanitarian pauses?|pauses? in (?:the )?fighting|cease fire"
    r"|(?:stop|halt) (?:the |all )?(?:fire|fighting|shooting|hostilities)|(?:halt|end|stop) (?:to|in|of) (?:the |all )?(?:fighting|hostilities|shooting|shelling|violence)|lay down (?:the |their )?(?:weapons|arms)|regime of silence|pauses?(?! for| before))\b",
)
_G: Final = r"(?:[^ ]+ ){0,8}?"  # a few words
_N: Final = r"(?:[^ ]+ ){0,9}?"  # more words


@dataclass(frozen=True, slots=True)
class TruceRow:
    """What is said of a truce (T), which act that is, and an example and a counter-example: its tests."""

    act: str
    id: str
    pattern: str
    example: str
    counter: str
    beside: bool = False  # says another act beside the main one
    own: bool = True  # the actor's word is the act: the actor is its source
    compiled: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "compiled", re.compile(rf"(?<![^ ]){self.pattern}(?![^ ])"))


ROWS: Final = (
    TruceRow(
        "not_confirmed",
        "not-confirmed",
        rf"(?:not|n't|neither|nor|declined to|refused to) (?:been )?(?:yet )?(?:confirm(?:ed)?|comment on) {_G}(?:T|plan|deal|it|offer|extension|proposal)",
        "The army has not confirmed the truce.",
        "The army has confirmed nothing else.",
    ),
    TruceRow(
        "violation_denied",
        "denied-breach",
        rf"(?:denied|denies|denying|rejected|rejects) {_G}(?:violat\w+|breach\w+|break\w+|shell\w+) {_G}T",
        "Baku denied violating the ceasefire.",
        "Baku denied everything.",
    ),
    TruceRow(
        "violation_denied",
        "denied-charge",
        rf"(?:reply to|response to|rejected|rejects|dismissed|dismisses|denied|denies) {_G}(?:accusations|allegations|claims|charges|reports) (?:that|of) {_G}(?:violat\w+|breach\w+|broken?) {_G}T",
        "Baku dismissed claims that it had breached the truce.",
        "Baku dismissed claims that it had praised the truce.",
    ),
    TruceRow(
        "violation_denied",
        "no-shot",
        r"no shots? (?:was|were|had been) fired",
        "The ministry said no shot was fired.",
        "The ministry said shots were fired.",
    ),
    TruceRow(
        "violation_alleged",
        "breach-verb",
        rf"(?:violat(?:es?|ed|ing)|breach(?:es|ed|ing)?|br(?:oke|eaking)) (?:the |this |that )(?:agreement|deal)|(?:violat(?:es?|ed|ing)|breach(?:es|ed|ing)?|br(?:eaks?|oke|oken|eaking)|ignor(?:ed|ing)) (?:of )?{_G}T",
        "Baku said Armenia violated the ceasefire.",
        "Baku said Armenia welcomed the tourists.",
    ),
    TruceRow(
        "violation_alleged",
        "was-breached",
        r"T (?:agreement )?(?:, [^,]+ , )?(?:was |has been |had been |is being )(?:repeatedly |again )?(?:violated|breached|broken)",
        "The ministry said the ceasefire was breached.",
        "The ministry said the ceasefire was welcome.",
    ),
    TruceRow(
        "violation_alleged",
        "breaches",
        rf"(?:violations?|breaches) (?:of |in )?{_G}T|T (?:violations?|breaches)(?! monitor)|(?:counted|recorded|registered|reported) (?:[^ ]+ ){{0,5}}(?:breaches|violations)|accused? each other of violations",
        "Two ceasefire violations were reported.",
        "Two ceasefire monitors were reported.",
    ),
    TruceRow(
        "rejected",
        "rejected",
        rf"(?:reject(?:s|ed|ing)?|turn(?:s|ed|ing)? down|rul(?:es|ed|ing) out|refus(?:es|ed|ing)|spurn(?:s|ed)|dismiss(?:es|ed)) {_G}(?:T|truce offer)|turned the (?:offer|proposal|plan) down|nothing to talk about|(?:reject(?:s|ed)|refuses|refused) (?:the |any )(?:offer|plan|proposal)(?= {_G}T)?",
        "Hamas rejected the ceasefire.",
        "Hamas read the ceasefire.",
    ),
    TruceRow(
        "proposed",
        "proposed",
        rf"(?:propos(?:es?|ed|ing)|offer(?:s|ed|ing)?|suggest(?:s|ed|ing)|put(?:s|ting)? forward|float(?:s|ed)) (?!was|is){_N}(?:T|stretching it|prolonging it|extending it)|(?:ready|prepared|willing) (?:to|for) (?:observe |accept |declare )?{_G}T",
        "Egypt proposed a truce.",
        "Egypt saw a truce.",
    ),
    TruceRow(
        "proposed",
        "proposed-by",
        rf"T {_G}(?:put forward|proposed|suggested|drafted|tabled) by",
        "They studied a truce put forward by Egypt.",
        "They studied a truce put off by Egypt.",
        beside=True,
    ),
    TruceRow(
        "called_for",
        "called-for",
        rf"(?:call(?:s|ed|ing)?|appeal(?:s|ed|ing)?|plea(?:d|ds|ded)|press(?:es|ed)) (?:[^ ]+ ){{0,3}}?(?:for|upon|on) {_N}T|(?:urg(?:es?|ed|ing)|demand(?:s|ed|ing)?) {_N}T|T {_G}for which [^,]*called",
        "The UN called for an immediate ceasefire.",
        "The UN watched an immediate ceasefire.",
    ),
    TruceRow(
        "postponed",
        "postponed",
        rf"T {_G}(?:was |has been |had been |is )?(?:postponed|delayed|put off|pushed back)",
        "The truce was postponed.",
        "The truce was popular.",
    ),
    TruceRow(
        "extended",
        "extended",
        rf"(?:extend(?:s|ed|ing)?|prolong(?:s|ed|ing)?|renew(?:s|ed)|lengthen(?:s|ed)) {_G}T|T (?:[^ ]+ ){{0,8}}?(?:was |has been |had been |is |been )(?:extended|prolonged|renewed)|T (?:extended|prolonged)",
        "Qatar said the truce was extended.",
        "Qatar said the truce was short.",
    ),
    TruceRow(
        "resumed",
        "resumed",
        rf"(?<!fighting )(?<!shelling )(?<!clashes )(?<!hostilities )(?:resum(?:es|ed|ing|ption) (?:of )?|reinstat(?:es|ed|ing) |restor(?:es|ed|ing) ){_G}T|T (?:[^ ]+ ){{0,3}}?(?:back in force|back in effect|came back into (?:force|effect)|went back into (?:force|effect)|back on|resumed|restored|reinstated|in force again)|announced the resumption",
        "Israel said the truce is back in force.",
        "Israel said the truce is in its sixth week.",
    ),
    TruceRow(
        "suspended",
        "suspended",
        r"(?:suspend(?:s|ed|ing)|freez(?:es|ing)|froze|frozen) (?:[^ ]+ ){0,4}?(?:T|it in the)|T (?:was |has been |had been )?suspended",
        "The army suspended the ceasefire.",
        "The army studied the ceasefire.",
    ),
    TruceRow(
        "collapsed",
        "collapsed",
        rf"T (?:[^ ]+ ){{0,3}}?(?:has |had |was )?(?:in tatters|in shreds|in ruins|collapsed|collapses|broke down|broken down|fell apart|fallen apart|unravel(?:s|led)|breaks down|crumbled|is dead|is over)|collapse of {_G}T|breakdown of {_G}T",
        "The truce has collapsed.",
        "The truce has friends.",
    ),
    TruceRow(
        "ended",
        "ended",
        rf"no longer (?:[^ ]+ ){{0,4}}?bound by {_G}T|not bound by {_G}T|T (?:[^ ]+ ){{0,6}}?(?:expired|(?<!which )(?<!that )expires|lapsed|lapses|ran out|runs out|officially ended|ended (?:at|on|in|after|without|early)|has ended|had ended|came to an end|as ended|at an end)|(?:end(?:s|ed)|scrap(?:s|ped)|abandon(?:s|ed)|quit|withdrew from|call(?:s|ed) off|terminat(?:es|ed)) (?:the |its |their |a )(?:[^ ]+ ){{0,2}}?T|calls the T off|called the T off",
        "The ceasefire lapsed on Sunday.",
        "The ceasefire grew on Sunday.",
    ),
    TruceRow(
        "took_effect",
        "took-effect",
        r"(?:fire|fighting|shooting|shelling) (?:was |has been |had been )?stopped|guns (?:fell|fall|have fallen) silent|T (?:[^ ]+ ){0,5}?(?:took effect|takes effect|taken effect|taking effect|coming into (?:force|effect)|came into (?:effect|force)|comes into (?:effect|force)|come into (?:effect|force)|entered into force|enters into force|went into effect|goes into effect|in force since|began|begins|started|starts|kicked off|got under way)",
        "The ceasefire took effect on Sunday.",
        "The ceasefire took work on Sunday.",
        own=False,
    ),
    TruceRow(
        "holding",
        "holding",
        rf"T (?:[^ ]+ ){{0,9}}?(?:holding|holds|held|(?:is|was|being) (?:on the whole |largely |broadly |mostly |generally )?(?:maintained|observed|respected|upheld)|still be in effect|still in effect|remains in (?:force|effect|place)|in place)|(?:adher(?:ed|es|ing) to|respect(?:ed|s|ing)|observ(?:ed|es|ing)|abid(?:ed|es|ing) by) {_G}T|night was (?:calm|quiet)|no (?:shells?|rockets?) (?:have|has|had) fallen|no significant incidents?|quiet night|night (?:passed|went by) (?:calmly|quietly)|no (?:ceasefire |truce )?violations (?:were )?(?:recorded|registered|reported)",
        "The ministry said the ceasefire is holding.",
        "The ministry said the ceasefire is new.",
    ),
    TruceRow(
        "announced",
        "announced",
        rf"(?:announc(?:es|ed|ing|ement of)|declar(?:es|ed|ing|ation of)|proclaim(?:s|ed|ing)|unveil(?:s|ed)) (?!that){_N}T|T (?:[^ ]+ ){{0,12}}?(?:was |has been |had been )(?:declared|announced|proclaimed)|T declared by|T (?:[^ ]+ ){{0,6}}?(?:will|is to|would|due to) (?:be in|run|last|apply|begin|start|take effect|come into|enter|go into)|announced the pause|(?:is|are) to be quiet from|T that [^ ]+ (?:announced|declared)|all hostilities would stop|T to (?:begin|start|take effect)|deal that [^ ]+ announced",
        "Russia announced a ceasefire.",
        "Russia photographed a ceasefire.",
    ),
    TruceRow(
        "agreed",
        "accepted",
        rf"(?:accept(?:s|ed)|agree(?:s|d) to|sign(?:s|ed) up to|back(?:s|ed)|approv(?:es|ed)) (?:the |a |this )?{_G}(?:plan|proposal|offer|deal|terms|initiative)",
        "A truce was on the table. Hamas accepted the plan.",
        "A truce was on the table. Hamas read the plan.",
    ),
    TruceRow(
        "agreed",
        "agreed",
        rf"(?:agree(?:s|d|ing)?|accept(?:s|ed|ing)?|reach(?:es|ed|ing)?|sign(?:s|ed|ing)|struck|conclud(?:es|ed)|clinch(?:es|ed)|approv(?:es|ed)|broker(?:ed|s)|welcom(?:ed|es) and accepted) (?:on |to |in |that )?(?!was|is){_G}(?:T|truce plan)|T (?:[^ ]+ ){{0,5}}?(?:was |has been |had been |were )?(?:reached|agreed|signed|brokered|concluded|struck|accepted|hammered out)|agreement on {_G}T",
        "Both sides agreed to a ceasefire.",
        "Both sides awaited a ceasefire.",
        own=False,
    ),
)
_NOT_ACTED: Final = re.compile(
    r"\b(?:if|unless|could|might|may|hopes?|talks|ahead of|before|despite|in spite of|failed|fails|prospects?|whether)\b"
)
_MONITORS: Final = frozenset({"monitor"})


@dataclass(slots=True)
class Truce:
    """A claim of an act."""

    act: str
    source: str | None
    by: str | None
    against: str | None
    marked: Marked
    token: int
    row: str
    frame: Frame | None = None
    at: date | datetime | None = None
    effective_at: date | datetime | None = None
    expires_at: date | datetime | None = None
    mediators: tuple[str, ...] = ()
    span: tuple[int, int] = (0, 0)


def read_truces(scene: Scene) -> list[Truce]:
    """Return the acts of a document, each kind once a speaker."""
    found: list[Truce] = []
    heard = False
    for marked in scene.marked:
        if marked.sentence.first in scene.skipped or scene.episode is None:
            continue
        words, _places = _words(scene, marked)
        text, truces = TRUCE.subn("T", " ".join(words))
        if heard and text.startswith("it "):
            text, truces = "T" + text[2:], 1
        heard_here = bool(truces)
        if (
            _DENIED_IT.search(text)
            and found
            and found[-1].act == "violation_alleged"
            and found[-1].marked.sentence.last == marked.sentence.first
        ):
            text = _DENIED_IT.sub("denied violating the T", text)
        if truces or heard or _SILENT.search(text):
            _sentence(scene, marked, text, found)
        heard = heard_here or (heard and marked.sentence.paragraph == 0)
        if truces:
            heard = True
    return _without_headlines(_each_other(scene, _one_deal(found)))


def _one_deal(found: list[Truce]) -> list[Truce]:
    """Let a deal of one sentence that says when it begins be one act: agreed, with its hours."""
    kept = []
    for truce in found:
        deal = next(
            (o for o in found if o.act == "agreed" and o.marked is truce.marked and o.source == truce.source), None
        )
        if truce.act == "announced" and deal is not None:
            deal.effective_at = deal.effective_at or truce.effective_at
            deal.expires_at = deal.expires_at or truce.expires_at
        else:
            kept.append(truce)
    return kept


def _without_headlines(found: list[Truce]) -> list[Truce]:
    """Leave out an act of the headline that the body tells with its own speaker."""
    body = {(truce.act, truce.by) for truce in found if truce.marked.sentence.paragraph}
    return [truce for truce in found if truce.marked.sentence.paragraph or (truce.act, truce.by) not in body]


def _each_other(scene: Scene, found: list[Truce]) -> list[Truce]:
    """Return an allegation of each side where both accuse each other."""
    out = []
    for truce in found:
        words = " ".join(scene.words(truce.marked.sentence.first, truce.marked.sentence.last))
        parties = scene.episode.parties[:2] if scene.episode else ()
        if truce.act == "violation_alleged" and truce.source is None and _MUTUAL.search(words) and len(parties) == 2:
            for party, other in (parties, parties[::-1]):
                out.append(replace(truce, source=scene.cast.speaks_for(party), by=party, against=other))
        else:
            out.append(truce)
    return out


_MUTUAL: Final = re.compile(
    r"(?:both|two) (?:sides|parties|armies|countries) (?:have |had )?accused? (?:each|one another)|accused? each other|traded accusations|blam(?:ed|e) each other|each side (?:said|says|claimed) the other"
)
_SILENT: Final = re.compile(
    r"no shots? (?:was|were)|night was (?:calm|quiet)|no significant incident|quiet night|to be quiet from|violations|breaches|hostilities"
)


_DENIED_IT: Final = re.compile(
    r"(?:denied|denies|rejected|rejects) (?:it|this|that|the (?:charge|accusation|claim|allegation)s?)(?= |$)"
)


def _words(scene: Scene, marked: Marked) -> tuple[list[str], list[int]]:
    """Return the words of a sentence, contracted possessives joined, with the token of each."""
    tokens = scene.tokens[marked.sentence.first : marked.sentence.last]
    return [token.low for token in tokens], list(range(marked.sentence.first, marked.sentence.last))


def _sentence(scene: Scene, marked: Marked, text: str, found: list[Truce]) -> None:
    taken: list[tuple[int, int]] = []
    for row in ROWS:
        for match in row.compiled.finditer(text):
            span = match.span()
            if not row.beside and any(span[0] < b and a < span[1] for a, b in taken):
                continue
            if _unreal(text, span, row):
                taken.append(span)
                continue
            if not row.beside:
                taken.append(span)
            truce = _truce(scene, marked, row, text, span)
            if truce is not None and not any(_repeats(truce, other) for other in found):
                found.append(truce)


def _repeats(truce: Truce, other: Truce) -> bool:
    return (truce.act, truce.source) == (other.act, other.source) and (
        truce.act != "announced" or truce.effective_at == other.effective_at
    )


def _unreal(text: str, span: tuple[int, int], row: TruceRow) -> bool:
    """Return whether a condition or a negation governs the act."""
    before = text[max(0, span[0] - 60) : span[0]].rsplit(" , ", 1)[-1].rsplit(" ; ", maxsplit=1)[-1]
    inside = text[span[0] : span[1]]
    if row.act in {"not_confirmed", "violation_denied"}:
        return False
    negated = re.search(r"\b(?:not|never|no|nor|n't|without)\b", before[-24:]) and row.id not in {"no-shot", "holding"}
    if row.act in _SETTLED and re.search(r"(?:^|[ \"])(?:if|unless|provided) ", text):
        return True
    hedged = re.search(
        r"\b(?:if|unless|could|might|may|whether|hopes?|despite|ahead of|warned|threatened|talks on|prospects?|failed to|yet to)\b",
        before,
    )
    return bool(negated or hedged or re.search(r"\b(?:if|unless|could|might)\b", inside))


#: Acts that are nothing yet under a condition anywhere in the sentence.
_SETTLED: Final = frozenset({"agreed", "announced", "extended", "holding", "resumed", "took_effect"})


def _truce(scene: Scene, marked: Marked, row: TruceRow, text: str, span: tuple[int, int]) -> Truce | None:
    token = _token_at(scene, marked, text, span[0])
    last = _token_at(scene, marked, text, span[1] - 1)
    frame = speaker_at(marked.frames, token) or speaker_at(marked.frames, last)
    source = frame.source if frame else None
    inside = next(
        (
            m.actor
            for m in marked.mentions
            if token <= m.first <= last and m.kind == "A" and m.actor and m.actor.source and m.actor.kind != "place"
        ),
        None,
    )
    actor = inside.source if inside and row.id == "called-for" else _subject(marked, token)
    if row.beside:
        after = next(
            (m.actor for m in marked.mentions if m.first > last and m.kind == "A" and m.actor and m.actor.source), None
        )
        source, frame = (after.source, None) if after else (source, frame)
    if (
        source is None
        and row.own
        and actor is not None
        and row.act not in {"violation_alleged", "holding", "collapsed", "ended", "postponed"}
    ):
        source = actor
    affiliation = scene.context.affiliation(source) if source else None
    against = _accused(scene, marked, token, affiliation) if row.act == "violation_alleged" else None
    act = row.act
    if act == "took_effect" and _AHEAD_WORDS.search(text[span[0] : span[1]]):
        act = "announced"
    if act == "violation_alleged" and source and scene.context.kind(source) in _MONITORS:
        act = "violation_confirmed"
    by = _by(scene, marked, act, source, affiliation, actor)
    truce = Truce(act, source, by, against, marked, token, f"truce-{row.id}", frame, span=(token, last + 1))
    _times(scene, marked, truce)
    truce.mediators = _mediators(scene, marked)
    if truce.act == "took_effect" and truce.effective_at and _later(truce.effective_at, scene.clock.published):
        truce.act = "announced"
    return truce


_AHEAD_WORDS: Final = re.compile(r"(?<![^ ])(?:will|would|(?:is|was|are|were|due|set) to|had been due to)(?![^ ])")


def _later(time: date | datetime, published: datetime) -> bool:
    return time > published if isinstance(time, datetime) else time > published.date()


def _by(
    scene: Scene, marked: Marked, act: str, source: str | None, affiliation: str | None, actor: str | None
) -> str | None:
    if act in {"violation_alleged", "violation_confirmed", "holding"}:
        return affiliation
    if affiliation:
        return affiliation
    if source is None and actor is not None and act in {"agreed", "announced", "extended", "suspended"}:
        parties = {m.actor.party for m in marked.mentions if m.kind == "A" and m.actor and m.actor.party}
        joint = " and " in " ".join(scene.words(marked.sentence.first, marked.sentence.first + 18))
        return None if joint and len(parties) > 1 else scene.context.affiliation(actor)
    return None


def _token_at(scene: Scene, marked: Marked, text: str, place: int) -> int:
    """Return the token of a place in a sentence's text, in which truces of several words have become one."""
    count = text.count(" ", 0, place)
    index = marked.sentence.first
    words = " ".join(scene.words(marked.sentence.first, marked.sentence.last))
    matches = {words.count(" ", 0, m.start()): m[0].count(" ") for m in TRUCE.finditer(words)}
    shown = 0
    while shown < count and index < marked.sentence.last - 1:
        index += 1 + matches.get(index - marked.sentence.first, 0)
        shown += 1
    return min(index, marked.sentence.last - 1)


def _subject(marked: Marked, token: int) -> str | None:
    """Return the source that does it: the nearest actor before the verb."""
    for mention in reversed(marked.mentions):
        if (
            mention.last <= token
            and mention.kind == "A"
            and mention.actor
            and mention.actor.source
            and mention.actor.kind != "place"
        ):
            return mention.actor.source
        if mention.last <= token and mention.kind == ";":
            return None
    return None


def _accused(scene: Scene, marked: Marked, token: int, accuser: str | None) -> str | None:
    """Return the party that is said to have broken the truce: named before the verb, else after it, not the accuser."""
    named = []
    for mention in marked.mentions:
        party = (
            mention.actor.party
            if mention.actor
            else mention.figure.party
            if mention.kind == "p" and mention.figure
            else None
        )
        if party and party != accuser and (scene.episode is None or party in scene.episode.parties):
            named.append((mention.first < token, mention.first, party))
    before = [party for is_before, _, party in named if is_before]
    if before:
        return before[-1]
    after = [party for is_before, _, party in named if not is_before]
    if after:
        return after[0]
    others = [p for p in (scene.episode.parties if scene.episode else ()) if p != accuser]
    return others[0] if accuser and len(others) == 1 else None


def _mediators(scene: Scene, marked: Marked) -> tuple[str, ...]:
    """Return who brokered it: "brokered by Iran", "with the mediation of the Russian side"."""
    words = scene.words(marked.sentence.first, marked.sentence.last)
    for index, word in enumerate(words):
        if word in {"brokered", "mediated", "mediation", "mediators", "auspices", "russian-brokered"}:
            found = [
                m.actor.party or m.actor.source
                for m in marked.mentions
                if m.kind == "A"
                and m.actor
                and abs(m.first - marked.sentence.first - index) <= 5
                and (m.actor.party or m.actor.source)
            ]
            return tuple(sorted({name for name in found if name}))
    return ()


def _times(scene: Scene, marked: Marked, truce: Truce) -> None:
    """Set when it was done, from when it holds, until when."""
    day, hours = None, []
    for moment in marked.times:
        if moment.clock:
            hours.append(moment)
        elif moment.day and moment.precise:
            if scene.tokens[moment.first - 1].low in {"until", "till", "through"} and moment.first:
                truce.expires_at = moment.day
                continue
            day = moment if day is None or abs(moment.first - truce.token) < abs(day.first - truce.token) else day
    if (
        day is not None
        and day.day
        and truce.act in _AHEAD
        and day.day < scene.clock.today
        and _is_ahead(scene, marked, day)
    ):
        day = replace(day, day=day.day + timedelta(days=7))
    base = day.day if day and day.day else scene.clock.today
    for moment in hours:
        before = scene.tokens[moment.first - 1].low if moment.first else ""
        near = next((m.day for m in marked.times if m.day and m.precise and 0 <= m.first - moment.last <= 2), base)
        time = instant(near or base, moment.clock or (0, 0), _zone_of(scene, moment))
        if before in {"until", "to", "till"}:
            truce.expires_at = time
        elif truce.effective_at is None and truce.act in {
            "announced",
            "took_effect",
            "agreed",
            "extended",
            "resumed",
            "proposed",
        }:
            truce.effective_at = time
    if (
        isinstance(truce.effective_at, datetime)
        and isinstance(truce.expires_at, datetime)
        and truce.expires_at <= truce.effective_at
    ):
        truce.expires_at += timedelta(days=1)
    if (
        day is not None
        and day.day
        and day.day <= scene.clock.today
        and truce.effective_at is None
        and truce.act != "took_effect"
    ):
        truce.at = day.day
    if truce.act == "took_effect" and truce.effective_at is None and day is not None and day.day:
        truce.effective_at = day.day
    _duration(scene, marked, truce)
    if (
        day is not None
        and day.day
        and day.day > scene.clock.today
        and truce.act in {"announced", "agreed"}
        and truce.effective_at is None
    ):
        truce.effective_at = day.day


def _duration(scene: Scene, marked: Marked, truce: Truce) -> None:
    """Set the end of a truce of so many hours or days, where its beginning is said to the hour."""
    if truce.expires_at is not None or not isinstance(truce.effective_at, datetime):
        return
    for index in range(marked.sentence.first, marked.sentence.last):
        read = count_at(scene.tokens, index) if scene.tokens[index].kind in {"number", "word"} else None
        if read is None or read[1] >= marked.sentence.last:
            continue
        place = read[1] + (1 if scene.tokens[read[1]].text == "-" and read[1] + 1 < marked.sentence.last else 0)
        unit = scene.tokens[place].low.rstrip("s")
        if unit in _UNITS and read[0].best <= 366:
            truce.expires_at = truce.effective_at + read[0].best * _UNITS[unit]
            return


_UNITS: Final = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
_AHEAD: Final = frozenset({"announced", "agreed", "proposed", "extended", "postponed"})


def _is_ahead(scene: Scene, marked: Marked, day: Moment) -> bool:
    """Return whether a weekday is the next one: "from midnight on Sunday", "will begin on Monday"."""
    if day.last - day.first > 1 or scene.tokens[day.first].kind != "word":
        return False
    before = scene.words(max(marked.sentence.first, day.first - 9), day.first)
    return (
        bool(
            set(before)
            & {"from", "until", "till", "begin", "start", "beginning", "starting", "will", "effect", "force"}
        )
        and "took" not in before
        and "said" not in before
    )


def _zone_of(scene: Scene, moment: Moment) -> object:
    if moment.zone:
        index = moment.last - 2
        name = scene.context.names.at(scene.tokens, index, index + 1)
        zone = known_zone(scene.context.parties.get(name[1].party)) if name and name[1].party else None
        if zone:
            return zone
    return scene.clock.published.tzinfo
