"""Decisions on drafted claims, by tier and by reason: how often the reader was right. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["Quality"]


@dataclass(slots=True)
class Tally:
    """Claims that were taken as drafted, taken with an edit, and left out."""

    kept: int = 0
    edited: int = 0
    left: int = 0


@dataclass(slots=True)
class Quality:
    """Decisions on the claims of drafts; `added` counts claims that the reader had not found."""

    documents: int = 0
    added: int = 0
    tiers: dict[str, Tally] = field(default_factory=dict)
    reasons: dict[str, Tally] = field(default_factory=dict)

    def count(self, draft: Mapping[str, Any], review: Mapping[str, Any]) -> None:
        """Add a reviewed draft: a claim counts once for its tier, and once for each of its reasons."""
        self.documents += 1
        self.added += len(review.get("added", ()))
        fates = {(each["report"], each["claim"]): _fate(each) for each in review["claims"]}
        for claim in draft["claims"]:
            fate = fates.get((claim["report"], claim["claim"]), "left")
            if review["decision"] == "rejected":
                fate = "left"
            for tallies, names in ((self.tiers, [claim["tier"]]), (self.reasons, claim["reasons"])):
                for name in names:
                    tally = tallies.setdefault(name, Tally())
                    setattr(tally, fate, getattr(tally, fate) + 1)

    def as_record(self) -> dict[str, Any]:
        """Return it as JSON has it, with the names sorted."""
        return {
            "documents": self.documents,
            "added": self.added,
            "tiers": {name: asdict(tally) for name, tally in sorted(self.tiers.items())},
            "reasons": {name: asdict(tally) for name, tally in sorted(self.reasons.items())},
        }


def _fate(decided: Mapping[str, Any]) -> str:
    if not decided["taken"]:
        return "left"
    return "edited" if decided["edited"] or decided.get("source") else "kept"
