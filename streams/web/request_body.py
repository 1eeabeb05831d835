"""The body of POST /reports: one object, an array, or JSON lines, split into reports as sent.

A report is passed on byte for byte, so that limits are measured on the sender's bytes.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec

from streams.stores.store import StoreUnavailable
from streams.web.budget import Budget
from streams.web.status_codes import ErrorCode, RequestRefused

__all__ = ["MAX_BODY_BYTES", "MAX_REPORTS", "PostedReports", "collect", "split"]

MAX_BODY_BYTES = 16 << 20
MAX_REPORTS = 10_000
#: Bytes of each body that the shared budget does not count, so that long bodies cannot keep out short ones.
UNCOUNTED_BYTES = 64 << 10
#: Time for a body: this, and a second more for each 128 KiB.
BODY_TIMEOUT_S = 20.0
BYTES_PER_S = 128 << 10

_BLANK = b" \t\r\n"
_LINES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/json-lines"})
_ANY = msgspec.json.Decoder(msgspec.Raw)
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
#: A line from its first character that is not blank; the blanks before it are part of the report.
_LINE = re.compile(rb"[^ \t\r\n][^\n]*")
#: The tokens that determine the number of elements of an array: strings, brackets and commas.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)
#: Commas from which on the elements of an array are counted before it is decoded: each takes 100 bytes of memory.
_MANY_COMMAS = 500_000


@dataclass(frozen=True, slots=True)
class PostedReports:
    """The reports of a body, with their line (from 1) or place in the array (from 0).

    `named` says which: `line`, `index`, or None for a body that is one report.
    """

    values: list[bytes]
    places: list[int]
    named: str | None


async def collect(chunks: AsyncIterator[bytes], budget: Budget) -> bytes:
    """Return a body; raises RequestRefused as soon as it is too long or too slow, or the budget is used up."""
    body = bytearray()
    counted = 0
    began_s = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S) as limit:
            async for chunk in chunks:
                if len(body) + len(chunk) > MAX_BODY_BYTES:
                    raise RequestRefused(
                        ErrorCode.TOO_LARGE, f"the body is over {MAX_BODY_BYTES >> 20} MiB: send several bodies"
                    )
                body += chunk
                more = max(0, len(body) - UNCOUNTED_BYTES) - counted
                if not budget.take(more):
                    raise StoreUnavailable("too many long bodies are being received: send this one again later")
                counted += more
                limit.reschedule(began_s + BODY_TIMEOUT_S + len(body) / BYTES_PER_S)
    except TimeoutError:
        raise RequestRefused(ErrorCode.TIMEOUT, "the body came too slowly: send less at once") from None
    finally:
        budget.give_back(counted)
    return bytes(body)


def split(body: bytes, content_type: str = "") -> PostedReports:
    """Return the reports in a body; raises RequestRefused where there is none, or too many."""
    start = body.lstrip(_BLANK)[:1]
    if not start:
        raise RequestRefused(
            ErrorCode.NOT_JSON, "the body is empty: send one report, an array of reports, or one report per line"
        )
    media = content_type.partition(";")[0].strip().lower()
    if media in _LINES or not _is_one_value(body):
        reports = _lines(body)
    elif start == b"[":
        values = _elements(body)
        reports = PostedReports(values, list(range(len(values))), "index")
    else:
        return PostedReports([body.strip(_BLANK)], [0], None)
    if not reports.values:
        raise RequestRefused(ErrorCode.NOT_JSON, "the body holds no report")
    if len(reports.values) > MAX_REPORTS:
        raise _too_many()
    return reports


def _too_many() -> RequestRefused:
    return RequestRefused(ErrorCode.TOO_LARGE, f"the body holds more than {MAX_REPORTS:,} reports: send several bodies")


def _is_one_value(body: bytes) -> bool:
    try:
        _ANY.decode(body)
    except msgspec.DecodeError:
        # JSON lines have more after the first value; other text is refused as a whole.
        return b"\n" not in body.strip(_BLANK)
    except RecursionError:
        return True
    return True


def _elements(body: bytes) -> list[bytes]:
    if body.count(b",") > _MANY_COMMAS and _element_count(body) > MAX_REPORTS:
        raise _too_many()
    try:
        return [bytes(value) for value in _ARRAY.decode(body)]
    except (msgspec.DecodeError, RecursionError) as error:
        raise RequestRefused(ErrorCode.NOT_JSON, f"not a JSON array: {error}") from None


def _element_count(body: bytes) -> int:
    """Return the number of elements of an array, up to one more than allowed."""
    depth, commas = 0, 0
    for token in _TOKEN.finditer(body):
        match token[0]:
            case b"[" | b"{":
                depth += 1
            case b"]" | b"}":
                depth -= 1
            case b"," if depth == 1:
                commas += 1
                if commas >= MAX_REPORTS:
                    break
    return commas + 1


def _lines(body: bytes) -> PostedReports:
    """Return the lines that are not blank; stops after one more than allowed, however long the body is."""
    values: list[bytes] = []
    numbers: list[int] = []
    number, counted_to = 1, 0
    for line in _LINE.finditer(body):
        number += body.count(b"\n", counted_to, line.start())
        counted_to = line.start()
        values.append(body[body.rfind(b"\n", 0, line.start()) + 1 : line.end()])
        numbers.append(number)
        if len(values) > MAX_REPORTS:
            break
    return PostedReports(values, numbers, "line")
