"""The clause patterns: one ordered table over the kinds of mentions (mentions.KINDS).

A row finds figures and says which mention gives their outcome. Rows are tried in order; a figure belongs to the first
row that finds it. Each row's example is read by that row alone, its counter-example by no row with a claim: both are
tests, so a row that is switched off breaks one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from streams.reading.mentions import Mention
from streams.reading.tokens import words_of

#: One figure or several: "14 soldiers, two officers and a nurse"; tanks among them do not end the list.
_LIST: Final = r"(?:x(?:,c?|c)~?)*[fnuF]\)?(?:\"?(?:,c~?|c~?|,|\()\"?[fnuFx]\)?){0,12}"
#: Words allowed between a figure and its verb: "of the night shift", "in Gaza", ", including five officers,".
_GAP: Final = (
    r"(?:~?\"~?|[~OAptx]{1,4}|~?,[^,;BKkI]{1,8},|\([^)BKkI]{1,8}\)|[,c]p|~?,?~?r[~^ZLOAEptx]{0,5},?|~?,?w~?[fnu]~?,?)?"
)


@dataclass(frozen=True, slots=True)
class Row:
    """A pattern of clauses: groups `fig` (the figures) and `out` (the mention with the outcome)."""

    id: str
    pattern: str
    example: str
    counter: str
    outcome: str | None = None  # where no mention has it, or over it
    tier: str = "ready"
    compiled: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "compiled", re.compile(self.pattern))


ROWS: Final = (
    Row(
        "passive",
        rf"(?P<fig>{_LIST}){_GAP}(?P<out>B)",
        "The ministry said 71 soldiers were killed.",
        "The ministry said 71 soldiers were decorated.",
    ),
    Row(
        "leave",
        rf"L[~A\"]?(?P<fig>{_LIST})(?:[~OA]{{1,3}})?\"?(?P<out>[akBI])",
        "The clashes left 12 soldiers near Skarn on Monday dead.",
        "The clashes left 12 soldiers near Skarn without water.",
    ),
    Row(
        "intransitive",
        rf"(?P<fig>{_LIST}){_GAP}(?P<out>I)",
        "Five miners of the night shift died.",
        "Five miners of the night shift went home.",
    ),
    Row(
        "participle",
        rf"(?P<fig>{_LIST})(?:~|y|[,c]p|~?A|~?,?w~?[fnu]~?,?)?\"?(?P<out>[ka])(?!~?[fnuF])",
        "13 servicemen captured in the hills, 16 missing",
        "13 servicemen decorated in the hills",
    ),
    Row(
        "along-with",
        rf"(?P<out>[BkI])[~OA]{{0,2}},?d~?(?P<fig>{_LIST})",
        "Two soldiers died, along with three rebels.",
        "Two soldiers slept, along with three rebels.",
    ),
    Row(
        "active",
        rf"(?P<out>[Kk])(?:~\"?O~?|[~A(\"]|\"~O|,~,)?(?P<fig>{_LIST})",
        "The shell hit a bus, killing on the spot 14 people.",
        "The shell hit a bus carrying 14 people.",
    ),
    Row(
        "lose",
        r"Z~?(?P<fig>(?:x(?:,c?|c)~?)*[fF](?:(?:,c?|c)~?[fFx]){0,8})",
        "The army has lost 840 soldiers.",
        "The army has lost 84 tanks.",
        outcome="killed",
    ),
    Row(
        "mourn",
        rf"M~?(?P<fig>{_LIST})",
        "The movement mourned three of its fighters.",
        "The movement met three of its fighters.",
        outcome="killed",
    ),
    Row(
        "contact-with",
        r"C~?(?P<fig>[fn])E~?Z",
        "Contact with 27 servicemen is lost.",
        "Contact with 27 servicemen is good.",
        outcome="missing",
    ),
    Row(
        "no-contact",
        r"(?P<fig>[fn])~?CE~?Z",
        "With 24 servicemen the connection is lost.",
        "With 24 servicemen the connection is good.",
        outcome="missing",
    ),
    Row(
        "loss-of",
        rf"(?P<out>o)[~A]?O[~A\"]{{0,2}}(?P<fig>{_LIST})",
        "Baku reported the death of 31 servicemen.",
        "Baku reported the arrival of 31 servicemen.",
    ),
    Row(
        "number-rises",
        r"(?P<out>[oaKkI])(?:[~^OAptTwcxjryvEb,\"B]{0,8})[E:](?:\"?~?)(?P<fig>[nfF])",
        "The number of dead rose to 34.",
        "The number of tents rose to 34.",
    ),
    Row(
        "toll-rises",
        r"T(?:[~^OAptxcwrjyEb,]{0,8})[E:](?:\"?~?)(?P<fig>[nf])",
        "Its toll now stands at 46,913.",
        "Its rent now stands at 46,913.",
        outcome="killed",
        tier="check",
    ),
    Row(
        "toll-of",
        r"T~?O(?P<fig>[nf])",
        "The ministry gave a toll of 49.",
        "The ministry gave a list of 49.",
        outcome="killed",
        tier="check",
    ),
    Row(
        "label",
        r"(?P<out>[oak])(?:[~^OApt]{0,4}:~?|~?t)?(?P<fig>[nf])",
        "The Southern list has the wounded 1,240.",
        "The Southern list has the tents 1,240.",
    ),
    Row(
        "number-first",
        r"(?P<fig>n)(?:,[~^xn]{1,3},)?[~^]?tO[pf~r]{1,4}(?P<out>[IkB])",
        "The ministry cut to 46 the number of civilians who lost their lives.",
        "The ministry cut to 46 the number of civilians who moved.",
    ),
    Row(
        "own",
        r"(?P<fig>F)",
        "There were 15 dead.",
        "There were 15 cakes.",
    ),
)
#: Rows of a number said again with nothing else: it is of what the figure before it is of.
AGAIN: Final = (
    Row(
        "again-said",
        r"[yZ](?:O|~O|~)?\"?(?P<fig>n)(?=[;,~\"cj]|$)",
        "The North reports five dead; the South speaks of nine.",
        "The North reports five tents; the South speaks of nine.",
        tier="check",
    ),
    Row(
        "again-number",
        r"t~?E~?\"?(?P<fig>n)(?=[;,~^\"cj(]|$)",
        "The minister said 49 soldiers had died. He later raised the figure to 105.",
        "The minister said 49 soldiers had sung. He later raised the figure to 105.",
        tier="check",
    ),
)
#: Rows of parts of a figure before them: a part with a group ("including six children") is a claim of its own.
PARTS: Final = (
    Row(
        "part-after",
        r"w[~^\":E]?(?P<fig>[fnuF](?:(?:,c~?|c~?|,)[fnu]){0,8})",
        "The strike killed 48 people, including 17 children.",
        "The strike killed 48 people, including two generals.",
    ),
    Row(
        "part-before",
        r"(?P<fig>[fF](?:(?:,|c|,c)~?[fF])*)~?w(?!~?[fnuFp])",
        "The strike killed 48 people, six children among them.",
        "The strike killed 48 people, two generals among them.",
    ),
)


@dataclass(slots=True)
class Found:
    """A figure that a row found, with its outcome."""

    row: Row
    mention: Mention
    outcome: str | None
    by: Mention | None
    order: int  # which mention of the sentence


def kinds_of(mentions: list[Mention]) -> str:
    """Return the sentence as letters."""
    return "".join([mention.kind for mention in mentions])


def find(mentions: list[Mention], rows: tuple[Row, ...] = ROWS) -> Iterator[Found]:
    """Yield the figures that the rows find, each by the first row that finds it."""
    kinds = kinds_of(mentions)
    taken: set[int] = set()
    for row in rows:
        for match in row.compiled.finditer(kinds):
            by = _outcome_of(match, mentions)
            for order in range(match.start("fig"), match.end("fig")):
                mention = mentions[order]
                if order in taken or mention.kind not in "fnuF":
                    continue
                weak = mention.figure is not None and mention.figure.outcome_form == "weak"
                own = None if weak and by is not None and row.id != "own" else mention.outcome
                outcome = own or row.outcome or (by.outcome if by else None)
                if row.id == "loss-of" and by is not None and by.word in {"bodies", "body", "corpses"}:
                    continue
                if mention.kind == "u" and not _harms_people(by):
                    continue
                taken.add(order)
                yield Found(row, mention, outcome, by, order)


def _outcome_of(match: re.Match[str], mentions: list[Mention]) -> Mention | None:
    return mentions[match.start("out")] if "out" in match.re.groupindex and match.start("out") >= 0 else None


def _harms_people(by: Mention | None) -> bool:
    """Return whether only people suffer this: bridges are destroyed, hills captured, but railwaymen wounded."""
    return by is not None and by.word not in _OF_THINGS and by.outcome in {"killed", "wounded", "killed_or_wounded"}


_OF_THINGS: Final = words_of(
    "destroyed destroying eliminated eliminating liquidated neutralised neutralized disabled hit"
)
