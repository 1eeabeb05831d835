"""Find the breaking changes of a schema (docs/explanation/evolution.md).

A reader must find every field that it knew, always present if it always was, with no value that was impossible
before. A writer must be allowed everything that was allowed before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

Schema = dict[str, Any]
# Limits that refuse what is less, and what is more.
LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems")
MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")


class Place(NamedTuple):
    """The values of one field, over all its forms."""

    required: bool
    types: frozenset[str]
    #: The values that it may have, None for any.
    values: frozenset[str] | None
    patterns: frozenset[str]
    limits: dict[str, int]


def breaks_readers(before: Schema, now: Schema) -> list[str]:
    """Return the faults that readers with the schema `before` would find in records of `now`."""
    old, new = places(before), places(now)
    faults = [f"{path}: gone" for path in old.keys() - new.keys()]
    for path in old.keys() & new.keys():
        was, is_ = old[path], new[path]
        if was.required and not is_.required:
            faults.append(f"{path}: no longer always there")
        faults += [f"{path}: may now be {gained}" for gained in _gained(was, is_)]
    return sorted(faults)


def breaks_writers(before: Schema, now: Schema) -> list[str]:
    """Return the values of writers with the schema `before` that `now` would reject or ignore."""
    old, new = places(before), places(now)
    faults = [f"{path}: passed over" for path in old.keys() - new.keys()]
    for path, is_ in new.items():
        if is_.required and not (path in old and old[path].required):
            faults.append(f"{path}: now required")
        if path in old:
            faults += [f"{path}: may no longer be {lost}" for lost in _gained(is_, old[path])]
    return sorted(faults)


def _gained(narrow: Place, wide: Place) -> Iterator[str]:
    """Yield what the wide place allows and the narrow one does not."""
    if not wide.types <= narrow.types:
        yield from sorted(wide.types - narrow.types)
        return
    if narrow.values is not None:
        yield from ["anything"] if wide.values is None else sorted(wide.values - narrow.values)
    if narrow.patterns and not wide.patterns <= narrow.patterns | {""}:
        yield "written otherwise"
    for name in (*LEAST, *MOST):
        if name in narrow.limits:
            sign = 1 if name in LEAST else -1
            if name not in wide.limits or sign * wide.limits[name] < sign * narrow.limits[name]:
                yield f"beyond {name} {narrow.limits[name]}"


def places(document: Schema) -> dict[str, Place]:
    """Return every field of a schema, by path: `claims[]<CasualtiesClaim>.count.best`."""
    return dict(_walk(document, document, "record", required=True))


def _walk(schema: Schema, document: Schema, path: str, *, required: bool) -> Iterator[tuple[str, Place]]:
    forms = [*_forms(schema, document)]
    objects = [form for form in forms if form.get("type") == "object"]
    several = len(objects) > 1
    types = {form["title"] if several and form in objects else form.get("type", "any") for form in forms}
    plain = [form for form in forms if form.get("type") not in {"object", "array", "null"}]
    values = [_values(form) for form in plain]
    limits = {name: form[name] for form in plain for name in (*LEAST, *MOST) if name in form}
    patterns = frozenset(form["pattern"] for form in plain if "pattern" in form)
    known = None if None in values or not plain else frozenset(each for some in values for each in some or ())
    yield path, Place(required, frozenset(types), known, patterns, limits)
    for form in forms:
        below = f"{path}<{form['title']}>" if several and form in objects else path
        for name, inner in form.get("properties", {}).items():
            yield from _walk(inner, document, f"{below}.{name}", required=name in form.get("required", ()))
        if "items" in form:
            yield from _walk(form["items"], document, f"{below}[]", required=False)
        if isinstance(form.get("additionalProperties"), dict):
            yield from _walk(form["additionalProperties"], document, f"{below}{{}}", required=False)


def _forms(schema: Schema, document: Schema) -> Iterator[Schema]:
    while "$ref" in schema:
        schema = document["$defs"][schema["$ref"].rpartition("/")[2]]
    parts = schema.get("anyOf") or schema.get("oneOf")
    if parts is None:
        yield schema
    else:
        for part in parts:
            yield from _forms(part, document)


def _values(form: Schema) -> set[str] | None:
    if "const" in form:
        return {str(form["const"])}
    return {str(value) for value in form["enum"]} if "enum" in form else None
