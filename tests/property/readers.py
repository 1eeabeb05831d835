"""The two readers of a record side by side, the product's parser and the model's: what each makes of some bytes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import structs

from streams.core.model import Casualty, CeasefireClaim, Claim, PartCasualty, Report, Statement
from streams.core.parse import Refusal, parse
from streams.core.times import format_time
from tests.property.reading import read_record, written
from tests.property.reading_json import Refused

CODES = {"too_large", "not_json", "invalid"}
_TIMES = {"as_of", "since", "at", "effective_at", "expires_at"}


def by_the_product(raw: bytes) -> Any:
    """The code of a refusal, or what was read as plain values with written times. Any other exception goes through."""
    try:
        message = parse(raw)
    except Refusal as refusal:
        return refusal.code
    if not isinstance(message, Report):
        return {"tick": format_time(message.at), "episode": message.episode}
    names = ("report_id", "revision", "withdrawn", "episode", "source", "relayed_by", "url", "headline", "lang")
    return {
        **{name: getattr(message, name) for name in names},
        "published_at": format_time(message.published_at),
        "document": message.document and structs.asdict(message.document),
        "claims": [_claim(message, index, claim) for index, claim in enumerate(message.claims)],
    }


def _claim(report: Report, index: int, claim: Claim) -> dict[str, Any]:
    kinds: dict[type[Claim], str] = {
        Casualty: "casualties", PartCasualty: "casualties", CeasefireClaim: "ceasefire", Statement: "statement"
    }  # fmt: skip
    detail = report.detail(index)
    fields: dict[str, Any] = {"type": kinds[type(claim)], "quote": detail.quote}
    if not isinstance(claim, Statement):
        fields["place"] = detail.place
    if isinstance(claim, Casualty):
        fields |= {"group": claim.group, "scope": claim.scope}
    for name in claim.__struct_fields__:
        value = getattr(claim, name)
        if name in _TIMES and value is not None:
            value = format_time(value)
        elif name == "refers_to" and value is not None:
            value = {each: getattr(value, each) for each in value.__struct_fields__}
        fields[name] = list(value) if isinstance(value, tuple) else value
    return fields


def by_the_model(raw: bytes) -> Any:
    """The same, as the model reads it."""
    try:
        return _plain(read_record(raw))
    except Refused as refused:
        return refused.code


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return written(value)
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value


def outcome_of(raw: bytes) -> str:
    """Return the result of both readers, which must be equal: the code, or "report" or "tick"."""
    product, model = by_the_product(raw), by_the_model(raw)
    assert product == model
    if isinstance(product, str):
        assert product in CODES
        return product
    return "tick" if "tick" in product else "report"
