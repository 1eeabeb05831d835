"""Left out: each number of the text that is in no claim, with the reason."""

from typing import Any, Final

from streams.reading.figures import Figure, FigureReader
from streams.reading.numbers import VAGUE, WORDS
from streams.reading.scene import Scene
from streams.reading.tokens import Token

#: Words that are a number only with more around them: no number of the text by themselves.
_NOT_ALONE: Final = frozenset({"one", "zero", "several"})
_SCALES: Final = frozenset({"dozen", "hundred", "thousand", "million"})


def is_number(token: Token) -> bool:
    """Return whether a token is a number that a draft must account for."""
    if token.kind in {"number", "clock"}:
        return True
    if token.kind != "word":
        return False
    low = token.low
    return (low in WORDS or low in VAGUE or low in _SCALES or low.split("-")[0] in WORDS) and low not in _NOT_ALONE


def left_out(scene: Scene, why: dict[int, str], taken: list[tuple[int, int]]) -> list[dict[str, Any]]:
    """Return the numbers of a text that are in no evidence, in order."""
    covered = bytearray(len(scene.tokens))
    for first, last in taken:
        covered[first:last] = b"\1" * (last - first)
    found: list[dict[str, Any]] = []
    for marked in scene.marked:
        for mention in marked.mentions:
            figure = mention.figure
            if figure is None or figure.implied or any(covered[figure.number[0] : figure.number[1]]):
                continue
            first, last = figure.number[0], max(figure.number[1], figure.last if figure.why else 0)
            if not any(is_number(token) for token in scene.tokens[first:last]):
                continue
            covered[first:last] = b"\1" * (last - first)
            found.append(_entry(scene, first, last, why.get(figure.first) or _why(scene, figure)))
    reader = FigureReader(scene.tokens, scene.phrases, scene.context)
    for index, token in enumerate(scene.tokens):
        if not covered[index] and is_number(token):
            found.append(_entry(scene, index, index + 1, why.get(index) or _bare_why(reader, index, len(scene.tokens))))
    return sorted(found, key=lambda entry: entry["start"])


def _why(scene: Scene, figure: Figure) -> str:
    if figure.why:
        return figure.why
    if figure.part:
        return "subset"
    if figure.bare and _is_equipment(scene, figure.first):
        return "equipment"
    return "not_losses" if figure.person or figure.group or figure.outcome else "not_people"


def _is_equipment(scene: Scene, index: int) -> bool:
    """Return whether the label before a number is of equipment: "artillery systems – 11 682 (+31)"."""
    for token in reversed(scene.tokens[max(0, index - 8) : index]):
        if token.kind == "line":
            return False
        if "equipment" in (scene.phrases.roles.get((token.low,)) or {}):
            return True
    return False


def _bare_why(reader: FigureReader, index: int, last: int) -> str:
    figure = reader.at(index, min(last, index + 8))
    return figure.why if figure and figure.why else "not_people"


def _entry(scene: Scene, first: int, last: int, why: str) -> dict[str, Any]:
    return {"start": scene.tokens[first].start, "end": scene.tokens[last - 1].end, "why": why}
