"""The HTTP interface as one OpenAPI 3.1 document, made from the shapes."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from schemas.http_api import ANSWERS
from schemas.json_schema import SCHEMAS, SHAPES, VERSION, Examples, Shape, combined, without_unused
from schemas.openapi_review import DRY, access_paths, review_paths
from schemas.openapi_tables import table_paths
from schemas.reports import SLUG, TIME
from schemas.topics import CHANGE_TOPICS

__all__ = ["openapi"]

JSON, LINES = "application/json", "application/x-ndjson"

DESCRIPTION = """\
Reports of an armed conflict go in; pictures of each episode, and every change with its cause, come out. The same over
Kafka and over one SQLite file.
"""
EVENTS = """\
Server-sent events: `casualties`, `ceasefires`, `statements` and `alerts` carry the records of those topics, `episodes`
(only where it is asked for) a picture without its cells. `heartbeat` comes first and every 15 s; `reset` says that the
mark does not reach: load the snapshot again; `end` says why the server closes. Each event's id is a mark.
"""
PROBLEMS = {
    400: "not JSON, or no mark",
    401: "the token is missing or wrong",
    403: "not from here",
    404: "no report of this episode has been taken",
    409: "the same revision exists with other content",
    413: "too large",
    415: "a compressed body",
    422: "a value or a report breaks a rule",
    429: "more reports than one address may post; Retry-After has the wait",
    501: "this server has no review desk",
    503: "not possible for now; Retry-After says when to try again",
}
#: The errors that any request may get.
ALWAYS = (403,)

_SLUG = {"type": "string", "pattern": SLUG}
_EPISODE = {"name": "episode", "in": "path", "required": True, "schema": _SLUG}
_AT = {
    "name": "at",
    "in": "query",
    "description": "As it was known then: from the reports published until this time.",
    "schema": {"type": "string", "pattern": TIME},
}


def openapi(examples: Examples) -> dict[str, Any]:
    """Return the document; `examples` are by the name of their shape."""
    answers = [Shape(name, name, TypeAdapter(shape), shape.__doc__) for name, shape in ANSWERS.items()]
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "Truceline",
            "version": VERSION,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": _paths(examples),
        "components": {
            "schemas": combined(SCHEMAS + "{model}", answers),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "TRUCELINE_TOKEN"}},
        },
    }
    return without_unused(document)


def _paths(examples: Examples) -> dict[str, Any]:
    of_episode, past = (404,), (404, 422, 503)
    return {
        "/reports": {"post": _post(examples)},
        "/episodes": {"get": _get("episodes", "Every episode in short", {200: "Episodes"}, (503,))},
        "/episodes/{episode}": {
            "get": _get("episode", "An episode", {200: ("MarkedPicture", "MarkedStub")}, past, [_EPISODE, _AT])
        },
        "/episodes/{episode}/explain": {
            "get": _get(
                "explain", "Why a figure is what it is", {200: "Account"}, past, [_EPISODE, *_NAMED, _AT, _CLAIMS]
            )
        },
        "/episodes/{episode}/changes": {
            "get": _get(
                "changes", "All that was published of it", {200: "Changes"}, (*of_episode, 422, 503), [_EPISODE]
            )
        },
        **table_paths(_EPISODE, _problem),
        **review_paths(_problem),
        **access_paths(_problem),
        "/events": {"get": _events()},
        "/sources": {"get": _get("sources", "The source registry", {200: "Sources"})},
        "/atlas": {"get": _get("atlas", "Names of parties, episodes and places", {200: "AtlasNames"})},
        "/schemas/report.json": {
            "get": _get("report_schema", "The JSON Schema of a report", {})
            | {"responses": {"200": _answer("the schema", {JSON: {}})}}
        },
        "/healthz": {"get": _get("healthz", "Liveness", {200: "Health"})},
        "/readyz": {"get": _get("readyz", "Readiness", {200: "Readiness", 503: "Readiness"})},
        "/metrics": {
            "get": _get("metrics", "Metrics for Prometheus", {}) | {"responses": _text("text/plain", "metrics")}
        },
        "/openapi.json": {
            "get": _get("openapi", "This document", {}) | {"responses": {"200": _answer("the document", {JSON: {}})}}
        },
    }


_CLAIMS = {
    "name": "limit",
    "in": "query",
    "description": "At most this number of past claims and changes per cell, the newest; `left` is the number left out"
    " claims there are. Left out: all of them.",
    "schema": {"type": "integer", "minimum": 0, "maximum": 1_000_000},
}
_NAMED = [
    {
        "name": name,
        "in": "query",
        "description": f"{says}; may be repeated. Left out, with the other one: everything.",
        "schema": {"type": "array", "items": {"type": "string"}},
    }
    for name, says in (("cell", "SOURCE/PARTY/OUTCOME/POPULATION"), ("ceasefire", "NAME, or NAME/VIEW"))
]


def _post(examples: Examples) -> dict[str, Any]:
    one = {"oneOf": [_ref("Report"), _ref("Tick")]}
    media = {
        JSON: {
            "schema": {"oneOf": [*one["oneOf"], {"type": "array", "items": one, "minItems": 1, "maxItems": 10_000}]},
            "examples": {f"report-{n}": {"value": value} for n, value in enumerate(examples.get("report", ()), 1)},
        },
        LINES: {"schema": {"type": "string", "description": "One report a line."}},
    }
    refusals = (400, 409, 413, 422)
    taken = {JSON: {"schema": {"anyOf": [_ref("Receipt"), _ref("Receipts")]}}}
    refused = {JSON: {"schema": {"anyOf": [_ref("Receipt"), _ref("Receipts"), _ref("Problem")]}}}
    return {
        "operationId": "post_reports",
        "summary": "Take reports: durable when answered for",
        "description": "At most 16 MiB and 10,000 reports, each at most 256 KiB. One that is refused does not lose the"
        " others: 202 as soon as one is taken, with what became of each.",
        "security": [{}, {"token": []}],
        "parameters": [DRY],
        "requestBody": {"required": True, "content": media},
        "responses": {
            "200": _answer("with `dry`: the effect of each", {JSON: {"schema": {"type": "object"}}}),
            "202": _answer("how each was taken", taken),
            **{str(status): _answer(PROBLEMS[status], refused) for status in refusals},
            **{str(status): _problem(status) for status in (401, 403, 415, 429, 503)},
            "500": _answer("the fold fails on the report: a bug", refused),
        },
    }


def _events() -> dict[str, Any]:
    listed = {"style": "form", "explode": False}
    topics = [*CHANGE_TOPICS, "alerts", "episodes"]
    parameters = [
        {"name": "episode", "in": "query", "schema": {"type": "array", "items": _SLUG, "maxItems": 100}, **listed},
        {"name": "topic", "in": "query", "schema": {"type": "array", "items": {"enum": topics}}, **listed},
        {"name": "since", "in": "query", "schema": {"type": "string"}, "description": "A mark to resume from."},
        {"name": "Last-Event-ID", "in": "header", "schema": {"type": "string"}, "description": "As since; it wins."},
    ]
    return {
        "operationId": "events",
        "summary": "Changes as they are published",
        "description": EVENTS,
        "parameters": parameters,
        "responses": _text("text/event-stream", "the stream") | {str(s): _problem(s) for s in (400, 403, 422, 503)},
    }


def _get(
    name: str,
    summary: str,
    answers: Mapping[int, str | tuple[str, ...]],
    problems: tuple[int, ...] = (),
    parameters: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    responses = {}
    for status, shapes in answers.items():
        names = (shapes,) if isinstance(shapes, str) else shapes
        schema = _ref(names[0]) if len(names) == 1 else {"oneOf": [_ref(each) for each in names]}
        responses[str(status)] = _answer(summary, {JSON: {"schema": schema}})
    for status in (*ALWAYS, *problems):
        responses[str(status)] = _problem(status)
    return {
        "operationId": name,
        "summary": summary,
        **({"parameters": parameters} if parameters else {}),
        "responses": responses,
    }


def _text(media: str, says: str) -> dict[str, Any]:
    return {"200": _answer(says, {media: {"schema": {"type": "string"}}}), "403": _problem(403)}


def _problem(status: int) -> dict[str, Any]:
    return _answer(PROBLEMS[status], {JSON: {"schema": _ref("Problem")}})


def _answer(says: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"description": says, "content": content}


def _ref(name: str) -> dict[str, str]:
    if name not in ANSWERS and name not in {shape.title for shape in SHAPES.values()}:
        raise ValueError(f"no shape is named {name}")
    return {"$ref": SCHEMAS + name}
