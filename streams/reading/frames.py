"""Frames: somebody's words, from where to where, and how it is known."""

from dataclasses import dataclass


@dataclass(slots=True)
class Frame:
    """Somebody's words: from which token to which, and how it is known."""

    source: str | None  # None: the outlet
    party: str | None
    first: int
    last: int
    manner: str  # before, after, tail, head, tally, carried, anaphor, document
    verb: str = ""
    verb_at: int = -1
    anaphoric: bool = False


_ORDER = {"before": 0, "after": 1, "tail": 2, "head": 3, "anaphor": 3, "carried": 4, "tally": 5, "document": 6}


def speaker_at(frames: list[Frame], token: int) -> Frame | None:
    """Return the frame that a token is in: what reaches forward before what closes a sentence, the narrowest first."""
    fitting = [frame for frame in frames if frame.first <= token < frame.last]
    return min(fitting, key=lambda frame: (_ORDER[frame.manner], frame.last - frame.first), default=None)
