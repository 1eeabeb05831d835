"""Documents, drafts and reviews over HTTP, on a real embedded store (contract section 9)."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient
from typer.testing import CliRunner

from streams.cli import app
from streams.core.source_registry import Registry, Source
from streams.files.atlas import parse_atlas
from streams.operations.read.run import make_reader, reading_context
from streams.stores.sqlite.review import SqliteReviewStore
from streams.stores.sqlite.store import EmbeddedStore
from streams.stores.store import StoreUnavailable
from streams.web.app import create_app
from streams.web.documents import OpenDrafts

ATLAS = parse_atlas(
    b"""
parties: {norland: {name: Norland, also: [Norlandic]}, sudland: {name: Sudland, also: [Sudlandic]}}
episodes:
  river-war: {title: The river war, parties: [norland, sudland], from: 2022-09-01, zone: UTC}
""",
    "atlas.yaml",
)
REGISTRY = Registry({"norland-mod": Source("Defence Ministry of Norland", "official", "norland")})
DOCUMENT = {
    "id": "coast-wire-1",
    "title": "Two days of fighting along the river",
    "text": "Norland's Defence Ministry said that 71 Norlandic soldiers were killed in two days of fighting.",
    "published_at": "2022-09-15T10:00:00Z",
    "outlet": "coast-wire",
    "episode": "river-war",
}


class Desk:
    """A server with a review desk, and a person at it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = EmbeddedStore(folder, REGISTRY)
        self.reviews = SqliteReviewStore(self.store, make_reader(reading_context(ATLAS, REGISTRY)))
        served = create_app(self.store, loopback=True, atlas=ATLAS, reviews=self.reviews)
        self.client = TestClient(served, base_url="http://127.0.0.1")

    def post(self, path: str, content: Any) -> tuple[int, Any]:
        answer = self.client.post(path, json=content)
        return answer.status_code, answer.json()

    def get(self, path: str) -> Any:
        return self.client.get(path).json()

    def take_all(self, version: int = 1, **more: Any) -> dict[str, Any]:
        draft = self.get("/drafts/coast-wire-1")
        claims = [{"report": each["report"], "claim": each["claim"], "taken": True} for each in draft["claims"]]
        return {"version": version, "decision": "confirmed", "claims": claims, **more}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    with made.client:
        yield made
    made.store.close()


def test_a_document_becomes_a_draft_that_waits(desk: Desk) -> None:
    assert desk.post("/documents", DOCUMENT) == (
        202, {"documents": [{"outcome": "accepted", "id": "coast-wire-1", "version": 1}]},
    )  # fmt: skip
    waiting = desk.get("/drafts")["drafts"]
    assert [(each["id"], each["episode"], sum(each["tiers"].values())) for each in waiting] == [
        ("coast-wire-1", "river-war", 1)
    ]
    draft = desk.get("/drafts/coast-wire-1")
    claim = draft["reports"][0]["claims"][0]
    assert (draft["reports"][0]["source"], claim["party"], claim["outcome"], claim["count"]) == (
        "norland-mod", "norland", "killed", {"best": 71},
    )  # fmt: skip
    assert desk.client.get("/episodes/river-war").status_code == 404, "nothing goes on the log unconfirmed"


def test_confirming_sends_the_reports_and_records_who(desk: Desk) -> None:
    desk.post("/documents", DOCUMENT)
    status, body = desk.post("/drafts/coast-wire-1/review", desk.take_all())
    assert status == 200
    assert [(each["outcome"], each["report_id"]) for each in body["receipts"]] == [
        ("accepted", "coast-wire-1.norland-mod")
    ]
    assert {name: body["review"][name] for name in ("document", "version", "decision", "by", "reports")} == {
        "document": "coast-wire-1", "version": 1, "decision": "confirmed", "by": "admin",
        "reports": [{"report_id": "coast-wire-1.norland-mod", "revision": 1}],
    }  # fmt: skip
    assert desk.get("/episodes/river-war")["totals"] == [
        {"outcome": "killed", "population": "military", "best": 71, "parts": {"norland": 71}, "missing": []}
    ]
    assert desk.get("/drafts") == {"drafts": [], "more": False}
    assert desk.get("/drafts/coast-wire-1")["reviews"] == [body["review"]]


def test_the_second_person_is_told(desk: Desk) -> None:
    desk.post("/documents", DOCUMENT)
    review = desk.take_all()
    desk.post("/drafts/coast-wire-1/review", review)
    status, body = desk.post("/drafts/coast-wire-1/review", {**review, "decision": "rejected"})
    assert (status, body["code"]) == (409, "reviewed")
    assert body["message"].startswith("admin confirmed this version at ")


