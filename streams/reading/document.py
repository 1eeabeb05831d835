"""The document: a text as it was published, normalised and frozen."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

#: The limit of contract section 9, of title and text together in UTF-8.
MAX_BYTES: Final = 256 * 1024
_QUOTES: Final = dict.fromkeys(
    (0x2018, 0x2019, 0x201A, 0x201B, 0x02BC, 0x00B4, 0x0060),
    "'",
) | dict.fromkeys((0x201C, 0x201D, 0x201E, 0x201F, 0x00AB, 0x00BB), '"')
_DASHES: Final = dict.fromkeys((0x2010, 0x2011, 0x2043, 0x2212), "-") | dict.fromkeys((0x2012, 0x2014, 0x2015), "–")
_SPACES: Final = dict.fromkeys(
    map(ord, "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t\v\f"), " "
)
_LINES: Final = dict.fromkeys(map(ord, "\r\u0085\u2028\u2029"), "\n")
_ONE_TO_ONE: Final = _QUOTES | _DASHES | _SPACES | _LINES
_NOT_SLUG: Final = re.compile(r"[^a-z0-9]+")


class DocumentTooLargeError(ValueError):
    """A text beyond the limit of 256 KiB."""


def freeze(text: str) -> str:
    """Return the text in NFC with plain quotes, dashes, spaces and line ends, one character for one."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).translate(_ONE_TO_ONE)


def slug_of(name: str) -> str:
    """Return the slug of a name: lower case, letters and digits without accents, joined by hyphens."""
    plain = unicodedata.normalize("NFKD", name.lower().replace("'s ", " ").replace("'", ""))
    ascii_only = "".join(c for c in plain if not unicodedata.combining(c))
    return _NOT_SLUG.sub("-", ascii_only).strip("-")[:80].strip("-")


@dataclass(frozen=True, slots=True)
class Document:
    """A published text; `title` and `text` are frozen by `Document.of`."""

    id: str
    version: int
    title: str
    text: str
    lang: str
    published_at: str
    outlet: str
    url: str | None = None
    zone: str | None = None
    episode: str | None = None

    @property
    def whole(self) -> str:
        """Return what offsets count in: title, line feed, text."""
        return f"{self.title}\n{self.text}"

    @property
    def sha256(self) -> str:
        """Return the digest of the frozen title and text."""
        return hashlib.sha256(self.whole.encode()).hexdigest()

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "Document":
        """Return the document of contract section 9's fields.

        Raises DocumentTooLargeError beyond 256 KiB and ValueError where a time or an outlet is missing.
        """
        raw_title, raw_text = fields.get("title") or "", fields.get("text") or ""
        title, text = freeze(raw_title).replace("\n", " ").strip(), freeze(raw_text)
        if len(title.encode("utf-8", "surrogatepass")) + len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
            raise DocumentTooLargeError(f"the text is over {MAX_BYTES} bytes: send the part that matters")
        published, outlet = fields.get("published_at"), fields.get("outlet")
        if not published or datetime.fromisoformat(published).tzinfo is None:
            raise ValueError("published_at is missing or has no zone: give it as RFC 3339")
        if not outlet:
            raise ValueError("outlet is missing: give the slug of who published the text")
        url = fields.get("url")
        return cls(
            id=fields.get("id") or _id_of(outlet, url, raw_title, raw_text),
            version=fields.get("version") or 1,
            title=_without_surrogates(title),
            text=_without_surrogates(text),
            lang=fields.get("lang") or "en",
            published_at=published,
            outlet=outlet,
            url=url,
            zone=fields.get("zone"),
            episode=fields.get("episode"),
        )


def _without_surrogates(text: str) -> str:
    """Return the text with each lone surrogate, which no encoding can hold, as U+FFFD."""
    return text.encode("utf-8", "replace").decode() if not text.isprintable() and _has_surrogate(text) else text


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= c <= "\udfff" for c in text)


def _id_of(outlet: str, url: str | None, title: str, text: str) -> str:
    if url:
        bare = url.split("#", 1)[0]
        return f"{urlsplit(bare).hostname or outlet}-{hashlib.sha256(bare.encode()).hexdigest()[:8]}"
    digest = hashlib.sha256((title + text).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{outlet}-{digest[:8]}"
