"""From bytes to a report or a tick, or a refusal with its code (contract sections 1 and 2.1).

The shape of each field is `schemas.reports`'s; here stand the defaults, the bounds that
a qualifier gives, and the rules that tie fields together.

Most records are reports that have nothing wrong and no field that nobody knows: a struct of their shape reads them at
once. Whatever else comes is read again the exact way, by which alone a record is refused.
"""

import re
from collections.abc import Callable, Mapping
from hashlib import blake2b
from itertools import accumulate
from typing import Any, Final, Never

import msgspec
import orjson
from pydantic import ValidationError

from schemas.msgspec_structs import struct_of
from schemas.reports import (
    LANG,
    MAX_CLAIMS,
    MAX_NESTING,
    MAX_REPORT_BYTES,
    PATTERN_MEANS,
    REPORT,
    REPORT_ID,
    REPORT_ID_LENGTH,
    SHA256,
    SLUG,
    TICK,
    URL,
    Basis,
    CasualtiesShape,
    CeasefireShape,
    Qualifier,
    ReportShape,
    StatementShape,
)
from streams.core.memo import Memo
from streams.core.model import (
    Boxed,
    Casualty,
    CeasefireClaim,
    Claim,
    ClaimDetails,
    Document,
    Message,
    PartCasualty,
    Reference,
    Report,
    Statement,
    Tick,
)
from streams.core.times import DAY_US, HOUR_US, format_time, parse_time

MAX_AS_OF_AHEAD_US: Final = DAY_US
MAX_TIMESTAMP_AHEAD_US: Final = HOUR_US
DIGEST_BYTES: Final = 12
_BEHIND_SCHEME: Final = len("https://")

_NUMBER: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"|-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+')
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"')
_write: Final = msgspec.json.Encoder().encode
_as_report: Final = REPORT.validator.validate_python
_as_tick: Final = TICK.validator.validate_python
_ReportStruct: Final[Any] = struct_of(ReportShape)
_at_once: Final = msgspec.json.Decoder(_ReportStruct).decode
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
#: What a bracket does to the depth, as a signed byte: 1 or -1.
_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")


class Refusal(Exception):
    """A record that is not taken in: `code` is one of the contract's, `message` says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def parse(value: bytes) -> Message:
    """Return the report or tick that a record's value holds.

    Raises Refusal: `too_large`, `not_json` or `invalid` (its message names the field).
    """
    if len(value) <= MAX_REPORT_BYTES:
        try:
            return _report(_at_once(value), 0)
        except (msgspec.MsgspecError, ValueError, RecursionError, Refusal):
            pass  # _exactly() knows whether it is taken, and why not
    return _exactly(value)


def _exactly(value: bytes) -> Message:
    document = document_of(value)
    if document.get("tick") is not None:
        return _tick(document)
    shape = _shaped(_as_report, document)
    return _report(msgspec.convert(shape, _ReportStruct), _unknown_fields(document, shape))


def document_of(value: bytes) -> dict[str, Any]:
    """Return the JSON object that a record's value is. Raises Refusal as `parse`."""
    if len(value) > MAX_REPORT_BYTES:
        raise Refusal("too_large", f"{len(value)} bytes; at most {MAX_REPORT_BYTES} are taken")
    document = read_json(value)
    if type(document) is not dict:
        raise Refusal("invalid", "a report is a JSON object")
    return document


def check_timestamp(message: Message, timestamp_us: int | None) -> None:
    """Raise Refusal `from_the_future` where a message is ahead of its record (section 2.2)."""
    if timestamp_us is None:
        return
    field, said = ("published_at", message.published_at) if isinstance(message, Report) else ("tick", message.at)
    if said - timestamp_us > MAX_TIMESTAMP_AHEAD_US:
        raise Refusal(
            "from_the_future",
            f"{field} {format_time(said)} is more than 1 h after the record's own"
            f" timestamp {format_time(timestamp_us)}",
        )


def read_json(value: bytes) -> Any:
    """Return what strict JSON (RFC 8259, UTF-8) says; of two equal keys the last counts.

    Raises Refusal `not_json`, also for a lone surrogate, NaN and deep nesting.
    """
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        if "infinity" not in error.msg:
            raise Refusal("not_json", str(error)) from None
        document = _read_wide_numbers(value)
    if _opening(value) > MAX_NESTING and _is_too_deep(value):
        raise Refusal("not_json", f"nested deeper than {MAX_NESTING}")
    return document


def _read_wide_numbers(value: bytes) -> Any:
    """Read JSON whose numbers exceed a double: it is JSON all the same, if seldom a count."""

    def narrow(token: re.Match[bytes]) -> bytes:
        text = token[0]
        return text if text[:1] == b'"' or abs(float(text)) < float("inf") else b"1e308"

    try:
        return orjson.loads(_NUMBER.sub(narrow, value))
    except orjson.JSONDecodeError as error:
        raise Refusal("not_json", str(error)) from None


def _opening(value: bytes) -> int:
    """Return how many brackets open, those in strings too; bytes.count() takes twice as long."""
    return 2 * len(value) - len(value.replace(b"{", b"")) - len(value.replace(b"[", b""))


