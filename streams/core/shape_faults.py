"""The faults of a record's shape, and its unknown fields, each by its path (contract section 2 rule 1)."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.reports import PATTERN_MEANS
from streams.core.refusal import Fault
from streams.core.words import nearest_word

__all__ = ["path_of", "shape_faults", "unknown_fields"]

#: By kind of claim: its field that is an object itself.
NESTED: Final = {"casualties": "count", "ceasefire": None, "statement": "refers_to"}
_SHOWN: Final = 40
#: Kind of a fault → the type that JSON must have there.
_TYPES: Final = {
    "dict_type": "an object",
    "int_type": "a whole number",
    "string_type": "a text in quotes",
    "list_type": "a list in [ ]",
    "bool_type": "true or false",
}


def shape_faults(error: ValidationError) -> list[Fault]:
    """Return every fault that the shape's validation found."""
    return [Fault(path_of(detail["loc"]), _reason(detail)) for detail in error.errors(include_url=False)]


def _reason(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    if detail["type"] == "literal_error":
        return _not_allowed(detail["input"], str(context["expected"]))
    if detail["type"] == "union_tag_invalid":
        return f"type: {_not_allowed(context['tag'], str(context['expected_tags']))}"
    if detail["type"] in _TYPES:
        return _wrong_type(_TYPES[detail["type"]], detail)
    return PATTERN_MEANS.get(context.get("pattern", ""), detail["msg"])


def _wrong_type(needed: str, detail: ErrorDetails) -> str:
    """Return the type that is needed and, for the likely slips, the value as it is to be written."""
    given, field = detail["input"], detail["loc"][-1]
    if isinstance(given, str) and len(given) <= _SHOWN:
        written = given.strip()
        if detail["type"] == "int_type" and written.removeprefix("-").isdecimal():
            return f"must be {needed}: write {written} without quotes"
    elif detail["type"] == "dict_type" and field == "count" and type(given) is int and 0 <= given < 10**10:
        return f'must be {needed}: write {{"best": {given}}}'
    return f"must be {needed}"


def _not_allowed(given: Any, expected: str) -> str:
    words = [word.strip().strip("'") for word in expected.replace(" or ", ", ").split(",")]
    near = nearest_word(given, words)
    shown = repr(given)
    if len(shown) > _SHOWN:
        shown = f"{shown[:_SHOWN]}…"
    hint = "" if near is None else f" did you mean {near}?"
    return f"{shown} is not allowed;{hint} write one of {', '.join(words)}"


def path_of(location: tuple[int | str, ...]) -> str:
    """Return a field's path as people write it: `claims[0].count.best`."""
    path = ""
    for index, part in enumerate(location):
        if isinstance(part, int):
            path += f"[{part}]"
        elif not (index > 1 and isinstance(location[index - 1], int) and location[0] == "claims"):
            path += f".{part}" if path else part
        elif part not in NESTED:
            # After a claim's index pydantic names its kind, which is no field.
            path += f".{part}"
    return path


def unknown_fields(given: Mapping[str, Any], shape: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the paths of a report's fields that its shape does not have, also of its claims and what is in them."""
    return tuple(_unknown(given, shape))


def _unknown(given: Mapping[str, Any], shape: Mapping[str, Any]) -> Iterator[str]:
    yield from _missing(given, shape, "")
    if document := shape.get("document"):
        yield from _missing(given["document"], document, "document.")
    claims = zip(given.get("claims") or (), shape.get("claims") or (), strict=True)
    for index, (given_claim, claim) in enumerate(claims):
        yield from _missing(given_claim, claim, f"claims[{index}].")
        nested = NESTED[claim["type"]]
        if nested is not None and (inner := claim.get(nested)):
            yield from _missing(given_claim[nested], inner, f"claims[{index}].{nested}.")


def _missing(given: Mapping[str, Any], shape: Mapping[str, Any], parent: str) -> Iterator[str]:
    if len(given) > len(shape):
        yield from (f"{parent}{name}" for name in given if name not in shape)
