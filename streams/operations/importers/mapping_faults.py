"""Faults of a mapping file in plain words, each with its place in the file."""

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import ValidationError

from schemas.reports import (
    SLUG,
    Basis,
    CeasefireAct,
    Group,
    Outcome,
    Population,
    Qualifier,
    StatementAct,
    StatementSubject,
)

__all__ = ["Location", "constant_faults", "shape_faults"]

Location = tuple[int | str, ...]

#: Field → the words that it may have.
WORDS: dict[str, tuple[str, ...]] = {
    "outcome": get_args(Outcome),
    "population": get_args(Population),
    "qualifier": get_args(Qualifier),
    "basis": get_args(Basis),
    "group": get_args(Group),
    "about": get_args(StatementSubject),
}
ACTS = {"ceasefire": get_args(CeasefireAct), "statement": get_args(StatementAct)}
SLUGS = (
    "episode", "source", "relayed_by", "party", "by", "against", "ceasefire", "incident", "scope", "place",
)  # fmt: skip
#: Words that people use → the field's own.
SYNONYMS = {
    "dead": "killed", "deaths": "killed", "died": "killed", "fatalities": "killed", "killings": "killed",
    "kids": "children", "child": "children", "female": "women", "journalists": "press", "doctors": "medics",
    "injured": "wounded", "injuries": "wounded", "hurt": "wounded", "prisoners": "captured", "pow": "captured",
    "disappeared": "missing", "civilians": "civilian", "soldiers": "military", "combatants": "military",
    "at least": "at_least", "more than": "more_than", "up to": "up_to", "approximately": "about", "around": "about",
    "increment": "incremental", "daily": "incremental", "new": "incremental", "total": "cumulative",
    "running": "cumulative", "declared": "announced", "started": "took_effect", "broken": "collapsed",
}  # fmt: skip
SLUG_RULE = "lower-case letters, digits, '.', '_' and '-', a letter or digit first"
_IS_SLUG = re.compile(SLUG)
_SHAPES = ("casualties", "ceasefire", "statement")


def shape_faults(error: ValidationError, fields_of: Callable[[Location], list[str]]) -> Iterator[tuple[Location, str]]:
    """Yield place and words of each fault that pydantic found; `fields_of` names the fields of a part."""
    errors: list[dict[str, Any]] = [{**each, "loc": _bare(each["loc"])} for each in error.errors(include_url=False)]
    # Of a value that may be a word or a column, pydantic reports the faults of each form: those of the column count.
    columns = {each["loc"][: each["loc"].index("FromColumn")] for each in errors if "FromColumn" in each["loc"]}
    for each in errors:
        location = each["loc"]
        if "FromColumn" not in location and any(location[: len(place)] == place for place in columns):
            continue
        yield location, _words(location, each, fields_of)


def _bare(location: Location) -> Location:
    """Return a location in which a shape with a validator has its plain name."""
    return tuple("FromColumn" if isinstance(part, str) and "FromColumn" in part else part for part in location)


def _words(location: Location, error: Mapping[str, Any], fields_of: Callable[[Location], list[str]]) -> str:
    place, name = _place(location[:-1]), str(location[-1]) if location else ""
    match error["type"]:
        case "extra_forbidden":
            fields = fields_of(location[:-1])
            near = get_close_matches(name, fields, 1, 0.5)
            hint = f"; did you mean {near[0]}?" if near else f"; the fields are {', '.join(fields)}"
            said = f"{place}{name} is not a field{hint}"
        case "missing":
            said = f"{place}{name} is missing"
        case "union_tag_invalid" | "union_tag_not_found":
            said = f"{_place(location)}type must be casualties, ceasefire or statement"
        case "model_type" | "model_attributes_type" | "dict_type":
            said = f"{_place(location)}must be fields and values, each as name: value"
        case "string_pattern_mismatch":
            said = f"{place}{name}: {error['input']!r} is not a slug: {SLUG_RULE}"
        case "too_short":
            said = f"{place}{name}: must have at least one item"
        case "list_type":
            said = f"{place}{name} must be a list, as [{error['input']}]"
        case _:
            said = f"{_place(location)}{error['msg'].removeprefix('Value error, ')}"
    return said


def _place(location: Location) -> str:
    """Return where a field is: `claim 1: `, `report: source: `."""
    parts = list(location)
    named = []
    if parts[:1] == ["claims"] and len(parts) > 1:
        named.append(f"claim {int(parts[1]) + 1}")
        parts = parts[3:] if len(parts) > 2 and parts[2] in _SHAPES else parts[2:]
    named += [str(part) for part in parts if part not in {"FromColumn", "str", "int", "bool"}]
    return "".join(f"{part}: " for part in named)


def constant_faults(content: Mapping[str, Any]) -> Iterator[tuple[Location, str]]:
    """Yield place and words of each constant that no report may hold, and of each missing table."""
    tables = content.get("tables")
    parts: list[tuple[Location, Any]] = [(("report",), content.get("report"))]
    claims = content.get("claims")
    parts += [(("claims", index), claim) for index, claim in enumerate(claims if isinstance(claims, list) else [])]
    for place, part in parts:
        if isinstance(part, dict):
            kind = str(part.get("type", ""))
            for name, value in part.items():
                yield from _value_faults((*place, name), kind, value, tables if isinstance(tables, dict) else {})


def _value_faults(place: Location, kind: str, value: Any, tables: Mapping[str, Any]) -> Iterator[tuple[Location, str]]:
    name = str(place[-1])
    if isinstance(value, str):
        if reason := _objection(name, kind, value):
            yield place, f"{_place(place)}{reason}"
        return
    if not isinstance(value, dict):
        return
    default = value.get("default")
    if isinstance(default, str) and (reason := _objection(name, kind, default)):
        yield (*place, "default"), f"{_place(place)}default: {reason}"
    table = value.get("table")
    if isinstance(table, str) and table not in tables:
        yield (*place, "table"), f"{_place(place)}there is no table {table} under tables"
    elif isinstance(table, str) and isinstance(tables[table], dict):
        for word, meaning in tables[table].items():
            if isinstance(meaning, str) and (reason := _objection(name, kind, meaning)):
                yield ("tables", table, word), f"table {table}: {word}: {reason}"


def _objection(name: str, kind: str, value: str) -> str | None:
    words = ACTS.get(kind, ()) if name == "act" else WORDS.get(name, ())
    if words and value not in words:
        near = SYNONYMS.get(value.lower()) or next(iter(get_close_matches(value, words, 1)), None)
        hint = f"; did you mean {near}?" if near in words else ""
        return f"{value!r} is not one of {', '.join(words)}{hint}"
    if name in SLUGS and not _IS_SLUG.fullmatch(value):
        return f"{value!r} is not a slug: {SLUG_RULE}"
    return None