def _is_too_deep(value: bytes) -> bool:
    """Whether brackets outside strings open more often than allowed before they close; of a text that is JSON."""
    steps = _STRING.sub(b"", value).translate(_STEPS, _NOT_BRACKETS)
    return max(accumulate(memoryview(steps).cast("b"))) > MAX_NESTING


def _tick(document: dict[str, Any]) -> Tick:
    if document.get("report_id") is not None:
        _refuse("tick", "a tick has no report_id; a report has no tick")
    raw = _shaped(_as_tick, document)
    return Tick(_time(raw["tick"], "tick"), raw["episode"])


def _report(given: Any, unknown_fields: int) -> Report:
    """Return what a struct of the report's shape says. Raises Refusal, and ValueError where a pattern does not fit."""
    published_at: Boxed = _time(given.published_at, "published_at")
    withdrawn = given.withdrawn or False
    claims: list[Claim] = []
    details: tuple[ClaimDetails | None, ...] = ()
    if given.claims:
        for at, claim in enumerate(given.claims):
            claims.append(_CLAIMS[type(claim)](claim, published_at, at))
        details = _details(given.claims)
    elif not withdrawn:
        _refuse("claims", f"1 to {MAX_CLAIMS} claims")
    report_id, source, relayed_by = _id(given.report_id), _SLUGS.get(given.source), _slug(given.relayed_by)
    url, headline, lang = _url(given.url), given.headline, given.lang
    if lang is not None:
        lang = _LANGS.get(lang)
    document = None if given.document is None else _document(given.document)
    standing = () if withdrawn else tuple(claims)
    if withdrawn:
        details = ()
    content: tuple[Any, ...] = (withdrawn, (source, relayed_by, published_at, url, headline, lang), standing)
    if document is not None or details:  # else the digest of version 1
        content += (document, details)
    return Report(
        report_id, given.revision or 1, withdrawn, _SLUGS.get(given.episode), source, relayed_by, published_at,
        url, headline, lang, standing, _digest(content), unknown_fields, document, details,
    )  # fmt: skip


def _document(given: Any) -> Document:
    return Document(_id(given.id), _optional_sha256(given.sha256), _url(given.archived_url))


def _details(claims: Any) -> tuple[ClaimDetails | None, ...]:
    """Return the place and the quote of each claim; empty if there are none."""
    details = tuple([_detail(claim) for claim in claims])
    return details if any(details) else ()


def _detail(claim: Any) -> ClaimDetails | None:
    place = None if type(claim) is _StatementStruct else _slug(claim.place)
    return None if place is None and claim.quote is None else ClaimDetails(place, claim.quote)


def _fitting(pattern: str) -> Callable[[str], str]:
    """Return what returns a text that a pattern fits, and raises ValueError for others."""
    fits = re.compile(pattern).fullmatch

    def fitting(text: str) -> str:
        if not fits(text):
            raise ValueError(PATTERN_MEANS[pattern])
        return text

    return fitting


_fits_id: Final = _fitting(REPORT_ID)
_fits_sha256: Final = _fitting(SHA256)
_fits_url: Final = _fitting(URL)
#: One string for all that are equal: a slug kept with each of a million reports is 60 bytes each.
_SLUGS: Final[Memo[str, str]] = Memo(_fitting(SLUG), max_entries=1 << 16)
_LANGS: Final[Memo[str, str]] = Memo(_fitting(LANG), max_entries=1 << 12)
#: Addresses up to their path.
_SITES: Final[Memo[str, str]] = Memo(_fits_url, max_entries=1 << 12)


def _optional_sha256(text: str | None) -> str | None:
    return None if text is None else _fits_sha256(text)


def _slug(text: str | None) -> str | None:
    return None if text is None else _SLUGS.get(text)


def _id(text: str) -> str:
    # What can be printed has no control characters; not all that has none can be printed.
    return text if 0 < len(text) <= REPORT_ID_LENGTH and text.isprintable() else _fits_id(text)


def _url(text: str | None) -> str | None:
    """Return an address that fits `URL`; most are paths without white space on a site that is known."""
    if text is None:
        return None
    path = text.find("/", _BEHIND_SCHEME)
    if path < 0 or " " in text or not text.isprintable():
        return _fits_url(text)
    _SITES.get(text[:path])
    return text


