"""The body of POST /reports: one object, an array, or JSON lines, cut into reports as they stand on the wire.

A report is passed on byte for byte, so that limits are measured on what its sender wrote.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec

__all__ = ["MAX_BODY_BYTES", "MAX_REPORTS", "BodyRefused", "PostedReports", "collect", "split"]

MAX_BODY_BYTES = 16 << 20
MAX_REPORTS = 10_000

_BLANK = b" \t\r\n"
_LINES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/json-lines"})
_ANY = msgspec.json.Decoder(msgspec.Raw)
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])


class BodyRefused(Exception):
    """The body as a whole cannot be taken: `code` is one of the contract's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class PostedReports:
    """The reports of a body, with their line (from 1) or place in the array (from 0).

    `named` says which: `line`, `index`, or None for a body that is one report.
    """

    values: list[bytes]
    places: list[int]
    named: str | None


async def collect(chunks: AsyncIterator[bytes]) -> bytes:
    """Return a body, refusing it as soon as it is too long."""
    parts, size = [], 0
    async for chunk in chunks:
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise BodyRefused("too_large", f"a body is at most {MAX_BODY_BYTES >> 20} MiB: send several")
        parts.append(chunk)
    return b"".join(parts)


def split(body: bytes, content_type: str = "") -> PostedReports:
    """Return the reports in a body; raises BodyRefused where there is none, or too many."""
    start = body.lstrip(_BLANK)[:1]
    if not start:
        raise BodyRefused("not_json", "the body is empty; send a report, an array of reports, or a report a line")
    media = content_type.partition(";")[0].strip().lower()
    if media in _LINES or not _is_one_value(body):
        reports = _lines(body)
    elif start == b"[":
        values = _elements(body)
        reports = PostedReports(values, list(range(len(values))), "index")
    else:
        return PostedReports([body.strip(_BLANK)], [0], None)
    if not reports.values:
        raise BodyRefused("not_json", "no report in the body")
    if len(reports.values) > MAX_REPORTS:
        raise BodyRefused("too_large", f"a body holds at most {MAX_REPORTS:,} reports: send several")
    return reports


def _is_one_value(body: bytes) -> bool:
    try:
        _ANY.decode(body)
    except msgspec.DecodeError:
        # Lines have something behind the first value; anything else that is not JSON may be refused as a whole.
        return body.strip(_BLANK).count(b"\n") == 0
    except RecursionError:
        return True
    return True


def _elements(body: bytes) -> list[bytes]:
    try:
        return [bytes(value) for value in _ARRAY.decode(body)]
    except (msgspec.DecodeError, RecursionError) as error:
        raise BodyRefused("not_json", f"not a JSON array: {error}") from None


def _lines(body: bytes) -> PostedReports:
    numbered = [(at, line) for at, line in enumerate(body.split(b"\n"), 1) if line.strip(_BLANK)]
    return PostedReports([line for _, line in numbered], [at for at, _ in numbered], "line")
