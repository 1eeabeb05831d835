"""Drafts of files and addresses, and the report lines in them."""

import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import anyio
import orjson
from backports import zstd

from streams.core.atlas import Atlas
from streams.core.source_registry import Registry
from streams.files.atlas import default_atlas
from streams.operations.read.documents import Given, NotReadable, document_fields, documents_of
from streams.operations.read.web_page import fetch
from streams.reading import Context, Document, DocumentTooLargeError, draft_json, next_versions, read
from streams.reading import Draft as ReaderDraft

__all__ = ["ReadOptions", "drafts_of", "is_address", "make_reader", "reading_context", "report_lines"]

Draft = dict[str, Any]
#: A packed file may unpack to no more.
UNPACKED_BYTES_MAX = 64 << 20
#: The claims of these tiers become report lines; `ask` waits for a person.
TAKEN_TIERS = frozenset({"ready", "check"})


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Values for the documents from the caller, and the ways to get them."""

    given: Given
    html: bool = False
    allow_private: bool = False


def reading_context(atlas: Atlas, registry: Registry) -> Context:
    """Return the names that the reader goes by; an atlas without parties gives way to the shipped one."""
    return Context.of((atlas if atlas.parties else default_atlas()).as_record(), registry.as_record())


def make_reader(context: Context) -> Callable[[dict[str, Any], Draft | None], Draft]:
    """Return the function that drafts a document given as JSON, on top of the draft of its version before.

    Changed reports get the next revision, missing ones are withdrawn. It raises NotReadable.
    """

    def draft(fields: dict[str, Any], before: Draft | None) -> Draft:
        try:
            complete = document_fields(fields, "the document")
        except ImportError as error:
            raise NotReadable(f"pages need {error.name}: pip install 'truceline[read]'") from None
        try:
            made = read(Document.of(complete), context)
        except ValueError as error:
            raise NotReadable(str(error)) from None
        if before is not None:
            made = next_versions(ReaderDraft(before), made)
        content: Draft = orjson.loads(draft_json(made))
        return content

    return draft


def is_address(name: str) -> bool:
    """Return True if an argument is an address, not a file."""
    return name.startswith(("http://", "https://"))


async def bytes_of(name: str, options: ReadOptions, stdin: bytes | None) -> tuple[bytes, str, Given]:
    """Return the content of a file, an address or standard input, its name, and what is known of it.

    Raises NotReadable, FetchFailed, and OSError for a file.
    """
    if is_address(name):
        content, url = await fetch(name, allow_private=options.allow_private)
        return content, url, Given(**{**_fields(options.given), "url": options.given.url or url})
    content = (stdin or b"") if name == "-" else await anyio.Path(name).read_bytes()
    plain, bare = _unpacked(content, name)
    return plain, "standard input" if name == "-" else bare, options.given


async def drafts_of(name: str, options: ReadOptions, context: Context, stdin: bytes | None = None) -> list[Draft]:
    """Return the draft of each document in a file, an address or standard input, in their order.

    Raises NotReadable, FetchFailed, and OSError for a file.
    """
    content, shown, given = await bytes_of(name, options, stdin)
    html = options.html or (is_address(name) and not content.lstrip().startswith((b"<?xml", b"<rss", b"<feed")))
    return [_draft(fields, context, shown) for fields in documents_of(content, shown, given, html=html)]


def report_lines(draft: Draft) -> Iterator[bytes]:
    """Yield each report of a draft as a line, with its claims of the tiers that need no person.

    Raises NotReadable where the draft has claims and no episode.
    """
    taken = {(each["report"], each["claim"]) for each in draft["claims"] if each["tier"] in TAKEN_TIERS}
    for number, report in enumerate(draft["reports"]):
        claims = [claim for index, claim in enumerate(report["claims"]) if (number, index) in taken]
        if not claims:
            continue
        if draft["episode"] is None:
            raise NotReadable(f"{draft['document']['id']}: no episode of the atlas fits: say --episode SLUG")
        yield orjson.dumps({**report, "claims": claims}, option=orjson.OPT_APPEND_NEWLINE)


def _draft(fields: Mapping[str, Any], context: Context, name: str) -> Draft:
    try:
        document = Document.of(fields)
    except DocumentTooLargeError as error:
        raise NotReadable(f"{name}: {error}") from None
    draft: Draft = orjson.loads(draft_json(read(document, context)))
    return draft


def _fields(given: Given) -> dict[str, str | None]:
    return {name: getattr(given, name) for name in given.__slots__}


def _unpacked(content: bytes, name: str) -> tuple[bytes, str]:
    """Return the content of a file that its name says is packed, and the name without that ending."""
    ending = Path(name).suffix
    if ending not in _OPENERS:
        return content, name
    try:
        with _OPENERS[ending](BytesIO(content)) as packed:
            unpacked: bytes = packed.read(UNPACKED_BYTES_MAX + 1)
    except (OSError, EOFError, zlib.error, zstd.ZstdError) as error:
        raise NotReadable(f"{name} cannot be unpacked: {error}") from None
    if len(unpacked) > UNPACKED_BYTES_MAX:
        raise NotReadable(f"{name} unpacks to more than {UNPACKED_BYTES_MAX >> 20} MiB")
    return unpacked, name.removesuffix(ending)


_OPENERS: Mapping[str, Callable[[BytesIO], Any]] = {
    ".gz": lambda file: gzip.GzipFile(fileobj=file),
    ".zst": zstd.ZstdFile,
}