def _shaped(shape: Callable[..., dict[str, Any]], document: dict[str, Any]) -> dict[str, Any]:
    try:
        return shape(document, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        pattern: str = first.get("ctx", {}).get("pattern", "")
        _refuse(_path(first["loc"]), PATTERN_MEANS.get(pattern, first["msg"]))


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for at, part in enumerate(location):
        if isinstance(part, int):
            path += f"[{part}]"
        elif not (at > 1 and isinstance(location[at - 1], int) and location[0] == "claims"):
            path += f".{part}" if path else part
        elif part not in _NESTED:
            # Behind a claim's index pydantic names the kind it was read as: no field.
            path += f".{part}"
    return path


def _unknown_fields(given: Mapping[str, Any], shape: Mapping[str, Any]) -> int:
    """Return how many fields of a report, its claims and what is in them are left out, since nobody knows them."""
    unknown = len(given) - len(shape)
    if document := shape.get("document"):
        unknown += len(given["document"]) - len(document)
    for given_claim, claim in zip(given.get("claims") or (), shape.get("claims") or (), strict=True):
        unknown += len(given_claim) - len(claim)
        nested = _NESTED[claim["type"]]
        if nested is not None and (inner := claim.get(nested)):
            unknown += len(given_claim[nested]) - len(inner)
    return unknown


def _casualty(given: Any, published_at: Boxed, at: int) -> Casualty:
    qualifier: Qualifier = given.qualifier or "exact"
    basis: Basis = given.basis or "cumulative"
    if basis != "incremental":
        _check_not_incremental(given, at)
    best, low, high = _bounds(given.count, qualifier)
    if (low is not None and low > best) or (high is not None and high < best):
        _refuse(f"claims[{at}].count", f"low <= best <= high does not hold: {low}, {best}, {high}")
    as_of: Boxed = published_at
    since = _moment(given.since, "since", at)
    if given.as_of is not None:
        as_of = _time(given.as_of, "as_of", at)
        if as_of - published_at > MAX_AS_OF_AHEAD_US:
            _refuse(f"claims[{at}].as_of", "more than 24 h after published_at")
    if since is not None and since > as_of:
        _refuse(f"claims[{at}].since", "after as_of")
    if given.group is None and given.scope is None:
        return Casualty(
            _SLUGS.get(given.party), given.outcome, given.population or "unknown", best, low, high, qualifier,
            basis, as_of, since, given.final, _slug(given.incident),
        )  # fmt: skip
    return PartCasualty(
        _SLUGS.get(given.party), given.outcome, given.population or "unknown", best, low, high, qualifier,
        basis, as_of, since, given.final, _slug(given.incident), given.group, _slug(given.scope),
    )  # fmt: skip


def _check_not_incremental(given: Any, at: int) -> None:
    count = given.count
    if given.place is not None:
        _refuse(f"claims[{at}].place", "a place needs basis incremental")
    for name, number in (("best", count.best), ("low", count.low), ("high", count.high)):
        if number is not None and number < 0:
            _refuse(f"claims[{at}].count.{name}", "below zero needs basis incremental")


def _bounds(count: Any, qualifier: str) -> tuple[Boxed, Boxed, Boxed]:
    """Return best, low and high as the qualifier gives them where they are not given."""
    best, low, high = count.best, count.low, count.high
    if qualifier == "exact":
        return best, best if low is None else low, best if high is None else high
    if qualifier == "more_than":
        best += 1
    if low is None and qualifier in {"at_least", "more_than"}:
        low = best
    if high is None and qualifier in {"up_to", "nearly"}:
        high = best
    return best, low, high


def _ceasefire(given: Any, published_at: Boxed, at: int) -> CeasefireClaim:
    act, effective_at = given.act, _moment(given.effective_at, "effective_at", at)
    expires_at = _moment(given.expires_at, "expires_at", at)
    if effective_at is not None and expires_at is not None and expires_at <= effective_at:
        _refuse(f"claims[{at}].expires_at", "not after effective_at")
    done_at = _moment(given.at, "at", at)
    if done_at is None:
        done_at = published_at
        if act == "took_effect" and effective_at is not None:
            done_at = min(effective_at, published_at)
    if done_at > published_at:
        _refuse(f"claims[{at}].at", "after published_at")
    return CeasefireClaim(
        "main" if given.ceasefire is None else _SLUGS.get(given.ceasefire),
        act,
        done_at,
        _slug(given.by),
        _slug(given.against),
        effective_at,
        expires_at,
        tuple([_SLUGS.get(party) for party in given.parties or ()]),
        tuple([_SLUGS.get(mediator) for mediator in given.mediators or ()]),
        given.text,
    )


def _statement(given: Any, _published_at: int, _at: int) -> Statement:
    target = given.refers_to
    reference = target and Reference(_id(target.report_id), target.claim, target.revision)
    return Statement(given.act, given.about, _slug(given.against), given.text, reference)


_StatementStruct: Final = struct_of(StatementShape)
#: By kind of claim: its field that is an object itself.
_NESTED: Final = {"casualties": "count", "ceasefire": None, "statement": "refers_to"}
_CLAIMS: Final[dict[Any, Callable[[Any, Any, int], Claim]]] = {
    struct_of(CasualtiesShape): _casualty,
    struct_of(CeasefireShape): _ceasefire,
    _StatementStruct: _statement,
}


def _moment(text: str | None, field: str, at: int) -> int | None:
    return None if text is None else _time(text, field, at)


def _time(text: str, field: str, at: int | None = None) -> int:
    try:
        return parse_time(text)
    except ValueError as error:
        path = field if at is None else f"claims[{at}].{field}"
        _refuse(path, f"no such time: {error}")


def _digest(content: tuple[Any, ...]) -> bytes:
    return blake2b(_write(content), digest_size=DIGEST_BYTES).digest()


def _refuse(path: str, why: str) -> Never:
    raise Refusal("invalid", f"{path or 'report'}: {why}")
