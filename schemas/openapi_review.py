"""The addresses of documents, drafts and reviews in the OpenAPI document (contract section 9)."""

from collections.abc import Callable
from typing import Any

__all__ = ["DRY", "access_paths", "review_paths"]

_JSON = "application/json"
_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}, "description": "The document's id."}
_AFTER = {
    "name": "after",
    "in": "query",
    "schema": {"type": "string"},
    "description": "A document's id: those that came after it. `more` in an answer says whether others wait.",
}
DRY = {
    "name": "dry",
    "in": "query",
    "schema": {"type": "string"},
    "description": "Send and record nothing: answer with the reports and their effect.",
}
_DOCUMENT: dict[str, Any] = {
    "type": "object",
    "description": "A text as it was published; `text` or `html` must be given.",
    "properties": {
        **{
            name: {"type": "string"}
            for name in ("id", "title", "text", "html", "lang", "outlet", "url", "zone", "episode")
        },
        "version": {"type": "integer", "minimum": 1},
        "published_at": {"type": "string", "format": "date-time"},
    },
    "additionalProperties": False,
}
_REVIEW: dict[str, Any] = {
    "type": "object",
    "description": "A decision on a draft; a claim that it does not name is not taken.",
    "properties": {
        "version": {"type": "integer", "minimum": 1},
        "decision": {"enum": ["confirmed", "rejected"]},
        "episode": {"type": "string"},
        "claims": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "report": {"type": "integer", "minimum": 0},
                    "claim": {"type": "integer", "minimum": 0},
                    "taken": {"type": "boolean"},
                    "edited": {"type": ["object", "null"]},
                    "source": {"type": ["string", "null"]},
                },
                "required": ["report", "claim", "taken"],
            },
        },
        "added": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["version", "decision"],
}


def review_paths(problem: Callable[[int], dict[str, Any]]) -> dict[str, Any]:
    """Return the paths; `problem` is the answer of a status."""
    documents = {"anyOf": [_DOCUMENT, {"type": "array", "items": _DOCUMENT, "minItems": 1}]}
    return {
        "/documents": {
            "post": _operation("post_documents", "Take documents and draft them", [], problem, _body(documents)),
        },
        "/drafts": {"get": _operation("drafts", "Drafts that wait for a person, oldest first", [_AFTER], problem)},
        "/drafts/{id}": {"get": _operation("draft", "The newest draft of a document", [_ID], problem)},
        "/drafts/{id}/review": {
            "post": _operation("post_review", "Confirm or reject a draft", [_ID, DRY], problem, _body(_REVIEW)),
        },
        "/reviews/quality": {
            "get": _operation("quality", "Decisions on claims, by tier and reason", [], problem, own=(401,)),
        },
        "/reviews.jsonl": {"get": _operation("export_reviews", _EXPORT, [], problem, own=(401,))},
    }


_EXPORT = "Reviewed documents with the claims that were taken, as JSON lines"
_TOKEN = {"type": "object", "properties": {"token": {"type": "string"}}, "required": ["token"]}
_AUDITED = {**_ID, "name": "episode", "in": "query", "description": "The episode's name."}


def access_paths(problem: Callable[[int], dict[str, Any]]) -> dict[str, Any]:
    """Return the paths of logging in and of who put reports in (contract section 10)."""
    return {
        "/login": {"post": _operation("log_in", "Keep a token in the browser", [], problem, _body(_TOKEN))},
        "/logout": {"post": _operation("log_out", "Forget the token", [], problem, _body({}))},
        "/whoami": {"get": _operation("who", "The writer who holds the token", [], problem, own=(401,))},
        "/audit": {
            "get": _operation("audit", "Reports of an episode and who put them in", [_AUDITED], problem, own=(422,)),
        },
    }


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {_JSON: {"schema": schema}}}, "security": [{}, {"token": []}]}


def _operation(
    name: str,
    summary: str,
    parameters: list[dict[str, Any]],
    problem: Callable[[int], dict[str, Any]],
    body: dict[str, Any] | None = None,
    *,
    own: tuple[int, ...] = (),
) -> dict[str, Any]:
    status = "202" if name == "post_documents" else "200"
    problems = (400, 401, 403, 404, 409, 413, 422, 501, 503) if body else (*own, 403, 404, 501, 503)
    return {
        "operationId": name,
        "summary": summary,
        **({"parameters": parameters} if parameters else {}),
        **(body or {}),
        "responses": {
            status: {"description": summary, "content": {_JSON: {"schema": {"type": "object"}}}},
            **{str(each): problem(each) for each in problems},
        },
    }
