"""The web over the embedded store: what is answered to what is asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from streams.core.atlas import Atlas, AtlasParty
from streams.core.ledger import Ledger
from streams.core.state.step import Step
from streams.stores.sqlite.store import EmbeddedStore
from streams.stores.store import StoreUnavailable
from streams.web.app import create_app
from streams.web.status_codes import STATUS, ErrorCode
from tests.support.build import REGISTRY, act, killed, report, withdrawal

Client = Callable[..., TestClient]
A = report("a", killed(71), act("announced"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    opened = EmbeddedStore(tmp_path, REGISTRY)
    yield opened
    opened.close()


@pytest.fixture
def serving(store: EmbeddedStore) -> Client:
    """A client of an app over the store; options as `create_app` takes them."""

    def serving(**options: Any) -> TestClient:
        app = create_app(store, **{"loopback": True, **options})
        return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)

    return serving


@pytest.fixture
def client(serving: Client) -> TestClient:
    return serving()


def posted(client: TestClient, body: Any, **options: Any) -> tuple[int, Any]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = client.post("/reports", content=content, **options)
    return answer.status_code, answer.json()


def test_a_report_is_answered_with_outcome_and_position(client: TestClient) -> None:
    known = {"episode": "war", "report_id": "a", "revision": 1}
    assert posted(client, A) == (202, {"outcome": "accepted", **known, "partition": 0, "offset": 0})
    assert posted(client, A) == (202, {"outcome": "duplicate", **known})
    assert posted(client, withdrawal("a", 2))[1]["offset"] == 1
    assert posted(client, A) == (202, {"outcome": "stale", **known})


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"x", "not_json"),
        (b'{"report_id": NaN}', "not_json"),
        (report("b", killed(-1)), "invalid"),
        (report("b" * 300_000, killed(1)), "too_large"),
        (report("b", killed(1), published_at="2999-01-01T00:00:00Z"), "from_the_future"),
        (report("b", killed(1), published_at="2012-01-01T00:00:00Z"), "too_late"),
        (report("a", killed(1)), "revision_conflict"),
    ],
)
def test_a_refusal_has_its_code_and_a_status_that_goes_with_it(client: TestClient, body: Any, code: str) -> None:
    posted(client, A)
    status, answer = posted(client, body)
    assert (status, answer["outcome"], answer["code"]) == (STATUS[ErrorCode(code)], "refused", code)
    assert answer["message"]


def test_one_bad_report_does_not_lose_the_others(client: TestClient) -> None:
    lines = b"\n".join([json.dumps(A).encode(), b"", b"x", json.dumps(report("b", killed(1))).encode()])
    status, answer = posted(client, lines)
    assert (status, answer["counts"]) == (202, {"accepted": 2, "refused": 1})
    assert [(one["line"], one["outcome"], one.get("code")) for one in answer["results"]] == [
        (1, "accepted", None),
        (3, "refused", "not_json"),
        (4, "accepted", None),
    ]
    status, answer = posted(client, [A, report("c", killed(-1))])
    assert [(one["index"], one["outcome"]) for one in answer["results"]] == [(0, "duplicate"), (1, "refused")]


def test_where_none_is_taken_the_first_refusal_is_the_answers(client: TestClient) -> None:
    status, answer = posted(client, b"x\n[]")
    assert (status, answer["code"], answer["message"]) == (400, "not_json", "none of 2 reports was accepted")
    assert len(answer["results"]) == 2


def test_a_body_that_is_too_long_or_compressed_is_refused_whole(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert posted(client, A, headers={"Content-Encoding": "gzip"})[0] == 415
    monkeypatch.setattr("streams.web.request_body.MAX_BODY_BYTES", 10)
    assert posted(client, A)[0] == 413


def test_episodes_in_short_and_whole(client: TestClient) -> None:
    assert client.get("/episodes").json()["episodes"] == []
    posted(client, A)
    (short,) = client.get("/episodes").json()["episodes"]
    assert short["totals"][0]["parts"] == {"north": 71}
    whole = client.get("/episodes/war").json()
    assert (whole["episode"], whole["through"]) == ("war", {"partition": 0, "offset": 0})
    assert {name: whole[name] for name in ("clock", "totals")} == {name: short[name] for name in ("clock", "totals")}
    unknown = client.get("/episodes/none")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_episode")


def test_who_a_source_is_stands_in_the_registry(client: TestClient) -> None:
    sources = client.get("/sources").json()["sources"]
    assert sources["mod.south"] == {"name": "Ministry of the south", "kind": "official", "affiliation": "south"}
    assert list(sources) == list(REGISTRY.sources)


def test_names_are_those_of_the_atlas(store: EmbeddedStore) -> None:
    """GET /atlas has the atlas, empty where there is none."""
    atlas = Atlas({"north": AtlasParty("The North", {"ru": "Север"})})
    named = TestClient(create_app(store, loopback=True, atlas=atlas), base_url="http://127.0.0.1")
    north: dict[str, Any] = {"name": "The North", "names": {"ru": "Север"}, "also": [], "zone": None}
    assert named.get("/atlas").json() == {"parties": {"north": north}, "episodes": {}, "places": {}}
    plain = TestClient(create_app(store, loopback=True), base_url="http://127.0.0.1")
    assert plain.get("/atlas").json() == {"parties": {}, "episodes": {}, "places": {}}


def test_unknown_path_is_a_page_for_a_browser(client: TestClient) -> None:
    """A browser gets a page that leads back, another client JSON; the policy of the page holds for it too."""
    page = client.get("/nowhere", headers={"Accept": "text/html,*/*"})
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert 'href="/"' in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert client.get("/nowhere").json()["code"] == "not_found"


def test_health_readiness_and_metrics(client: TestClient, store: EmbeddedStore) -> None:
    assert client.get("/healthz").json() == {"status": "ok", "mode": "embedded"}
    assert client.get("/readyz").json() == {"ready": True, "status": "ready", "reasons": []}
    store._trouble = "disk full"
    ready = client.get("/readyz")
    unready = {"ready": False, "status": "unready", "reasons": ["disk full"]}
    assert (ready.status_code, ready.json()) == (503, unready)
    posted(client, A)
    metrics = client.get("/metrics").text
    assert 'truceline_http_requests_total{method="POST",route="/reports",status="202"}' in metrics
    assert 'truceline_posted_reports_total{outcome="accepted"}' in metrics


def test_a_failing_fold_rejects_its_report_and_degrades(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    fold = Ledger.fold_counts

    def buggy(ledger: Ledger, step: Step) -> None:
        if step.episode == "broken":
            raise ZeroDivisionError
        fold(ledger, step)

    monkeypatch.setattr(Ledger, "fold_counts", buggy)
    status, answer = posted(client, {**A, "episode": "broken"})
    assert (status, answer["code"]) == (500, "internal")
    assert posted(client, A)[0] == 202
    ready = client.get("/readyz")
    reasons = ["1 reports were rejected as internal errors; see the log"]
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "status": "degraded", "reasons": reasons})
    metrics = client.get("/metrics").text
    assert "truceline_ready 1.0" in metrics
    assert "truceline_degraded 1.0" in metrics


def test_a_store_that_is_away_is_said_with_when_to_try_again(
    client: TestClient, store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_values: Sequence[bytes], _by: str | None = None) -> Any:
        raise StoreUnavailable("disk full")

    monkeypatch.setattr(store, "submit", away)
    answer = client.post("/reports", content=json.dumps(A))
    assert (answer.status_code, answer.json(), answer.headers["retry-after"]) == (
        503,
        {"code": "unavailable", "message": "disk full"},
        "2",
    )


def test_a_bug_is_answered_as_one(client: TestClient, store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_episode: str) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(store, "picture", broken)
    answer = client.get("/episodes/war")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")


def test_unknown_paths_and_methods_are_answered_in_json_too(client: TestClient) -> None:
    assert client.get("/nothing").json()["code"] == "not_found"
    answer = client.delete("/reports")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("given", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic c2VjcmV0"}])
def test_with_a_token_only_who_knows_it_may_post(serving: Client, given: dict[str, str]) -> None:
    client = serving(token=SecretStr("secret"))
    answer = client.post("/reports", content=json.dumps(A), headers=given)
    assert (answer.status_code, answer.json()["code"], answer.headers["www-authenticate"]) == (
        401,
        "unauthorized",
        "Bearer",
    )
    assert client.get("/episodes").json()["episodes"] == []
    assert posted(client, A, headers={"Authorization": "Bearer secret"})[0] == 202


def test_posts_over_the_limit_get_retry_after(serving: Client) -> None:
    client = serving(post_rate=1)
    assert posted(client, [report(f"r{n}", killed(n)) for n in range(10)])[0] == 202
    answer = client.post("/reports", content=json.dumps(A))
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (429, "too_many", "1")
    assert client.get("/episodes/war").json()["through"]["offset"] == 9


def test_where_others_reach_it_nobody_may_post_without_a_token(serving: Client) -> None:
    client = serving(loopback=False)
    assert posted(client, A)[1]["code"] == "token_needed"
    assert client.get("/episodes", headers={"Host": "reports.example"}).status_code == 200


def test_a_page_of_another_site_can_neither_post_nor_read(serving: Client) -> None:
    client = serving()
    own = {"Host": "127.0.0.1:8080"}
    assert posted(client, A, headers={**own, "Origin": "https://elsewhere.example"})[1]["code"] == "foreign_origin"
    assert client.get("/episodes", headers={"Host": "elsewhere.example"}).json()["code"] == "foreign_host"
    for host in ("localhost:8080", "127.0.0.1", "[::1]:8080"):
        assert client.get("/episodes", headers={"Host": host}).status_code == 200
    assert posted(client, A, headers={**own, "Origin": "http://127.0.0.1:8080"})[0] == 202
