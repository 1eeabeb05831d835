"""Pages: title, text, outlet and time of publication of an HTML document.

trafilatura finds the text. The time is read from the page's own data (JSON-LD, meta elements, `time`), since a
day alone would lose the hour.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import orjson

__all__ = ["is_html", "page_fields"]

_START = re.compile(rb"^\s*(<!--.{0,2000}?-->\s*)*<(!doctype html|html|head|body|article)\b", re.IGNORECASE | re.DOTALL)
_META_TIMES = (
    "article:published_time", "og:article:published_time", "date", "dc.date", "dc.date.issued", "dcterms.created",
    "pubdate", "publishdate", "publish-date", "parsely-pub-date", "sailthru.date", "datepublished",
)  # fmt: skip
#: Elements nested deeper than this are no article; deeper ones are dropped by the parser.
MAX_DEPTH = 200


def is_html(content: bytes) -> bool:
    """Return True if some bytes begin like a page."""
    return _START.match(content[:4_096]) is not None


def page_fields(content: bytes, url: str | None) -> dict[str, Any]:
    """Return what a page says of itself: title, text, lang, published_at, outlet and url, as far as it says it.

    Raises ImportError without `truceline[read]`.
    """
    import lxml.etree  # noqa: PLC0415 - the extra `read`: a server without it serves
    import lxml.html  # noqa: PLC0415

    try:
        root = lxml.html.document_fromstring(content, parser=lxml.html.HTMLParser(huge_tree=False))
    except (lxml.etree.ParserError, lxml.etree.XMLSyntaxError, ValueError):
        return {}
    url = url or _canonical(root)
    title = _title(root)
    fields = {
        "title": title,
        "text": _text(content, url).removeprefix(f"{title}\n"),
        "lang": (root.get("lang") or "").strip() or None,
        "published_at": next(_times(root), None),
        "outlet": _outlet(root, url),
        "url": url,
    }
    return {name: value for name, value in fields.items() if value}


def _text(content: bytes, url: str | None) -> str:
    import trafilatura  # noqa: PLC0415 - half a second, and only pages need it

    found = trafilatura.extract(
        content, url=url, include_tables=True, include_comments=False, deduplicate=False, output_format="txt"
    )
    return found or ""


def _title(root: Any) -> str:
    heading = root.xpath("string((//h1)[1])").strip()
    named = root.xpath("string(//meta[@property='og:title']/@content)").strip()
    return " ".join((heading or named or root.xpath("string(//title)").strip()).split())


def _canonical(root: Any) -> str | None:
    for path in ("//link[@rel='canonical']/@href", "//meta[@property='og:url']/@content"):
        address = str(root.xpath(f"string({path})")).strip()
        if address.startswith(("http://", "https://")):
            return address
    return None


def _outlet(root: Any, url: str | None) -> str | None:
    """Return a slug: of the site's name, else of its host."""
    name = root.xpath("string(//meta[@property='og:site_name']/@content)").strip()
    host = (urlsplit(url).hostname or "").removeprefix("www.") if url else ""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:80] or host
    return slug or None


def _times(root: Any) -> Iterator[str]:
    """Yield times of publication, the best first; a day without an hour comes last."""
    found = [*_json_ld(root), *_meta(root), *(str(at) for at in root.xpath("//time/@datetime"))]
    days = []
    for text in found:
        try:
            moment = datetime.fromisoformat(text.strip())
        except ValueError:
            continue
        if len(text.strip()) == len("YYYY-MM-DD"):
            days.append(f"{text.strip()}T00:00:00Z")
        elif moment.tzinfo is not None:
            yield moment.isoformat()
    yield from days


def _json_ld(root: Any) -> Iterator[str]:
    for script in root.xpath("//script[@type='application/ld+json']/text()"):
        try:
            data = orjson.loads(str(script))
        except orjson.JSONDecodeError:
            continue
        graph = data.get("@graph", [data]) if isinstance(data, dict) else data
        for node in graph if isinstance(graph, list) else []:
            if isinstance(node, dict) and isinstance(node.get("datePublished"), str):
                yield node["datePublished"]


def _meta(root: Any) -> Iterator[str]:
    given: dict[str, str] = {}
    for element in root.xpath("//meta[@content]"):
        name = element.get("property") or element.get("name") or element.get("itemprop") or ""
        given.setdefault(name.lower(), element.get("content"))
    yield from (given[name] for name in _META_TIMES if name in given)
