"""Documents from files, pages and feeds."""

import gzip
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.operations.read.documents import Given, NotReadable, documents_of

KNOWN = Given(outlet="coast-wire", published_at="2022-09-15T14:05:00+04:00")
PAGE = """<!doctype html><html lang="en"><head><title>Truce | Coast Wire</title>
<meta property="og:site_name" content="Coast Wire"><link rel="canonical" href="https://coast.example/a">
<script type="application/ld+json">
{"@graph": [{"@type": "NewsArticle", "datePublished": "2022-09-15T14:05:00+04:00"}]}</script>
</head><body><nav><a href="/">Home</a> 404 stories</nav><article><h1>Truce holds in the north</h1>
<p>The ministry of the north said on Thursday that 71 soldiers were killed in two days of fighting along the river.</p>
<table><tr><th>Outcome</th><th>Persons</th></tr><tr><td>Wounded</td><td>112</td></tr></table>
<ul><li>Nine villages were shelled during the night, officials said</li></ul>
<p>Correction: an earlier version of this article said that 50 soldiers had been killed.</p></article>
<aside class="related"><h2>Related</h2><a href="/b">Floods kill 200 in another country</a></aside>
<footer>© 2022 Coast Wire</footer></body></html>"""


def one(content: bytes, name: str, given: Given = KNOWN, **options: Any) -> dict[str, Any]:
    found = list(documents_of(content, name, given, **options))
    assert len(found) == 1
    return found[0]


def test_plain_text_has_a_title_before_an_empty_line() -> None:
    assert one(b"Truce holds\n\n71 soldiers were killed.\n", "a.txt") == {
        "title": "Truce holds", "text": "71 soldiers were killed.",
        "outlet": "coast-wire", "published_at": "2022-09-15T14:05:00+04:00",
    }  # fmt: skip
    assert "title" not in one(b"71 soldiers were killed.\nAnd more.", "a.txt")


def test_markdown_loses_its_marks_and_keeps_its_words() -> None:
    text = b"# Truce\n\n- **71** soldiers [were killed](https://a.example/)\n> said `so`"
    found = one(text, "a.md")
    assert (found["title"], found["text"]) == ("Truce", "71 soldiers were killed\nsaid so")


def test_a_page_says_who_when_and_what() -> None:
    """Tables, lists and corrections are text; navigation and related stories are not."""
    found = one(PAGE.encode(), "a.html", Given())
    assert {name: found[name] for name in found if name != "text"} == {
        "title": "Truce holds in the north", "lang": "en", "published_at": "2022-09-15T14:05:00+04:00",
        "outlet": "coast-wire", "url": "https://coast.example/a",
    }  # fmt: skip
    for kept in ("71 soldiers", "112", "Nine villages", "said that 50 soldiers"):
        assert kept in found["text"]
    for dropped in ("404 stories", "Floods kill 200", "© 2022"):
        assert dropped not in found["text"]


def test_what_is_given_wins_over_the_page() -> None:
    found = one(PAGE.encode(), "a.html", Given(outlet="other", published_at="2022-09-16T00:00:00Z", episode="war"))
    assert (found["outlet"], found["published_at"], found["episode"]) == ("other", "2022-09-16T00:00:00Z", "war")


def test_items_of_a_feed_are_documents() -> None:
    feed = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Coast Wire</title>
    <item><title>Truce</title><link>https://coast.example/a</link><pubDate>Thu, 15 Sep 2022 10:05:00 GMT</pubDate>
    <description>&lt;p&gt;71 soldiers were killed in two days of fighting, the ministry said on Thursday.&lt;/p&gt;
    </description></item>
    <item><title>Second</title><pubDate>Thu, 15 Sep 2022 11:00:00 GMT</pubDate><description>Quiet.</description></item>
    </channel></rss>"""
    first, second = documents_of(feed, "feed.xml", Given())
    assert first == {
        "title": "Truce", "text": "71 soldiers were killed in two days of fighting, the ministry said on Thursday.",
        "published_at": "2022-09-15T10:05:00+00:00", "outlet": "coast-wire", "url": "https://coast.example/a",
    }  # fmt: skip
    assert second["text"] == "Quiet."


def test_json_holds_documents() -> None:
    """An object, an array, or one a line."""
    document = {"title": "T", "text": "71 killed.", "published_at": "2022-09-15T10:05:00Z", "outlet": "coast-wire"}
    text = json.dumps(document)
    assert one(text.encode(), "a.json", Given()) == document
    assert list(documents_of(f"[{text}, {text}]".encode(), "a.json", Given())) == [document, document]
    assert list(documents_of(f"{text}\n\n{text}\n".encode(), "a.jsonl", Given())) == [document, document]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1251"])
def test_other_encodings_are_read(encoding: str) -> None:
    text = "Міністерство оборони повідомило, що за добу загинули сімдесят один військовослужбовець.\nПоранені двоє."
    assert one(text.encode(encoding), "a.txt")["text"] == text


@pytest.mark.parametrize(
    ("content", "name", "given", "message"),
    [
        (b"", "a.txt", KNOWN, "a.txt is empty"),
        (b" \n\n", "a.txt", KNOWN, "a.txt is empty"),
        (b"%PDF-1.7\n\x00\x01", "a.pdf", KNOWN, "a.pdf is a PDF: save it as UTF-8 text"),
        (b"PK\x03\x04\x00\x00", "a.docx", KNOWN, "a.docx is a zip: save it as UTF-8 text"),
        (b"a" * (11 << 20), "a.txt", KNOWN, "a.txt is longer than 10 MiB: give the text alone"),
        (b"x", "a.txt", Given(), "a.txt does not say its outlet: say --outlet SLUG; nor when it was published: say"),
        (b"x", "a.txt", Given("o", "2022-09-15"), "'2022-09-15' has no offset from UTC: +04:00 or Z"),
        (b"x", "a.txt", Given("o", "noon"), "'noon' is not RFC 3339"),
        (b"<!doctype html><html></html>", "a.html", KNOWN, "a.html does not say its text"),
        (b"[1]", "a.json", KNOWN, "a.json: document 1 is not an object with text and published_at"),
        (b'{"txt": 1}', "a.json", KNOWN, "a.json: document 1: unknown field 'txt'; the fields are episode, html"),
        (b'{"a"', "a.json", KNOWN, "a.json: line 1 is not JSON"),
    ],
)
def test_what_is_no_document_says_why(content: bytes, name: str, given: Given, message: str) -> None:
    with pytest.raises(NotReadable) as refused:
        list(documents_of(content, name, given))
    assert str(refused.value).startswith(message) or message in str(refused.value)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=2_000), st.sampled_from(["a.txt", "a.html", "a.md", "a.json", "a.xml"]))
def test_any_bytes_are_a_document_or_refused(content: bytes, name: str) -> None:
    try:
        found = list(documents_of(content, name, KNOWN))
    except NotReadable:
        return
    assert all(document["text"].strip() for document in found)


def test_a_deeply_nested_page_takes_bounded_memory() -> None:
    """10 MB of nested elements are refused or read in a few hundred MB."""
    content = b"<html><body>" + b"<div>" * 1_900_000 + b"71 killed"
    tracemalloc.start()
    try:
        list(documents_of(content, "a.html", KNOWN))
    except NotReadable:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 300 << 20


def test_gzip_is_said_to_be_binary() -> None:
    with pytest.raises(NotReadable, match="binary"):
        one(gzip.compress(b"71 killed", mtime=0), "a.txt")
