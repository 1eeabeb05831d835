"""Documents (contract section 9) from the bytes of a file or page: plain text, Markdown, HTML, feed items, JSON."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from charset_normalizer import from_bytes

from streams.operations.read.feed import feed_items, is_feed
from streams.operations.read.html import is_html, page_fields

__all__ = ["Given", "NotReadable", "document_fields", "documents_of"]

Fields = dict[str, Any]
#: Nothing larger is looked at: HTML around 256 KiB of text is seldom a tenth of it.
MAX_BYTES = 10 << 20
_NAMES = frozenset(
    {"id", "version", "title", "text", "html", "lang", "published_at", "outlet", "url", "zone", "episode"}
)
_BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f]")
_MARKDOWN = re.compile(r"^(#{1,6} +|> ?|[*+-] +(?=\S))|[*_]{2}|`+", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\]\n]{0,500})\]\([^)\n]{0,2000}\)")


class NotReadable(ValueError):
    """Input that is no document; the message says what it is and what to do."""


@dataclass(frozen=True, slots=True)
class Given:
    """Values for a document from the caller; they win over those of the page."""

    outlet: str | None = None
    published_at: str | None = None
    episode: str | None = None
    url: str | None = None
    lang: str | None = None

    def over(self, fields: Mapping[str, Any]) -> Fields:
        """Return fields with what is given in their place."""
        own = {name: getattr(self, name) for name in self.__slots__}
        return {**fields, **{name: value for name, value in own.items() if value is not None}}


def documents_of(content: bytes, name: str, given: Given, *, html: bool = False) -> Iterator[Fields]:
    """Yield the fields of each document in some bytes; `name` is the file's or the address.

    `html` says that they are a page. Raises NotReadable for what is empty, binary, too long or no document.
    """
    if not content.strip():
        raise NotReadable(f"{name} is empty")
    if len(content) > MAX_BYTES:
        raise NotReadable(f"{name} is longer than {MAX_BYTES >> 20} MiB: give the text alone")
    if name.endswith((".json", ".jsonl")):
        yield from _of_json(content, name, given)
    elif not html and is_feed(content):
        yield from (_complete(given.over(item), name) for item in feed_items(content, name))
    elif html or name.endswith((".html", ".htm")) or is_html(content):
        yield _complete(given.over(page_fields(content, given.url)), name)
    else:
        text = _text_of(content, name)
        plain = _without_markup(text) if name.endswith((".md", ".markdown")) else text
        yield _complete(given.over(_title_and_text(plain)), name)


def _of_json(content: bytes, name: str, given: Given) -> Iterator[Fields]:
    for number, line in enumerate(_json_values(content, name), start=1):
        yield document_fields(line, f"{name}: document {number}", given)


def document_fields(document: Any, where: str, given: Given | None = None) -> Fields:
    """Return the fields of a document given as JSON; `where` names it in errors. Raises NotReadable."""
    if not isinstance(document, dict):
        raise NotReadable(f"{where} is not an object with text and published_at")
    if unknown := sorted(set(document) - _NAMES):
        raise NotReadable(f"{where}: unknown field {unknown[0]!r}; the fields are {', '.join(sorted(_NAMES))}")
    fields = {name: value for name, value in document.items() if name != "html" and value is not None}
    if wrong := [name for name, value in fields.items() if not isinstance(value, int if name == "version" else str)]:
        raise NotReadable(f"{where}: {wrong[0]} must be a {'number' if wrong[0] == 'version' else 'text'}")
    page = document.get("html")
    said = page_fields(page.encode(errors="replace"), fields.get("url")) if isinstance(page, str) else {}
    return _complete((given or Given()).over({**said, **fields}), where)


def _json_values(content: bytes, name: str) -> list[Any]:
    try:
        whole = orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    else:
        return whole if isinstance(whole, list) else [whole]
    values = []
    for number, line in enumerate(content.splitlines(), start=1):
        if line.strip():
            try:
                values.append(orjson.loads(line))
            except orjson.JSONDecodeError as error:
                raise NotReadable(f"{name}: line {number} is not JSON: {error}") from None
    return values


def _complete(fields: Fields, where: str) -> Fields:
    """Return fields that make a document. Raises NotReadable with all that is missing."""
    missing = []
    if not str(fields.get("text") or "").strip():
        missing.append("its text: nothing was found in it")
    if not fields.get("outlet"):
        missing.append("its outlet: say --outlet SLUG")
    if not fields.get("published_at"):
        missing.append("when it was published: say --published-at TIME")
    elif (reason := _not_a_time(fields["published_at"])) is not None:
        missing.append(f"when it was published: {reason}")
    if missing:
        raise NotReadable(f"{where} does not say " + "; nor ".join(missing))
    return fields


def _not_a_time(text: Any) -> str | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return f"{text!r} is not RFC 3339: 2022-09-15T14:05:00+04:00"
    return None if moment.tzinfo else f"{text!r} has no offset from UTC: +04:00 or Z"


def _text_of(content: bytes, name: str) -> str:
    for bom, encoding in _BOMS.items():
        if content.startswith(bom):
            return content.decode(encoding, "replace")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        best = from_bytes(content[:65_536]).best()
        if best is None:
            raise NotReadable(f"{name} is binary, or in an unknown encoding: save it as UTF-8 text") from None
        text = content.decode(best.encoding, "replace")
    if _CONTROL.search(text[:65_536]):
        kind = "a PDF" if content.startswith(b"%PDF") else "a zip" if content.startswith(b"PK") else "binary"
        raise NotReadable(f"{name} is {kind}: save it as UTF-8 text")
    return text


def _title_and_text(text: str) -> Fields:
    """Return the first line as the title where an empty line comes after it, all as text otherwise."""
    first, _, rest = text.strip().partition("\n")
    if rest.startswith("\n") and len(first) <= 300:
        return {"title": first.strip(), "text": rest.strip()}
    return {"text": text.strip()}


def _without_markup(text: str) -> str:
    return _MARKDOWN.sub("", _LINK.sub(r"\1", text))
