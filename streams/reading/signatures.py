"""Signatures: a sentence after the figures that says whose count they are."""

import re
from typing import Final

from streams.reading.claim import Reading
from streams.reading.frames import Frame
from streams.reading.scene import Marked, Scene
from streams.reading.tokens import words_of

_THIS_IS: Final = re.compile(
    r"(?:this|that|these|the (?:count|toll|figures?|numbers?|names?|list)) (?:is|was|are|were|comes?|came|rests?) ",
)
_KEPT: Final = re.compile(
    r"(?:which|that|who) (?:kept|keeps|keeping|gave|compiled|published|released|issued|collected|put) "
    r"(?:the|its|a|their) (?:daily )?(?:count|names|toll|list|figures?|tally|case)",
)
_SIGNING: Final = words_of(
    "informed published reported documented released registered counted recorded publishes reports confirmed",
)


def sign(scene: Scene, marked: Marked, reading: Reading) -> None:
    """Attribute the claims of a paragraph to the counting office that the next sentence names."""
    frame = _signature(scene, marked)
    if frame is None:
        return
    for claim in reversed(reading.claims):
        if claim.marked.sentence.paragraph != marked.sentence.paragraph or claim.marked is marked:
            break
        if claim.source is None and claim.frame is None:
            claim.source, claim.frame = frame.source, frame


def _signature(scene: Scene, marked: Marked) -> Frame | None:
    text = " ".join(scene.words(marked.sentence.first, marked.sentence.last))
    if _THIS_IS.match(text) or _KEPT.search(text):
        actors = (m.actor for m in marked.mentions if m.kind == "A" and m.actor and m.actor.kind != "place")
        actor = next((actor for actor in actors if actor.source), None)
        return Frame(actor.source, actor.party, marked.sentence.first, marked.sentence.last, "tally") if actor else None
    if any(mention.kind in "fnF" for mention in marked.mentions):
        return None
    signed = (f for f in marked.frames if f.source and not f.anaphoric and (f.manner == "tally" or f.verb in _SIGNING))
    return next(signed, None)
