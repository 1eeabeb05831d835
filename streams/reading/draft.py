"""The draft: reports with claims, their evidence, and the numbers that were left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from streams.reading.context import Context
from streams.reading.document import Document
from streams.reading.lexicon import digest, lexicon
from streams.reading.casualties import Draft as CasualtyDraft, read_casualties
from streams.reading.scene import Scene, scene_of

VERSION: Final = "1"


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as contract section 9 has it."""

    content: Mapping[str, Any]


def read(document: Document, context: Context) -> Draft:
    """Return the draft of a document."""
    table = lexicon(document.lang)
    scene = scene_of(document, context, table)
    reading = read_casualties(scene)
    pairs = []
    for claim in _merged(reading.claims):
        source = claim.source or document.outlet
        body = {
            "type": "casualties", "party": claim.party, "outcome": claim.outcome, "population": claim.population,
            "count": _count(claim), "qualifier": claim.figure.count.qualifier, "basis": claim.basis.basis,
        }
        if claim.group: body["group"] = claim.group
        if claim.basis.scope: body["scope"] = claim.basis.scope
        pairs.append((source, body, claim))
    return Draft({"id": document.id, "claims": [{"source": s, "claim": b, "row": c.row, "whose": c.whose} for s, b, c in pairs], "why": reading.why})


def _count(claim):
    c = claim.figure.count
    out = {"best": c.best}
    if c.low is not None: out["low"] = c.low
    if c.high is not None: out["high"] = c.high
    return out


def _merged(claims):
    """Merge."""
    out = []
    for claim in claims:
        twin = next((o for o in out if _same(o, claim)), None)
        if twin is None:
            out.append(claim)
            continue
        if twin.source is None and claim.source is not None:
            twin.source, twin.party, twin.whose, twin.frame = claim.source, claim.party if claim.whose == "explicit" or twin.whose != "explicit" else twin.party, claim.whose, claim.frame
        if twin.population == "unknown" and claim.population != "unknown": twin.population = claim.population
        if twin.marked.sentence.paragraph == 0 and twin.figure.count.qualifier == "exact" and claim.figure.count.qualifier != "exact" : twin.figure = claim.figure
        if twin.basis.explicit is False and claim.basis.explicit: twin.basis = claim.basis
        twin.also.append(claim.figure)
    return out


def _same(a, b):
    ca, cb = a.figure.count, b.figure.count
    if (ca.best, a.outcome, a.group) != (cb.best, b.outcome, b.group) or a.basis.scope != b.basis.scope:
        return False
    if ca.best < 3 and a.figure.implied and b.figure.implied: return False
    if a.source and b.source and a.source != b.source: return False
    if a.marked is b.marked and a.source==b.source: return False
    if a.population != b.population and "unknown" not in (a.population, b.population): return False
    if ca.best <= 3 and a.marked.sentence.paragraph and b.marked.sentence.paragraph: return False
    return True
