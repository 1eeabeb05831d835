"""Writers over HTTP: tokens, rights, the cookie of a browser, and who put a report in (contract section 10)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from streams.core.source_registry import Registry
from streams.files.writers import Writer, Writers, digest_of
from streams.stores.sqlite.store import EmbeddedStore
from streams.web.app import create_app
from streams.web.auth import COOKIE
from tests.support.build import killed, report

ROLES = {"ani": "reviewer", "feed": "writer", "guest": "reader"}
LIMITS = {"feed": {"sources": ("north-*",)}}
WRITERS = Writers(
    {name: Writer(name, role, digest_of(f"{name}-token"), **LIMITS.get(name, {})) for name, role in ROLES.items()}  # type: ignore[arg-type]
)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    store = EmbeddedStore(tmp_path, Registry())
    with TestClient(create_app(store, writers=WRITERS), base_url="https://desk.example") as client:
        yield client
    store.close()


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}-token"}


def post(client: TestClient, who: str | None, source: str = "north-mod", **more: Any) -> tuple[int, str | None]:
    content = report(f"r-{who}-{source}", killed(1), source=source, episode="war", **more)
    answer = client.post("/reports", json=content, headers=bearer(who) if who else {})
    return answer.status_code, answer.json().get("message")


def test_a_post_needs_a_known_token_and_its_rights(client: TestClient) -> None:
    assert post(client, None)[0] == 401
    assert post(client, "nobody")[0] == 401
    assert post(client, "guest") == (403, "guest is a reader: this takes a writer")
    assert post(client, "feed", "south-mod") == (403, "feed may not write source south-mod")
    assert post(client, "feed")[0] == 202
    assert post(client, "ani", "south-mod")[0] == 202
    answer = client.post("/drafts/x/review", json={}, headers=bearer("feed"))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_a_revision_needs_the_rights_of_what_it_replaces(client: TestClient) -> None:
    """A limited writer cannot take back another source's report by a revision under its own source."""

    def send(who: str, revision: int, source: str) -> tuple[int, str | None]:
        content = report("tótal", killed(revision), source=source, episode="war", revision=revision)
        answer = client.post("/reports", json=content, headers=bearer(who))
        return answer.status_code, answer.json().get("message")

    assert send("ani", 1, "south-mod") == (202, None)
    words = "feed may not write source south-mod: it wrote tótal, which this revises"
    assert send("feed", 2, "north-mod") == (403, words)
    assert send("ani", 2, "north-mod") == (202, None)
    assert send("feed", 3, "north-mod") == (202, None)


def test_who_put_a_report_in_is_kept_beside_it(client: TestClient) -> None:
    post(client, "feed")
    post(client, "ani", "south-mod")
    assert client.get("/audit?episode=war", headers=bearer("feed")).status_code == 403
    found = client.get("/audit?episode=war", headers=bearer("ani")).json()["reports"]
    assert [(each["report_id"], each["source"], each["submitted_by"]) for each in found] == [
        ("r-feed-north-mod", "north-mod", "feed"),
        ("r-ani-south-mod", "south-mod", "ani"),
    ]


def test_a_header_of_the_sender_names_nobody(client: TestClient) -> None:
    content = report("r", killed(1), source="north-mod", episode="war")
    client.post("/reports", json=content, headers={**bearer("feed"), "ce_submittedby": "ani"})
    found = client.get("/audit?episode=war", headers=bearer("ani")).json()["reports"]
    assert [each["submitted_by"] for each in found] == ["feed"]


def test_a_browser_logs_in_and_out(client: TestClient) -> None:
    assert client.get("/whoami").status_code == 401
    assert client.post("/login", json={"token": "wrong"}).status_code == 401
    answer = client.post("/login", json={"token": "ani-token"})
    assert answer.json() == {"name": "ani", "role": "reviewer"}
    cookie = answer.headers["set-cookie"].lower()
    assert [part for part in (COOKIE, "httponly", "samesite=strict", "secure", "path=/") if part not in cookie] == []
    assert client.get("/whoami").json() == {"name": "ani", "role": "reviewer", "cookie": True}
    assert client.post("/reports", json=report("r", killed(1))).status_code == 202
    client.post("/logout")
    assert client.post("/reports", json=report("r2", killed(1))).status_code == 401


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/json"])
def test_a_cookie_is_of_no_use_to_another_site(client: TestClient, kind: str) -> None:
    client.post("/login", json={"token": "ani-token"})
    foreign = {"Origin": "https://evil.example", "Content-Type": kind}
    for path in ("/reports", "/documents", "/login", "/logout"):
        assert client.post(path, content=b"{}", headers=foreign).json()["code"] == "foreign_origin"


def test_two_limited_reports_are_refused_together(client: TestClient) -> None:
    """A body with one report beyond the rights is refused as a whole."""
    body = [report("a", killed(1), source="north-mod"), report("b", killed(1), source="south-mod")]
    assert client.post("/reports", json=body, headers=bearer("feed")).status_code == 403
    duplicated = b'{"source": "north-mod", "source": "south-mod", "report_id": "c", "episode": "war", "published_at": "2022-09-14T00:00:00Z", "claims": []}'  # noqa: E501
    answer = client.post("/reports", content=duplicated, headers=bearer("feed"))
    assert answer.status_code in {403, 422}
