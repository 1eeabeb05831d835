"""From bytes to a report or a tick, or a Refusal with its code (contract sections 1 and 2 rule 1).

Most records are valid reports without unknown fields: one struct decoder reads those. Any other record is read again
exactly, which collects all its faults; a record is refused by that reading alone.
"""

import re
from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final

import msgspec
from pydantic import TypeAdapter, ValidationError

from schemas.msgspec_structs import struct_of
from schemas.reports import (
    LANG,
    MAX_CLAIMS,
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
    ClaimShape,
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
from streams.core.refusal import Fault, Refusal, invalid
from streams.core.shape_faults import shape_faults, unknown_fields
from streams.core.strict_json import read_json
from streams.core.times import DAY_US, HOUR_US, format_time, parse_time

__all__ = ["Fault", "Refusal", "check_timestamp", "document_of", "parse", "read_json"]

MAX_AS_OF_AHEAD_US: Final = DAY_US
MAX_TIMESTAMP_AHEAD_US: Final = HOUR_US
DIGEST_BYTES: Final = 12
_AFTER_SCHEME: Final = len("https://")

Faults = list[Fault]
_write: Final = msgspec.json.Encoder().encode
_ReportStruct: Final[Any] = struct_of(ReportShape)
_StatementStruct: Final[Any] = struct_of(StatementShape)
_decode_report: Final = msgspec.json.Decoder(_ReportStruct).decode
_CLAIM_SHAPE: Final[TypeAdapter[Any]] = TypeAdapter(ClaimShape)


def parse(value: bytes) -> Message:
    """Return the report or tick in a record's value.

    Raises Refusal: `too_large`, `not_json` or `invalid` (with every fault, each by its field's path).
    """
    if len(value) <= MAX_REPORT_BYTES:
        try:
            return _report(_decode_report(value), ())
        except (msgspec.MsgspecError, ValueError, RecursionError, Refusal):
            pass  # the exact reading decides
    return _parse_exactly(value)


def _parse_exactly(value: bytes) -> Message:
    document = document_of(value)
    if document.get("tick") is not None:
        return _tick(document)
    try:
        shape = REPORT.validator.validate_python(document, strict=True)
    except ValidationError as error:
        raise invalid(_in_order([*shape_faults(error), *_rule_faults(document, error)])) from None
    return _report(msgspec.convert(shape, _ReportStruct), unknown_fields(document, shape))


def _rule_faults(document: dict[str, Any], error: ValidationError) -> Faults:
    """Return the faults between the fields of those claims whose own fields are valid."""
    paths = [detail["loc"] for detail in error.errors(include_url=False, include_input=False)]
    claims = document.get("claims")
    if ("published_at",) in paths or ("claims",) in paths or type(claims) is not list:
        return []
    bad = {path[1] for path in paths if path[0] == "claims" and len(path) > 1}
    faults: Faults = []
    published_at = _time(document["published_at"], "published_at", faults)
    for at, claim in enumerate(claims if published_at is not None else ()):
        if at not in bad:
            shape = _CLAIM_SHAPE.validator.validate_python(claim, strict=True)
            struct = msgspec.convert(shape, _STRUCT_OF[shape["type"]])
            _CLAIMS[type(struct)](struct, published_at, at, faults)
    return faults


def _in_order(faults: Faults) -> Faults:
    """Return faults in the order of the claims, those of the report itself first."""
    return sorted(faults, key=lambda fault: int(found[1]) if (found := _CLAIM_INDEX.match(fault.path)) else -1)


_CLAIM_INDEX: Final = re.compile(r"claims\[(\d+)\]")


def document_of(value: bytes) -> dict[str, Any]:
    """Return the JSON object in a record's value. Raises Refusal as `parse`."""
    if len(value) > MAX_REPORT_BYTES:
        raise Refusal("too_large", f"{len(value)} bytes; the limit is {MAX_REPORT_BYTES}")
    document = read_json(value)
    if type(document) is not dict:
        raise invalid([Fault("", "must be a JSON object")])
    return document


def check_timestamp(message: Message, timestamp_us: int | None) -> None:
    """Raise Refusal `from_the_future` if a message is ahead of its record (section 2 rule 2)."""
    if timestamp_us is None:
        return
    field, time = ("published_at", message.published_at) if isinstance(message, Report) else ("tick", message.at)
    if time - timestamp_us > MAX_TIMESTAMP_AHEAD_US:
        raise Refusal(
            "from_the_future",
            f"{field} {format_time(time)} is more than 1 h after the record's own"
            f" timestamp {format_time(timestamp_us)}",
        )


def _tick(document: dict[str, Any]) -> Tick:
    if document.get("report_id") is not None:
        raise invalid([Fault("tick", "a tick has no report_id; a report has no tick")])
    try:
        shape = TICK.validator.validate_python(document, strict=True)
    except ValidationError as error:
        raise invalid(shape_faults(error)) from None
    faults: Faults = []
    time = _time(shape["tick"], "tick", faults)
    if time is None:
        raise invalid(faults)
    return Tick(time, shape["episode"])


def _report(given: Any, unknown: tuple[str, ...]) -> Report:
    """Return the report in a struct. Raises Refusal, and ValueError if a text does not match its pattern."""
    faults: Faults = []
    published_at: Boxed = _time(given.published_at, "published_at", faults)
    if published_at is None:
        raise invalid(faults)
    withdrawn = given.withdrawn or False
    claims: list[Claim] = []
    details: tuple[ClaimDetails | None, ...] = ()
    if given.claims:
        for at, claim in enumerate(given.claims):
            claims.append(_CLAIMS[type(claim)](claim, published_at, at, faults))
        details = _details(given.claims)
    elif not withdrawn:
        faults.append(Fault("claims", f"1 to {MAX_CLAIMS} claims"))
    if faults:
        raise invalid(faults)
    report_id, source, relayed_by = _id(given.report_id), _SLUGS.get(given.source), _slug(given.relayed_by)
    url, headline, lang = _url(given.url), given.headline, given.lang
    if lang is not None:
        lang = _LANGS.get(lang)
    document = None if given.document is None else _document(given.document)
    standing = () if withdrawn else tuple(claims)
    if withdrawn:
        details = ()
    content: tuple[Any, ...] = (withdrawn, (source, relayed_by, published_at, url, headline, lang), standing)
    if document is not None or details:  # without them the digest is that of version 1
        content += (document, details)
    return Report(
        report_id, given.revision or 1, withdrawn, _SLUGS.get(given.episode), source, relayed_by, published_at,
        url, headline, lang, standing, _digest(content), unknown, document, details,
    )  # fmt: skip


def _document(given: Any) -> Document:
    sha256 = None if given.sha256 is None else _match_sha256(given.sha256)
    return Document(_id(given.id), sha256, _url(given.archived_url))


def _details(claims: Any) -> tuple[ClaimDetails | None, ...]:
    """Return the place and the quote of each claim; empty if there are none."""
    details = [_detail(claim) for claim in claims]
    return tuple(details) if any(details) else ()


def _detail(claim: Any) -> ClaimDetails | None:
    place = None if type(claim) is _StatementStruct else _slug(claim.place)
    return None if place is None and claim.quote is None else ClaimDetails(place, claim.quote)


def _digest(content: tuple[Any, ...]) -> bytes:
    return blake2b(_write(content), digest_size=DIGEST_BYTES).digest()


# --- claims -----------------------------------------------------------------------------------------------------------


def _casualty(given: Any, published_at: Boxed, at: int, faults: Faults) -> Casualty:
    qualifier: Qualifier = given.qualifier or "exact"
    basis: Basis = given.basis or "cumulative"
    if basis != "incremental":
        _check_not_incremental(given, at, faults)
    best, low, high = _bounds(given.count, qualifier)
    if (low is not None and low > best) or (high is not None and high < best):
        faults.append(Fault(f"claims[{at}].count", f"low <= best <= high does not hold: {low}, {best}, {high}"))
    as_of: Boxed = published_at
    since = _claim_time(given.since, "since", at, faults)
    if given.as_of is not None and (dated := _claim_time(given.as_of, "as_of", at, faults)) is not None:
        as_of = dated
        if as_of - published_at > MAX_AS_OF_AHEAD_US:
            faults.append(Fault(f"claims[{at}].as_of", "more than 24 h after published_at"))
    if since is not None and since > as_of:
        faults.append(Fault(f"claims[{at}].since", "after as_of"))
    if given.group is None and given.scope is None:
        return Casualty(
            _SLUGS.get(given.party), given.outcome, given.population or "unknown", best, low, high, qualifier,
            basis, as_of, since, given.final, _slug(given.incident),
        )  # fmt: skip
    return PartCasualty(
        _SLUGS.get(given.party), given.outcome, given.population or "unknown", best, low, high, qualifier,
        basis, as_of, since, given.final, _slug(given.incident), given.group, _slug(given.scope),
    )  # fmt: skip


def _check_not_incremental(given: Any, at: int, faults: Faults) -> None:
    count = given.count
    if given.place is not None:
        faults.append(Fault(f"claims[{at}].place", "only with basis incremental"))
    for name, number in (("best", count.best), ("low", count.low), ("high", count.high)):
        if number is not None and number < 0:
            faults.append(Fault(f"claims[{at}].count.{name}", "below zero only with basis incremental"))


def _bounds(count: Any, qualifier: str) -> tuple[Boxed, Boxed, Boxed]:
    """Return best, low and high; the qualifier gives a bound that is not given."""
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


def _ceasefire(given: Any, published_at: Boxed, at: int, faults: Faults) -> CeasefireClaim:
    act, effective_at = given.act, _claim_time(given.effective_at, "effective_at", at, faults)
    expires_at = _claim_time(given.expires_at, "expires_at", at, faults)
    if effective_at is not None and expires_at is not None and expires_at <= effective_at:
        faults.append(Fault(f"claims[{at}].expires_at", "not after effective_at"))
    done_at = _claim_time(given.at, "at", at, faults)
    if done_at is None:
        done_at = published_at
        if act == "took_effect" and effective_at is not None:
            done_at = min(effective_at, published_at)
    if done_at > published_at:
        faults.append(Fault(f"claims[{at}].at", "after published_at"))
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


def _statement(given: Any, _published_at: Boxed, _at: int, _faults: Faults) -> Statement:
    target = given.refers_to
    reference = target and Reference(_id(target.report_id), target.claim, target.revision)
    return Statement(given.act, given.about, _slug(given.against), given.text, reference)


_STRUCT_OF: Final[dict[str, Any]] = {
    "casualties": struct_of(CasualtiesShape),
    "ceasefire": struct_of(CeasefireShape),
    "statement": _StatementStruct,
}
_CLAIMS: Final[dict[Any, Callable[[Any, Any, int, Faults], Claim]]] = {
    _STRUCT_OF["casualties"]: _casualty,
    _STRUCT_OF["ceasefire"]: _ceasefire,
    _StatementStruct: _statement,
}


def _claim_time(text: str | None, field: str, at: int, faults: Faults) -> Boxed:
    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        faults.append(Fault(f"claims[{at}].{field}", f"no such time: {error}"))
        return None


def _time(text: str, field: str, faults: Faults) -> Boxed:
    try:
        return parse_time(text)
    except ValueError as error:
        faults.append(Fault(field, f"no such time: {error}"))
        return None


# --- texts ------------------------------------------------------------------------------------------------------------


def _matcher(pattern: str) -> Callable[[str], str]:
    """Return a function that returns a text that matches, and raises ValueError otherwise."""
    matches = re.compile(pattern).fullmatch

    def match(text: str) -> str:
        if not matches(text):
            raise ValueError(PATTERN_MEANS[pattern])
        return text

    return match


_match_id: Final = _matcher(REPORT_ID)
_match_sha256: Final = _matcher(SHA256)
_match_url: Final = _matcher(URL)
#: One string object for all equal slugs: each kept with a million reports would be 60 bytes.
_SLUGS: Final[Memo[str, str]] = Memo(_matcher(SLUG), max_entries=1 << 16)
_LANGS: Final[Memo[str, str]] = Memo(_matcher(LANG), max_entries=1 << 12)
#: Addresses up to their path.
_SITES: Final[Memo[str, str]] = Memo(_match_url, max_entries=1 << 12)


def _slug(text: str | None) -> str | None:
    return None if text is None else _SLUGS.get(text)


def _id(text: str) -> str:
    # A printable text has no control characters; the pattern decides on others.
    return text if 0 < len(text) <= REPORT_ID_LENGTH and text.isprintable() else _match_id(text)


def _url(text: str | None) -> str | None:
    """Return an address that matches `URL`; most are printable paths on a known site."""
    if text is None:
        return None
    path = text.find("/", _AFTER_SCHEME)
    if path < 0 or " " in text or not text.isprintable():
        return _match_url(text)
    _SITES.get(text[:path])
    return text
