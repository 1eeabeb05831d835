"""Tiers: how sure a claim is, by reasons that are stable words."""

from typing import Final

from streams.reading.claim import Claim
from streams.reading.scene import Scene
from streams.reading.statements import Statement
from streams.reading.truce_times import Truce

#: Reasons that alone keep a claim out of `ready`.
DOUBTS: Final = frozenset(
    {
        "unattributed",
        "speaker_carried",
        "speaker_inferred",
        "party_by_place",
        "party_by_default",
        "party_of_the_enemy",
        "basis_by_default",
        "vague",
        "toll_without_outcome",
        "nested",
        "one_unnamed",
        "outcome_open",
        "sum",
        "inherited",
        "part",
        "time_by_default",
        "headline",
        "statement",
        "slug_made",
    },
)
_WHOSE: Final = {
    "place": "party_by_place",
    "default": "party_by_default",
    "enemy": "party_of_the_enemy",
    "agent": "party_by_place",
    "sum": "sum",
    "whole-war": "party_by_default",
}


def tier(reasons: list[str]) -> str:
    """Return the tier that reasons make."""
    if {"unattributed", "party_by_default", "basis_by_default"} <= set(reasons):
        return "check"
    return "check" if DOUBTS & set(reasons) else "ready"


def casualty_reasons(scene: Scene, claim: Claim) -> list[str]:
    """Return what a casualty claim rests on."""
    reasons: list[str] = []
    if claim.row == "bulletin":
        return ["bulletin"]
    if claim.frame is not None and claim.source is not None:
        manner = claim.frame.manner
        reasons.append(
            "speaker_carried"
            if manner in {"carried", "anaphor"}
            else "speaker_inferred"
            if claim.frame.anaphoric or manner == "tally"
            else "attributed"
        )
        if claim.source and claim.source not in scene.context.sources and not claim.source.endswith("-officials"):
            reasons.append("slug_made")
    elif claim.source is not None:
        reasons.append("own_words")
    else:
        reasons.append("unattributed")
    if not claim.marked.sentence.paragraph and len(scene.marked) > 1 and not claim.also:
        reasons.append("headline")
    if claim.whose in _WHOSE:
        reasons.append(_WHOSE[claim.whose])
    if not claim.basis.explicit:
        reasons.append("basis_by_default")
    count = claim.figure.count
    if count and count.vague:
        reasons.append("vague")
    if claim.figure.implied:
        reasons.append("one_unnamed")
    if claim.row.startswith("toll"):
        reasons.append("toll_without_outcome")
    if claim.outcome == "killed_or_wounded":
        reasons.append("outcome_open")
    if claim.parent is not None:
        reasons.append("part")
    return reasons


def truce_reasons(scene: Scene, truce: Truce) -> list[str]:
    """Return what a ceasefire claim rests on."""
    reasons = [
        "attributed"
        if truce.frame and truce.frame.source and not truce.frame.anaphoric
        else "speaker_inferred"
        if truce.source
        else "unattributed"
    ]
    if truce.source and truce.source not in scene.context.sources and not truce.source.endswith("-officials"):
        reasons.append("slug_made")
    return reasons


def statement_reasons(statement: Statement) -> list[str]:
    """Return what a statement rests on: always looked at."""
    return ["statement", "attributed" if statement.frame else "own_words"]
