"""Words that a gold line may use: those of the coding guide and of the report's schema."""

from __future__ import annotations

import re

SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
MINUTE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)")
SCOPE = re.compile(r"since-(ceasefire|\d{4}-\d\d-\d\d)")

TEXTS = ["id", "kind", "licence", "title", "text", "lang", "outlet", "published_at", "context"]
DOCUMENT: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(TEXTS, str),
    "episode": (str, type(None)),
    "claims": list,
    "left_out": list,
}
DOCUMENT_OPTIONAL = {"phenomena"}
ENTRY = {"source", "claim", "evidence", "phenomena", "optional"}
KINDS = {"article", "headline", "bulletin", "post", "paragraph"}
SOURCE_KINDS = {"official", "media", "ngo", "igo", "monitor"}
PHENOMENA = range(1, 41)

#: `<party>-<institution>` is a source without an entry in the registry.
INSTITUTIONS = (
    {"mod", "general-staff", "moh", "mfa", "interior", "pm", "president", "security-council", "parliament"}
    | {"ombudsman", "emergency-service", "army", "officials"}
)  # fmt: skip

#: Reasons for which a number of the text is in no claim.
WHY = (
    {"year", "date", "time", "age", "rank_or_unit", "percent", "money", "distance", "equipment", "ordinal"}
    | {"history", "other_event", "hypothetical", "not_people", "not_losses"}
    | {"subset", "superseded", "sum_of_parts", "period_detail"}
)  # fmt: skip

ENUMS = {
    "outcome": {"killed", "wounded", "missing", "captured", "killed_or_missing", "killed_or_wounded"},
    "population": {"military", "civilian", "mixed", "unknown"},
    "group": {"children", "women", "elderly", "medics", "press", "aid_workers"},
    "qualifier": {"exact", "about", "at_least", "more_than", "up_to", "nearly"},
    "basis": {"cumulative", "incremental", "derived"},
    "about": {"territory", "casualties", "ceasefire", "conduct", "other"},
}
VIOLATIONS = {"violation_alleged", "violation_denied", "violation_confirmed"}
TRUCE = (
    {"called_for", "proposed", "rejected", "agreed", "announced", "took_effect", "holding", "extended"}
    | {"suspended", "resumed", "ended", "collapsed", "not_confirmed"}
)  # fmt: skip
ACTS = {"ceasefire": TRUCE | VIOLATIONS, "statement": {"asserted", "denied", "accused"}}

#: Per type of claim: the fields it must have, the fields it may have.
FIELDS = {
    "casualties": (
        {"party", "outcome", "population", "count", "qualifier", "basis"},
        {"group", "scope", "as_of", "since", "final"},
    ),
    "ceasefire": ({"act"}, {"ceasefire", "by", "against", "at", "effective_at", "expires_at", "parties", "mediators"}),
    "statement": ({"act", "about"}, {"against"}),
}

#: Required claims that agree in all of these would be one claim coded twice.
ONE_PLACE = [
    "type", "party", "outcome", "population", "group", "scope", "basis", "as_of",
    "act", "by", "against", "ceasefire", "at", "about",
]  # fmt: skip
