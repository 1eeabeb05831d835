"""The gold for the reader: well formed, quoted letter for letter, and broad enough to be a measure."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.reading.check_context import Context, context_problems
from tests.reading.check_gold import CONTEXTS, check, phenomena, problems, read
from tests.reading.gold_terms import PHENOMENA

FILES = sorted(CONTEXTS.parent.glob("*.jsonl"))
#: Of the reader's own development texts: in the gold, but not counted as texts that nobody tuned to.
COPIED = "northland"

TEXT = "Aland's army said 12 soldiers were killed on 3 May."
GOOD: dict[str, Any] = {
    "id": "sample",
    "kind": "article",
    "licence": "own",
    "title": "Twelve dead",
    "text": TEXT,
    "lang": "en",
    "outlet": "sample-wire",
    "published_at": "2022-05-04T10:00:00+03:00",
    "context": "sample",
    "episode": "sample-war",
    "claims": [
        {
            "source": "aland-army",
            "claim": {
                "type": "casualties",
                "party": "aland",
                "outcome": "killed",
                "population": "military",
                "count": {"best": 12},
                "qualifier": "exact",
                "basis": "incremental",
                "as_of": "2022-05-03",
            },
            "evidence": {"count": "12 soldiers", "source": "Aland's army", "also": "Twelve dead"},
        }
    ],
    "left_out": [{"text": "3 May", "why": "date"}],
}
SOURCES = "sample-wire: {name: Sample Wire, kind: media}\n"
ATLAS = """
parties: {aland: {name: Aland}, bland: {name: Bland}}
episodes: {sample-war: {title: War, parties: [aland, bland], from: 2022-05-01, to: 2022-05-31, zone: Europe/Oslo}}
places: {hill: {name: Hill, lat: 1, lon: 1, within: aland}}
"""


@pytest.fixture
def contexts(tmp_path: Path) -> Path:
    """Return a folder with the one small context of the sample."""
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "sources.yaml").write_text(SOURCES, "utf-8")
    (tmp_path / "sample" / "atlas.yaml").write_text(ATLAS, "utf-8")
    return tmp_path


def changed(path: str, value: object) -> dict[str, Any]:
    """Return the sample with one value changed; the path names keys and indexes, `claims.0.source`."""
    document = deepcopy(GOOD)
    *way, last = path.split(".")
    part: Any = document
    for key in way:
        part = part[int(key)] if key.isdigit() else part[key]
    part[last] = value
    return document


def test_gold_has_no_problem() -> None:
    """Each text, claim and reason follows the coding guide, and each number is accounted for."""
    assert problems(read(FILES)) == []


def test_gold_contexts_have_no_problem() -> None:
    """Each context loads; parties, zones and names are sound and unambiguous."""
    folders = sorted(CONTEXTS.iterdir())
    assert {d["context"] for d in read(FILES)} == {folder.name for folder in folders}
    assert {folder.name: found for folder in folders if (found := context_problems(Context.load(folder)))} == {}


def test_gold_is_the_projects_own() -> None:
    """No text is under another licence."""
    assert {d["licence"] for d in read(FILES)} == {"own"}


def test_gold_is_broad() -> None:
    """There are enough texts of each kind, and each phenomenon occurs in three places at least."""
    documents = [d for d in read(FILES) if d["context"] != COPIED]
    kinds = Counter(d["kind"] for d in documents if d["claims"])
    least = {"article": 25, "headline": 10, "bulletin": 8, "paragraph": 11, "post": 5}
    assert {kind: n for kind, n in least.items() if kinds[kind] < n} == {}
    assert sum(not d["claims"] for d in documents) >= 10
    assert Counter(d["lang"] for d in documents) >= Counter({"ar": 2, "uk": 2, "ru": 2})
    assert [n for n in PHENOMENA if phenomena(documents)[n] < 3] == []


def test_sample_has_no_problem(contexts: Path) -> None:
    """The sample is sound, so that each change below is the cause of its problem."""
    assert check(GOOD, contexts) == []


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("kind", "poem", "kind poem"),
        ("outlet", "Sample Wire", "published_at or outlet malformed"),
        ("lang", 3, "lang is missing or of the wrong type"),
        ("note", "x", "unknown key note"),
        ("episode", "other-war", "episode other-war is not in the atlas"),
        ("text", TEXT + " Seven fled.", "number not accounted for: "),
        ("left_out.0.why", "boring", "left_out '3 May': reason boring"),
        ("left_out.0.text", "3 June", "left_out '3 June': not in the text"),
        ("claims.0.source", "bland-bakery", "source bland-bakery is not in the registry and follows no slug rule"),
        ("claims.0.claim.party", "cland", "party cland is not in the atlas"),
        ("claims.0.claim.outcome", "slain", "outcome slain is no word of the guide"),
        ("claims.0.claim.group", "dogs", "group dogs is no word of the guide"),
        ("claims.0.claim.count", {"best": 13}, "count evidence '12 soldiers' does not say [13]"),
        ("claims.0.claim.count", {"best": 12, "high": 3}, "count {'best': 12, 'high': 3} is not legal for exact"),
        ("text", TEXT + " Of the 12 soldiers nothing is known.", "count evidence occurs 2 times: '12 soldiers'"),
        ("left_out.0.text", "12 soldiers were killed on 3 May", "number both claimed and left out: '12 soldiers'"),
        ("claims.0.claim.scope", "since-2022-05-02", "scope since-2022-05-02 is no since-DAY, or not on a cumulative"),
        ("claims.0.claim.as_of", "2022-05-09", "as_of is more than 24 h after published_at"),
        ("claims.0.claim.as_of", "May", "not a day, nor a minute with offset: 'May'"),
        ("claims.0.claim.by", "aland", "unknown field by"),
        ("claims.0.evidence.source", "the army", "evidence is not in the text: 'the army'"),
        ("claims.0.phenomena", [41], "phenomenon 41 is none of the 40"),
        ("claims.0.sure", True, "unknown key sure"),
    ],
)
def test_wrong_gold_is_reported(contexts: Path, path: str, value: object, problem: str) -> None:
    """One wrong value gives the problem that names it."""
    assert [found for found in check(changed(path, value), contexts) if problem in found]


@pytest.mark.parametrize(
    ("claim", "problem"),
    [
        ({"act": "stopped"}, "act stopped is no word of the guide"),
        ({"act": "agreed", "against": "bland"}, "against belongs to violations"),
        ({"act": "rejected", "by": "cland"}, "by cland is no party"),
        ({"act": "violation_confirmed"}, "violation_confirmed by a source that is no monitor"),
        ({"act": "agreed", "at": "2022-05-06"}, "at is after published_at"),
        ({"act": "took_effect", "effective_at": "2022-05-06"}, "took_effect in the future"),
        (
            {"act": "agreed", "effective_at": "2022-05-03", "expires_at": "2022-05-02"},
            "expires_at is not after effective_at",
        ),
    ],
)
def test_wrong_ceasefire_is_reported(contexts: Path, claim: dict[str, Any], problem: str) -> None:
    """A ceasefire claim keeps to the acts, parties and times of the guide."""
    entry = {"source": "aland-army", "claim": {"type": "ceasefire"} | claim, "evidence": {"act": "said"}}
    document = changed("claims", [*GOOD["claims"], entry])
    assert [found for found in check(document, contexts) if problem in found]


def test_total_coded_twice_is_reported(contexts: Path) -> None:
    """Two totals of one cell are one claim; two increments may be two incidents; optional claims do not count."""
    entry = changed("claims.0.claim.basis", "cumulative")["claims"][0]
    assert len(check(changed("claims", [entry, entry]), contexts)) == 1
    assert check(changed("claims", [entry, entry | {"optional": True}]), contexts) == []
    assert check(changed("claims", GOOD["claims"] * 2), contexts) == []


def test_id_used_twice_is_reported(contexts: Path) -> None:
    """An id names one document."""
    assert problems([GOOD, GOOD], contexts) == ["sample: 2 documents have this id"]


def test_line_that_is_no_json_is_named(tmp_path: Path) -> None:
    """The error names file and line."""
    path = tmp_path / "gold.jsonl"
    path.write_text('{"id": "a"}\n{"id": \n', "utf-8")
    with pytest.raises(ValueError, match=r"gold\.jsonl:2: not JSON"):
        read([path])


def test_wrong_context_is_reported() -> None:
    """Slugs, kinds, parties, episodes and places of a context are checked, and names that two sources share."""
    source = {"name": "Radio", "kind": "rumour", "affiliation": "cland"}
    context = Context(
        sources={"Radio": source, "radio-2": {"name": "Radio", "kind": "media"}},
        parties={"aland": {"name": "Aland"}},
        episodes={"war": {"title": "War", "parties": ["bland"], "from": "May", "to": "June", "zone": "Europe/Oslo"}},
        places={"hill": {"name": "Hill", "lat": 91, "lon": 0, "within": "bland"}},
    )
    assert context_problems(context) == [
        "not a slug: 'Radio'",
        "source Radio: kind rumour",
        "source Radio: affiliation cland is no party",
        "2 sources are named Radio",
        "episode war: bland is no party",
        "episode war: from May to June",
        "place hill: within bland is no party",
        "place hill: 91, 0",
    ]
