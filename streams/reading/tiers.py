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
        "party_of_the_speaker",
        "people_unnamed",
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
        "label_far",
        "said_again",
        "statement",
        "slug_made",
    },
)
_WHOSE: Final = {
    "place": "party_by_place",
    "default": "party_by_default",
    "enemy": "party_of_the_enemy",
    "own": "party_of_the_speaker",
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
    if claim.row == "bulletin":
        return ["bulletin"]
    count = claim.figure.count
    headline = not claim.marked.sentence.paragraph and len(scene.marked) > 1 and not claim.also
    doubts = {
        "slug_made": claim.source is not None and not _known(scene, claim.source),
        "headline": headline,
        "label_far": claim.row == "number-rises" and claim.frame is not None and claim.frame.manner != "document",
        _WHOSE.get(claim.whose, ""): claim.whose in _WHOSE,
        "basis_by_default": not claim.basis.explicit,
        "vague": count is not None and count.vague,
        "one_unnamed": claim.figure.implied,
        "people_unnamed": claim.figure.person is None and claim.group is None,
        "toll_without_outcome": claim.row.startswith("toll"),
        "said_again": claim.row.startswith("again"),
        "outcome_open": claim.outcome == "killed_or_wounded",
        "part": claim.parent is not None,
    }
    return [_voice(claim), *(reason for reason, holds in doubts.items() if holds)]


def _voice(claim: Claim) -> str:
    """Return how it is known who says it."""
    if claim.source is None:
        return "unattributed"
    if claim.frame is None or claim.frame.manner == "document":
        return "own_words"
    if claim.frame.manner in {"carried", "anaphor"}:
        return "speaker_carried"
    return "speaker_inferred" if claim.frame.anaphoric or claim.frame.manner == "tally" else "attributed"


def _known(scene: Scene, source: str) -> bool:
    """Return whether a slug is in the registry, or that of a party's officials."""
    return source in scene.context.sources or source.endswith("-officials")


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
