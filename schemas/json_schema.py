"""A JSON Schema for each record, and one AsyncAPI document for all topics.

`python -m schemas.generate` writes both from the shapes and the table of topics.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode, JsonSchemaValue

from schemas.alerts import Alert, Undelivered
from schemas.changes import COUNT_CHANGE, STATEMENT_CHANGE, STATUS_CHANGE
from schemas.differences import DIFFERENCE
from schemas.headers import EVENT_HEADERS, REJECTED_HEADERS
from schemas.pictures import PICTURE, SNAPSHOT
from schemas.reports import REPORT, TICK

__all__ = ["SCHEMAS", "SHAPES", "VERSION", "Shape", "combined", "json_schema", "without_unused"]

#: Of the contract that these shapes are: the first number moves with a breaking change (docs/explanation/evolution.md).
VERSION = "2.0.0"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
MODE: JsonSchemaMode = "validation"
#: The place of the schemas in the documents.
SCHEMAS = "#/components/schemas/"
Examples = Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Shape:
    """A record's shape: `name` is its file's, `title` what `schemas.topics` calls it."""

    name: str
    title: str
    adapter: TypeAdapter[Any]
    says: str


_TABLE = (
    Shape(
        "report",
        "Report",
        REPORT,
        "One publication of a source, with its claims. An optional field that is null is not given; unknown fields are"
        " ignored. `truceline schema check` also checks the rules between fields.",
    ),
    Shape("tick", "Tick", TICK, "Time, as an event: it moves an episode's clock and carries nothing else."),
    Shape("count-change", "CountChange", COUNT_CHANGE, "A change of one source's running count."),
    Shape("status-change", "StatusChange", STATUS_CHANGE, "A change of the status of a ceasefire in one view."),
    Shape("statement-change", "StatementChange", STATEMENT_CHANGE, "A statement published, changed or withdrawn."),
    Shape("picture", "Picture", PICTURE, "A snapshot of an episode, or a stub if it is too long."),
    Shape("snapshot", "Snapshot", SNAPSHOT, "An episode as `truceline replay --snapshot` writes it."),
    Shape(
        "difference",
        "Difference",
        DIFFERENCE,
        "The changes of an episode between two times, as `truceline diff` prints them.",
    ),
    Shape("alert", "Alert", TypeAdapter(Alert), "An alert, raised or resolved."),
    Shape("undelivered", "Undelivered", TypeAdapter(Undelivered), "An alert that a target did not take."),
    Shape("event-headers", "EventHeaders", EVENT_HEADERS, "The headers of every record that is published."),
    Shape("rejected-headers", "RejectedHeaders", REJECTED_HEADERS, "The headers of a refused record."),
)
SHAPES: Mapping[str, Shape] = {shape.name: shape for shape in _TABLE}

# Claims come in and go out in shapes of their own, whose names would collide in one document.
_NAMES = {
    "ReportShape": "Report",
    "TickShape": "Tick",
    "CountShape": "Count",
    "CasualtiesShape": "CasualtiesClaim",
    "CeasefireShape": "CeasefireClaim",
    "StatementShape": "StatementClaim",
    "ReferenceShape": "ClaimReference",
    "DocumentShape": "ReportDocument",
}


def json_schema(shape: Shape, examples: Sequence[Any] = ()) -> dict[str, Any]:
    """Return a shape's own JSON Schema, draft 2020-12, with examples."""
    schema = _tidy(shape.adapter.json_schema(mode=MODE))
    definitions = schema.pop("$defs", {})
    head = {
        "$schema": DIALECT,
        "$id": f"urn:truceline:v{VERSION.split('.', maxsplit=1)[0]}:{shape.name}",
        "title": shape.title,
        "description": shape.says,
    }
    body = {name: value for name, value in schema.items() if name not in head}
    return {
        **head,
        **body,
        **({"$defs": dict(sorted(definitions.items()))} if definitions else {}),
        **({"examples": list(examples)} if examples else {}),
    }


def combined(ref_template: str, more: Sequence[Shape] = ()) -> dict[str, Any]:
    """Return the schemas of all shapes and of their parts, by title, that name each other by `ref_template`."""
    shapes = (*_TABLE, *more)
    tops, rest = TypeAdapter.json_schemas(
        [(shape.name, MODE, shape.adapter) for shape in shapes], ref_template=ref_template
    )
    found: dict[str, Any] = _tidy(rest).get("$defs", {})
    for shape in shapes:
        schema = _tidy(tops[shape.name, MODE])
        if "$ref" not in schema and shape.title in found:
            raise ValueError(f"{shape.title} names a shape and a part of one")
        own = found.get(shape.title, {}) if "$ref" in schema else schema
        found[shape.title] = own | {"title": shape.title, "description": shape.says}
    return dict(sorted(found.items()))


def without_unused(document: dict[str, Any]) -> dict[str, Any]:
    """Return an AsyncAPI or OpenAPI document without the schemas in its components that nothing else in it names."""
    components = document["components"]
    schemas: dict[str, Any] = components["schemas"]
    named: set[str] = set()
    fresh = set(_names_in({**document, "components": {**components, "schemas": {}}}))
    while fresh:
        named |= fresh
        fresh = {name for one in fresh for name in _names_in(schemas[one])} - named
    used = {name: schema for name, schema in schemas.items() if name in named}
    return {**document, "components": {**components, "schemas": used}}


def _names_in(part: Any) -> Iterator[str]:
    """Yield the names of the schemas that a part of a document refers to."""
    if isinstance(part, dict):
        target = part.get("$ref")
        if isinstance(target, str) and target.startswith(SCHEMAS):
            yield target.removeprefix(SCHEMAS)
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from _names_in(inner)


def _tidy(schema: JsonSchemaValue) -> dict[str, Any]:
    """Drop what says nothing (a field's name as its title) or what only OpenAPI knows."""
    tidied: dict[str, Any] = {}
    for name, value in schema.items():
        if name == "discriminator":
            continue
        if name == "properties":
            tidied[name] = {field: _untitled(_tidy(inner)) for field, inner in value.items()}
        elif name == "$defs":
            tidied[name] = {_NAMES.get(title, title): _named(_tidy(inner)) for title, inner in value.items()}
        elif name == "$ref":
            tidied[name] = _renamed(value)
        elif isinstance(value, dict):
            tidied[name] = _tidy(value)
        elif isinstance(value, list):
            tidied[name] = [_tidy(each) if isinstance(each, dict) else each for each in value]
        else:
            tidied[name] = value
    return tidied


def _untitled(schema: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != "title"}


def _named(schema: dict[str, Any]) -> dict[str, Any]:
    return schema | {"title": _NAMES.get(schema["title"], schema["title"])} if "title" in schema else schema


def _renamed(reference: str) -> str:
    path, _, title = reference.rpartition("/")
    return f"{path}/{_NAMES.get(title, title)}"
