"""Statements: what is denied, accused or asserted for the record and is no casualty or ceasefire claim."""

import re
from dataclasses import dataclass, field
from typing import Final

from streams.reading.frames import Frame, speaker_at
from streams.reading.scene import Marked, Scene
from streams.reading.truce_table import TRUCE
from streams.reading.truce_times import Truce

_G: Final = r"(?:[^ ]+ ){0,6}?"


@dataclass(frozen=True, slots=True)
class StatementRow:
    """Words that make a statement: its act, and what it is about where the words say so."""

    act: str
    id: str
    pattern: str
    example: str
    counter: str
    about: str | None = None
    compiled: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "compiled", re.compile(rf"(?<![^ ])(?:{self.pattern})(?![^ ])"))


ROWS: Final = (
    StatementRow(
        "denied",
        "denied",
        r"denied|denies|deny|denying|refuted|refutes|disputed|disputes",
        "Baku denied the shelling.",
        "Baku began the shelling.",
    ),
    StatementRow(
        "denied",
        "rejected-claims",
        rf"(?:rejected|rejects|dismissed|dismisses|brushed aside) {_G}(?:accusations?|allegations?|"
        rf"claims?|reports?|information|charges?|story|figures?|total|numbers?|T|fantasy|fake)",
        "Baku rejected the accusations.",
        "Baku rejected the invitation.",
    ),
    StatementRow(
        "denied",
        "false",
        rf"(?:called|calls|said|says|is|are|was|were|branded|labelled) {_G}(?:a fake|fake|a lie|lies|"
        rf"nonsense|false|fabricated|untrue|not true|a fabrication|fantasy|absolute lie)|does not "
        rf"correspond to reality|a lie ,",
        "Baku called the report a fake.",
        "Baku called the report a triumph.",
    ),
    StatementRow(
        "denied",
        "never-aims",
        r"(?:does|did|do) not (?:aim|target|strike|fire) (?:at |on )?(?:civilians|residential|[^ ]+ villages?)",
        "Baku said it does not aim at civilians.",
        "Baku said it does aim at tanks.",
    ),
    StatementRow(
        "accused",
        "accused",
        rf"(?:accus(?:es?|ed|ing)|blam(?:es?|ed|ing))(?! each other| one another)|h[eo]lds? "
        rf"{_G}responsible|charged {_G}with "
        rf"(?:shelling|firing|targeting)|condemn(?:s|ed) {_G}(?:attack|shelling|strike|massacre)",
        "Baku accused Armenia of shelling villages.",
        "Baku asked Armenia about villages.",
        about="conduct",
    ),
    StatementRow(
        "asserted",
        "territory",
        r"(?:took|taken|taking|takes|seized|seizes|gained|has|have|full|under|regained|"
        r"establish(?:ed)?) (?:[^ ]+ ){0,2}?control|(?:took|seized|captured|liberated|regained|retook|"
        r"occupied|recaptured) (?:[^ ]+ ){0,4}?(?:settlements?|villages?|towns?|city|base|heights?|"
        r"positions?|strongholds?|square|km2|territory|land|barracks|posts?|hills?|garrison)|passed "
        r"under the control|loss of (?:[^ ]+ ){0,3}(?:km2|land|territory|square)|full control|losing "
        r"of the (?:base|town|city)",
        "Moscow said its units took two settlements.",
        "Moscow said its units left two lorries.",
        about="territory",
    ),
)
_CASUALTIES: Final = re.compile(
    r"\b(?:losses|casualt\w+|deaths?|dead|killed|wounded|victims?|died|toll|total|\d+ names|"
    r"liquidated|eliminated|neutralised|terrorists)\b"
)
_TERRITORY: Final = re.compile(
    r"\b(?:control|captured?|losing|base|village|town|settlements?|territory|advance|seiz\w+)\b"
)


@dataclass(slots=True)
class Statement:
    """A statement in the making."""

    act: str
    about: str
    source: str
    against: str | None
    marked: Marked
    token: int
    row: str
    frame: Frame | None
    span: tuple[int, int]


def read_statements(scene: Scene, truces: list[Truce]) -> list[Statement]:
    """Return the statements of named speakers, one of a kind for each; the content of a truce claim is not one."""
    found: list[Statement] = []
    spoken = {truce.marked.sentence.first for truce in truces if truce.act.startswith(("violation", "rejected"))}
    denied = {
        truce.marked.sentence.first
        for truce in truces
        if truce.act in {"violation_denied", "not_confirmed", "rejected"}
    }
    spoken |= denied
    for marked in scene.marked:
        if scene.episode is None or marked.sentence.first in scene.skipped:
            continue
        text = TRUCE.sub("T", " ".join(scene.words(marked.sentence.first, marked.sentence.last)))
        for row in ROWS:
            match = row.compiled.search(text)
            if match is None or (
                marked.sentence.first in spoken and (row.act != "denied" or marked.sentence.first in denied)
            ):
                continue
            statement = _statement(scene, marked, row, text, match)
            if statement and not any(_same(statement, other) for other in found):
                found.append(statement)
    return found


def _same(one: Statement, other: Statement) -> bool:
    return (one.act, one.about, one.source) == (other.act, other.about, other.source)


def _statement(scene: Scene, marked: Marked, row: StatementRow, text: str, match: re.Match[str]) -> Statement | None:
    token = min(marked.sentence.first + text.count(" ", 0, match.start()), marked.sentence.last - 1)
    frame = speaker_at(marked.frames, token) or next((f for f in marked.frames if f.source), None)
    kind = scene.context.kind(scene.document.outlet)
    source = frame.source if frame else scene.document.outlet if kind not in {None, "media"} else None
    if source is None or (scene.context.kind(source) == "media" and source == scene.document.outlet):
        return None
    about = row.about or _about(text[match.start() :] if row.id == "denied" else text)
    if row.id == "false" and about == "conduct" and any(m.kind in "fF" and m.outcome for m in marked.mentions):
        about = "casualties"
    affiliation = scene.context.affiliation(source)
    against = next(
        (
            m.actor.party
            for m in marked.mentions
            if m.first > token and m.kind == "A" and m.actor and m.actor.party and m.actor.party != affiliation
        ),
        None,
    )
    end = min(marked.sentence.first + text.count(" ", 0, match.end()) + 1, marked.sentence.last)
    return Statement(
        row.act, about, source, against, marked, token, f"statement-{row.id}", frame, (token, max(end, token + 1))
    )


def _about(text: str) -> str:
    if _CASUALTIES.search(text):
        return "casualties"
    if re.search(r"(?<![^ ])T(?![^ ])|\btalks\b", text):
        return "ceasefire"
    return "territory" if _TERRITORY.search(text) else "conduct"
