"""/openapi.json says what the server does: the same routes, and every answer is of the shape that it names."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from jsonschema import Draft202012Validator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.routing import Route

from schemas.generate import HERE
from streams.core.atlas import Atlas
from streams.operations.plots import draw_chart_lazily
from streams.operations.read.run import make_reader, reading_context
from streams.stores.sqlite.review import SqliteReviewStore
from streams.stores.sqlite.store import EmbeddedStore
from streams.web.app import create_app
from streams.web.server import listen, running
from tests.support.build import REGISTRY, act, killed, report
from tests.support.event_client import NO_TLS
from tests.support.waiting import LIMIT_S

DOCUMENT = json.loads((HERE / "openapi.json").read_text(encoding="utf-8"))
#: For people, and not described.
PAGE = {"/", "/static/{version}/{path:path}"}
#: An endless answer cannot be checked against a shape.
ENDLESS = "/events"
EXAMPLES = 12
HELD = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]

#: Lines are held by tests/web/test_app.py: the generator knows no such media type.
pytestmark = pytest.mark.filterwarnings("ignore:Skipped test cases with unsupported payload media types")

schema = schemathesis.openapi.from_dict(DOCUMENT).exclude(path=ENDLESS)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    store = EmbeddedStore(tmp_path_factory.mktemp("openapi"), REGISTRY)
    reviews = SqliteReviewStore(store, make_reader(reading_context(Atlas(), REGISTRY)))
    with (
        contextlib.closing(store),
        running(
            create_app(store, loopback=True, reviews=reviews, draw_chart=draw_chart_lazily), listen("127.0.0.1", 0)
        ) as url,
        httpx2.Client(base_url=url, verify=NO_TLS, timeout=LIMIT_S) as client,
    ):
        answer = client.post("/reports", json=[report("a", killed(71), act("announced"), episode="war")])
        assert answer.status_code == 202
        yield url


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_the_document_names(case: schemathesis.Case[Any], url: str) -> None:
    case.call_and_validate(base_url=url, checks=HELD)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/episodes", "Episodes"),
        ("/episodes/war", "MarkedPicture"),
        ("/episodes/war?at=2030-01-01T00:00:00Z", "MarkedPicture"),
        ("/episodes/war/explain", "Account"),
        ("/episodes/war/changes", "Changes"),
        ("/sources", "Sources"),
        ("/episodes/none", "Problem"),
    ],
)
def test_what_is_there_is_of_its_shape_and_has_no_field_more(url: str, path: str, name: str) -> None:
    answer = httpx2.get(url + path, verify=NO_TLS, timeout=LIMIT_S).json()
    components = DOCUMENT["components"]
    Draft202012Validator({"components": components, "$ref": f"#/components/schemas/{name}"}).validate(answer)
    assert set(answer) <= set(components["schemas"][name]["properties"])


def test_the_document_is_served_and_names_every_route(tmp_path: Path, url: str) -> None:
    assert httpx2.get(f"{url}/openapi.json", verify=NO_TLS, timeout=LIMIT_S).json() == DOCUMENT
    store = EmbeddedStore(tmp_path, REGISTRY)
    with contextlib.closing(store):
        routes = [route for route in create_app(store).routes if isinstance(route, Route)]
    served = {
        (route.path.replace("{id:path}", "{id}"), method.lower())
        for route in routes
        for method in (route.methods or ())
        if method != "HEAD"
    }
    described = {(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert described == {(path, method) for path, method in served if path not in PAGE}
