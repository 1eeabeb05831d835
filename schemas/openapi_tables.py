"""The addresses of tables and feeds in the OpenAPI document (contract sections 11 and 12)."""

from collections.abc import Callable
from typing import Any

from schemas.tables import EPISODE_TABLES, MEDIA_TYPES, TABLES, formats_of

__all__ = ["table_paths"]

_FILTERS = [
    {
        "name": name,
        "in": "query",
        "description": says,
        "schema": {"type": "integer", "minimum": 1} if name == "limit" else {"type": "string"},
    }
    for name, says in (
        ("since", "Rows from this time or day on; of a series also `ceasefire` or `ceasefire:NAME`."),
        ("until", "Rows before this time or day."),
        ("source", "Rows of this source alone."),
        ("party", "Rows of this party alone."),
        ("limit", "At most this number of rows, the last ones."),
    )
]
_FEED_FILTERS = [
    {"name": "source", "in": "query", "description": "Entries of this source alone.", "schema": {"type": "string"}},
    {"name": "corrections", "in": "query", "description": "Corrections alone.", "schema": {"type": "string"}},
]


_OF_EPISODE = {"name": "episode", "in": "query", "schema": {"type": "string"}, "description": "Of this episode alone."}
_ALERT = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}, "description": "The alert_id."}
_CHART = [
    {"name": name, "in": "query", "schema": schema, "description": words}
    for name, schema, words in (
        ("at", {"type": "string", "format": "date-time"}, "As it was known at this time."),
        ("outcome", {"type": "string"}, "This outcome alone; again for more."),
        ("party", {"type": "string"}, "Losses of this party alone."),
        ("source", {"type": "string"}, "Figures by this source alone."),
        ("theme", {"enum": ["light", "dark"]}, "Background."),
        ("title", {"type": "string", "maxLength": 200}, "Title in the place of the episode's name."),
        ("width", {"type": "integer", "minimum": 400, "maximum": 2_000}, "Width in pixels."),
    )
]
_CHARTS = {"image/svg+xml": {"schema": {"type": "string"}}, "image/png": {"schema": {"type": "string"}}}


def table_paths(episode: dict[str, Any], problem: Callable[[int], dict[str, Any]]) -> dict[str, Any]:
    """Return the paths; `episode` is the parameter of that name, `problem` the answer of a status."""
    tables = {"name": "table", "in": "path", "required": True, "schema": {"enum": list(EPISODE_TABLES)}}
    feed = _content("application/atom+xml", "application/feed+json")
    feed_format = _format(["atom", "json"])
    return {
        "/episodes.{format}": _get(
            "episodes_table", TABLES["episodes"].rows, [_format(formats_of("episodes"))], problem
        ),
        "/episodes/{episode}/{table}.{format}": _get(
            "table", "A table of an episode", [episode, tables, _format(formats_of("places")), *_FILTERS], problem
        ),
        "/episodes/{episode}/chart.{format}": _get(
            "chart", "A chart of an episode", [episode, _format(["svg", "png"]), *_CHART], problem, _CHARTS
        ),
        "/feed.{format}": _get("feed", "The newest changes", [feed_format, *_FEED_FILTERS], problem, feed),
        "/alerts.{format}": _get("alerts_feed", "The newest alerts", [feed_format, _OF_EPISODE], problem, feed),
        "/alerts/{id}.cap": _get(
            "cap", "An alert as CAP 1.2", [_ALERT], problem, {"application/cap+xml": {"schema": {"type": "string"}}}
        ),
        "/episodes/{episode}/feed.{format}": _get(
            "episode_feed", "The newest changes of an episode", [episode, feed_format, *_FEED_FILTERS], problem, feed
        ),
        "/episodes/{episode}/ceasefires.ics": _get(
            "calendar",
            "Its ceasefires as events",
            [episode],
            problem,
            {"text/calendar": {"schema": {"type": "string"}}},
        ),
    }


def _content(*media_types: str) -> dict[str, Any]:
    return {media: {"schema": {} if "json" in media else {"type": "string"}} for media in media_types}


def _format(names: list[str]) -> dict[str, Any]:
    return {"name": "format", "in": "path", "required": True, "schema": {"enum": names}}


def _get(
    name: str,
    summary: str,
    parameters: list[dict[str, Any]],
    problem: Callable[[int], dict[str, Any]],
    content: dict[str, Any] | None = None,
) -> dict[str, Any]:
    table = _content(*(media.partition(";")[0] for media in MEDIA_TYPES.values()))
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "parameters": parameters,
            "responses": {
                "200": {"description": summary, "content": table if content is None else content},
                "304": {"description": "unchanged since the ETag of If-None-Match"},
                **{str(status): problem(status) for status in (403, 404, 409, 422, 503)},
            },
        }
    }
