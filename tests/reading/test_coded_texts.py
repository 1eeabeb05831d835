"""The coded texts that are no part of the repository; skipped where they are absent."""

import pytest

from streams.reading import Document, read
from tests.reading import dev_set as gold

absent = pytest.mark.skipif(not gold.FOLDER.is_dir(), reason="the coded texts are no part of the repository")


@absent
def test_first_article_gives_its_figures() -> None:
    """The article that the system began with: 71, 105, 176, the truce announced on Wednesday, in effect from 20:00."""
    title, _, text = (gold.FOLDER / "seed.txt").read_text(encoding="utf-8").partition("\n")
    given = {"id": "seed", "title": title, "text": text, "outlet": "daily-sabah"}
    published = {"published_at": "2022-09-15T14:00:00+03:00"}
    content = read(Document.of(given | published), gold.context("caucasus")).content
    claims = [
        (report["source"], claim)
        for report in content["reports"]
        for claim in report["claims"]
        if claim["type"] != "statement"
    ]
    losses = {
        (source, claim["party"], claim["outcome"], claim["population"], claim["count"]["best"], claim["basis"])
        for source, claim in claims
        if claim["type"] == "casualties"
    }
    assert losses == {
        ("azerbaijan-mod", "azerbaijan", "killed", "military", 71, "cumulative"),
        ("armenia-officials", "armenia", "killed", "unknown", 105, "cumulative"),
        ("daily-sabah", "all", "killed", "military", 176, "derived"),
    }
    truces = [(source, claim) for source, claim in claims if claim["type"] == "ceasefire"]
    truce = {(source, claim["act"], claim.get("at"), claim.get("effective_at")) for source, claim in truces}
    assert ("armenia-security-council", "announced", "2022-09-14T23:59:59+04:00", None) in truce
    assert ("armenia-officials", "took_effect", None, "2022-09-14T20:00:00+04:00") in truce


@absent
def test_text_without_claims_drafts_none_as_ready() -> None:
    empty = [line for name in ("own", "real") for line in gold.texts(name, held_out=False) if not line["claims"]]
    ready = [line["id"] for line in empty if any(entry["tier"] == "ready" for entry in gold.draft(line)["claims"])]
    assert (len(empty) > 5, ready) == (True, [])
