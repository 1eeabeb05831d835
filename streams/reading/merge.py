"""Merging: one claim for a figure that is reported twice, sums whose parts are in the text, resolved outcomes."""

from itertools import combinations
from typing import Final

from streams.reading.claim import Claim, Reading

_MOST_PARTS: Final = 12
#: Figures so small are not one for being equal.
_FEW: Final = 3
#: From here on an equal figure of another outcome is no chance.
_CHANCE: Final = 20
#: From here on it is no chance that neighbouring figures add up.
_NO_CHANCE: Final = 100
_NEAR_LINES: Final = 6


def merged(reading: Reading) -> list[Claim]:
    """Return the claims without repeats and without sums or parts that another claim says already."""
    claims: list[Claim] = []
    for claim in reading.claims:
        twin = next((other for other in claims if _same(other, claim)), None)
        if twin is None:
            claims.append(claim)
        else:
            _absorb(twin, claim)
    return _without_sums(_resolved(_without_headlines(claims)), reading)


def _without_headlines(claims: list[Claim]) -> list[Claim]:
    """Let a headline's vague or rounded figure be the body's: "dozens" is 57, "pass 60,000" is 60,034."""
    kept = []
    for claim in claims:
        count = claim.figure.count
        body = [
            c
            for c in claims
            if c.marked.sentence.paragraph and c.outcome == claim.outcome and c.figure.count and c is not claim
        ]
        if count and not claim.marked.sentence.paragraph and claim.group is None:
            near = [
                c
                for c in body
                if count.best <= _best(c)
                and (count.vague or (count.qualifier == "more_than" and _best(c) <= count.best * 1.05))
            ]
            if near:
                near[0].also.append(claim.figure)
                continue
        kept.append(claim)
    return kept


def _same(one: Claim, other: Claim) -> bool:
    """Return whether two claims report one figure: in headline and body, or in two sentences."""
    a, b = one.figure.count, other.figure.count
    if a is None or b is None or a.best != b.best or one.basis.scope != other.basis.scope or one.marked is other.marked:
        return False
    in_title = not one.marked.sentence.paragraph and bool(other.marked.sentence.paragraph)
    if not _agree(one, other, in_title=in_title):
        return False
    return a.best > _FEW or (in_title and not other.figure.implied) or bool(_places(one) & _places(other))


def _agree(one: Claim, other: Claim, *, in_title: bool) -> bool:
    """Return whether nothing that two claims say is against their being one."""
    count = one.figure.count
    open_outcome = "killed_or_wounded" in {one.outcome, other.outcome} and count is not None and count.best >= _CHANCE
    same_outcome = one.outcome == other.outcome or open_outcome
    same_group = one.group == other.group or other.figure.bare
    same_source = in_title or not one.source or not other.source or one.source == other.source
    same_people = one.population == other.population or "unknown" in {one.population, other.population}
    same_party = in_title or one.party == other.party or {one.whose, other.whose} != {"explicit"}
    return same_outcome and same_group and same_source and same_people and same_party


def _places(claim: Claim) -> set[str]:
    return {m.actor.place for m in claim.marked.mentions if m.actor and m.actor.place}


def _absorb(twin: Claim, claim: Claim) -> None:
    """Take the more exact parts of a second report."""
    in_title = not twin.marked.sentence.paragraph and claim.source is not None
    if (twin.source is None or in_title) and claim.source is not None:
        twin.source, twin.frame, twin.row = claim.source, claim.frame, claim.row
        if twin.whose != "explicit":
            twin.party, twin.whose = claim.party, claim.whose
        twin.basis = claim.basis if claim.basis.explicit or not twin.basis.explicit else twin.basis
    elif claim.whose == "explicit" and twin.whose != "explicit":
        twin.party, twin.whose = claim.party, claim.whose
    if twin.population == "unknown":
        twin.population = claim.population
    if twin.outcome == "killed_or_wounded":
        twin.outcome = claim.outcome
    if not twin.basis.explicit and claim.basis.explicit:
        twin.basis = claim.basis
    twin.also.append(claim.figure)
    one, other = twin.figure.count, claim.figure.count
    if one and other and one.qualifier == "exact" != other.qualifier and not twin.marked.sentence.paragraph:
        twin.figure, twin.also[-1] = claim.figure, twin.figure


def _resolved(claims: list[Claim]) -> list[Claim]:
    """Let a total of "casualties" whose parts are killed be killed (71 + 105 = 176)."""
    counted = [c for c in claims if c.outcome in {"killed", "killed_or_wounded"} and c.figure.count]
    for total in [c for c in counted if c.outcome == "killed_or_wounded"]:
        for a, b in combinations([c for c in counted if c is not total][:_MOST_PARTS], 2):
            if _best(a) + _best(b) == _best(total) and "killed" in {a.outcome, b.outcome}:
                a.outcome = b.outcome = "killed"
    killed = [c for c in claims if c.outcome == "killed" and c.figure.count]
    for claim in claims:
        if claim.outcome != "killed_or_wounded" or claim.figure.count is None:
            continue
        if any(
            _best(a) + _best(b) == _best(claim) and a.party != b.party for a, b in combinations(killed[:_MOST_PARTS], 2)
        ):
            claim.outcome, claim.party, claim.whose = "killed", "all", "sum"
            claim.population = next((c.population for c in killed if c.population != "unknown"), claim.population)
            claim.basis = type(claim.basis)("derived", None, claim.basis.as_of)
    return claims


def _best(claim: Claim) -> int:
    return claim.figure.count.best if claim.figure.count else 0


def _without_sums(claims: list[Claim], reading: Reading) -> list[Claim]:
    """Leave out a sum of parts that differ, or the parts of a sum that do not; two sides together are derived."""
    gone: set[int] = set()
    for total in claims:
        peers = [
            c
            for c in claims
            if c is not total
            and c.outcome == total.outcome
            and c.group == total.group
            and 0 < _best(c) < _best(total)
            and id(c) not in gone
        ]
        parts = _parts(total, peers[:_MOST_PARTS])
        if not parts or total.group:
            continue
        if len({part.party for part in parts}) > 1:
            if (
                total.source is None
                or all(part.source != total.source for part in parts)
                or total.party == "all"
                or total.whose in {"place", "default"}
            ):
                total.party, total.whose, total.basis = (
                    "all",
                    "sum",
                    type(total.basis)("derived", None, total.basis.as_of),
                )
        elif len({part.population for part in parts}) > 1:
            gone.add(id(total))
            reading.why[total.figure.first] = "sum_of_parts"
        elif all(part.party == total.party for part in parts):
            for part in parts:
                gone.add(id(part))
                reading.why[part.figure.first] = "sum_of_parts"
    return [claim for claim in claims if id(claim) not in gone]


def _parts(total: Claim, peers: list[Claim]) -> tuple[Claim, ...]:
    """Return two to six neighbouring claims that add up to a total."""
    for size in range(2, 7):
        for start in range(len(peers) - size + 1):
            chosen = peers[start : start + size]
            if sum(map(_best, chosen)) == _best(total) and _fits(total, chosen):
                return tuple(chosen)
    return ()


def _fits(total: Claim, parts: list[Claim]) -> bool:
    """Return whether figures may be parts of a total: reported near it, or too great for chance."""
    lines = [abs(part.marked.sentence.line - total.marked.sentence.line) for part in parts]
    if max(lines) == 0 or _best(total) >= _NO_CHANCE:
        return True
    words = {m.word for m in total.marked.mentions} | {m.kind for m in total.marked.mentions}
    return max(lines) <= _NEAR_LINES and bool(words & {"t", "T"})