def test_a_crash_before_the_record_counts_nothing_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reports were sent, the review was not recorded: confirming again is a duplicate, and then recorded."""
    desk.post("/documents", DOCUMENT)

    async def crash(_review: dict[str, Any]) -> None:
        raise StoreUnavailable("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(desk.reviews, "record", crash)
        assert desk.post("/drafts/coast-wire-1/review", desk.take_all())[0] == 503
    status, body = desk.post("/drafts/coast-wire-1/review", desk.take_all())
    assert (status, [each["outcome"] for each in body["receipts"]]) == (200, ["duplicate"])
    assert desk.get("/episodes/river-war")["cells"][0]["version"] == 1


def test_a_new_version_waits_again_and_revises(desk: Desk) -> None:
    desk.post("/documents", DOCUMENT)
    desk.post("/drafts/coast-wire-1/review", desk.take_all())
    assert desk.post("/documents", DOCUMENT)[1]["documents"][0]["outcome"] == "duplicate"
    corrected = {**DOCUMENT, "text": str(DOCUMENT["text"]).replace("71", "77")}
    assert desk.post("/documents", corrected)[1]["documents"] == [
        {"outcome": "accepted", "id": "coast-wire-1", "version": 2}
    ]
    assert desk.post("/drafts/coast-wire-1/review", desk.take_all(version=2))[0] == 200
    cell = desk.get("/episodes/river-war")["cells"][0]
    assert (cell["value"]["best"], cell["revision"]) == (77, 2)


def test_of_many_decisions_at_once_one_is_taken(desk: Desk) -> None:
    """Each would send a report of another source; the others are refused and leave nothing on the log."""
    desk.post("/documents", DOCUMENT)

    def decide(number: int) -> tuple[int, Any]:
        taken = {"report": 0, "claim": 0, "taken": True, "source": f"source-{number}"}
        review = {"version": 1, "decision": "confirmed", "claims": [taken]}
        return desk.post("/drafts/coast-wire-1/review", review)

    with ThreadPoolExecutor(8) as people:
        answers = list(people.map(decide, range(8)))
    assert sorted(status for status, _ in answers) == [200, *[409] * 7]
    assert {body["code"] for status, body in answers if status == 409} == {"reviewed"}
    assert len(desk.get("/episodes/river-war")["cells"]) == 1


@pytest.mark.parametrize("source", [None, "other-mod"])
def test_a_server_killed_before_recording_counts_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, source: str | None
) -> None:
    """The reports were sent and no review was recorded; the next decision replaces what was sent."""
    desk.post("/documents", DOCUMENT)

    async def killed(_review: Any) -> None:
        raise StoreUnavailable("killed")

    with monkeypatch.context() as patched:
        patched.setattr(desk.reviews, "record", killed)
        assert desk.post("/drafts/coast-wire-1/review", desk.take_all())[0] == 503
    taken = {"report": 0, "claim": 0, "taken": True, **({"source": source} if source else {})}
    status, body = desk.post("/drafts/coast-wire-1/review", {"version": 1, "decision": "confirmed", "claims": [taken]})
    assert status == 200
    outcomes = sorted(receipt["outcome"] for receipt in body["receipts"])
    assert outcomes == (["accepted", "accepted"] if source else ["duplicate"])
    figures = {
        cell["source"]: cell["value"] and cell["value"]["best"] for cell in desk.get("/episodes/river-war")["cells"]
    }
    assert figures == ({"norland-mod": None, "other-mod": 71} if source else {"norland-mod": 71})


def test_the_effect_is_shown_before(desk: Desk) -> None:
    desk.post("/documents", DOCUMENT)
    status, body = desk.post("/drafts/coast-wire-1/review?dry", desk.take_all())
    assert status == 200
    assert body["effects"] == [
        {
            "report_id": "coast-wire-1.norland-mod",
            "changes": [
                {
                    "topic": "casualties",
                    "party": "norland",
                    "outcome": "killed",
                    "population": "military",
                    "words": "Norland killed, military: 71, says Defence Ministry of Norland",
                }
            ],
            "refusal": None,
            "faults": [],
            "look_alikes": [],
        }
    ]
    assert desk.client.get("/episodes/river-war").status_code == 404


@pytest.mark.parametrize(
    ("path", "content", "status", "code"),
    [
        ("/documents", [5], 422, "invalid"),
        ("/drafts/nothing/review", {}, 404, "unknown_document"),
        ("/drafts/coast-wire-1/review", {"version": 2, "decision": "confirmed"}, 422, "invalid"),
        ("/drafts/coast-wire-1/review", {"version": 1, "decision": "perhaps"}, 422, "invalid"),
    ],
)
def test_a_wrong_request_has_a_code(desk: Desk, path: str, content: Any, status: int, code: str) -> None:
    desk.post("/documents", DOCUMENT)
    answered, body = desk.post(path, content)
    assert (answered, body["code"]) == (status, code)


def test_a_document_that_cannot_be_taken_says_why(desk: Desk) -> None:
    status, body = desk.post("/documents", [{"text": "71 killed"}, {**DOCUMENT, "txt": 1}])
    assert status == 422
    first, second = (each["message"] for each in body["documents"])
    assert first.startswith("the document does not say its outlet: say --outlet SLUG; nor when it was published")
    assert second.startswith("the document: unknown field 'txt'; the fields are episode, html, id")


def test_a_server_without_a_desk_says_so(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "other", REGISTRY)
    client = TestClient(create_app(store, loopback=True), base_url="http://127.0.0.1")
    answer = client.get("/drafts")
    store.close()
    assert (answer.status_code, answer.json()["code"]) == (501, "no_review_desk")


def test_only_the_token_may_review(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "other", REGISTRY)
    reviews = SqliteReviewStore(store, make_reader(reading_context(ATLAS, REGISTRY)))
    client = TestClient(create_app(store, token=SecretStr("secret"), reviews=reviews), base_url="http://127.0.0.1")
    assert client.post("/documents", json=DOCUMENT).status_code == 401
    headers = {"Authorization": "Bearer secret"}
    assert client.post("/documents", json=DOCUMENT, headers=headers).status_code == 202
    assert client.post("/drafts/coast-wire-1/review", json={}).status_code == 401
    store.close()


def test_drafts_come_in_pages(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.web.documents.WAITING_MAX", 2)
    desk.post("/documents", [{**DOCUMENT, "id": f"doc-{number}"} for number in range(5)])
    first = desk.get("/drafts")
    assert ([each["id"] for each in first["drafts"]], first["more"]) == (["doc-0", "doc-1"], True)
    last = desk.get("/drafts?after=doc-2")
    assert ([each["id"] for each in last["drafts"]], last["more"]) == (["doc-3", "doc-4"], False)


def test_an_open_draft_names_who_has_it_open() -> None:
    """For some minutes after it was asked for, and to others alone."""
    opened = OpenDrafts()
    opened.note("doc", "ani", 0.0)
    opened.note("doc", None, 1.0)
    assert [opened.by("doc", name, 200.0) for name in ("ani", "ben", None)] == [[], ["ani"], ["ani"]]
    opened.note("other", "ben", 301.0)
    assert (opened.by("doc", "ben", 301.0), opened.by("other", "ani", 301.0)) == ([], ["ben"])


def test_a_number_by_hand_is_in_the_review(desk: Desk) -> None:
    """Numbers of the text, in digits or read from words, are not by hand."""
    desk.post("/documents", {**DOCUMENT, "text": DOCUMENT["text"] + " The river is 1,204 km long."})
    drafted = desk.get("/drafts/coast-wire-1")["reports"][0]["claims"][0]
    edited = {**drafted, "count": {"best": 72, "low": 71, "high": 1204}}
    [first, *_] = desk.take_all()["claims"]
    review = {"version": 1, "decision": "confirmed", "claims": [{**first, "edited": edited}]}
    assert desk.post("/drafts/coast-wire-1/review", review)[1]["review"]["claims"][0]["by_hand"] == ["best"]


def test_decisions_are_exported_and_counted(desk: Desk) -> None:
    """The coded document has what the person took; the quality counts it by tier and by reason."""
    desk.post("/documents", [DOCUMENT, {**DOCUMENT, "id": "coast-wire-2"}])
    draft = desk.get("/drafts/coast-wire-1")
    drafted = draft["reports"][0]["claims"][0]
    edited = {**drafted, "count": {"best": 72}}
    review = desk.take_all()
    review["claims"][0]["edited"] = edited
    desk.post("/drafts/coast-wire-1/review", review)
    desk.post("/drafts/coast-wire-2/review", {"version": 1, "decision": "rejected"})
    first, second = (orjson.loads(line) for line in desk.client.get("/reviews.jsonl").text.splitlines())
    assert (first["id"], first["text"], first["episode"]) == ("coast-wire-1", DOCUMENT["text"], "river-war")
    assert [(each["source"], each["claim"]["count"], each["evidence"]["count"]) for each in first["claims"]] == [
        ("norland-mod", {"best": 72}, "71")
    ]
    assert (second["id"], second["claims"], second["by"]) == ("coast-wire-2", [], "admin")
    tier, reasons = draft["claims"][0]["tier"], draft["claims"][0]["reasons"]
    tally = {"kept": 0, "edited": 1, "left": 1}
    assert desk.get("/reviews/quality") == {
        "documents": 2, "added": 0, "tiers": {tier: tally}, "reasons": dict.fromkeys(reasons, tally),
    }  # fmt: skip
    found = CliRunner().invoke(app, ["reviews", "export", str(desk.folder)])
    assert found.stdout == desk.client.get("/reviews.jsonl").text
    shown = CliRunner().invoke(app, ["reviews", "quality", str(desk.folder)])
    assert re.search(rf"{tier} +0 +1 +1 +0%", shown.stdout)
