"""Reports as they arrive: one with every field, one with the required fields alone."""

from __future__ import annotations

from tests.support.build import Json, at

FULL_REPORT: Json = {
    "report_id": "azmod-2022-09-15",
    "revision": 3,
    "withdrawn": False,
    "episode": "war",
    "source": "mod",
    "relayed_by": "daily",
    "published_at": "2022-09-15T10:30:00+04:00",
    "url": "https://example.org/a?b#c",
    "headline": "Figures",
    "lang": "en",
    "claims": [
        {
            "type": "casualties",
            "party": "north",
            "outcome": "killed",
            "population": "military",
            "count": {"best": 71, "low": 70, "high": 72},
            "qualifier": "about",
            "basis": "incremental",
            "as_of": "2022-09-15T00:00:00+04:00",
            "since": "2022-09-14T00:00:00Z",
            "final": False,
            "incident": "shelling",
        },
        {
            "type": "ceasefire",
            "ceasefire": "truce",
            "act": "violation_alleged",
            "at": "2022-09-15T05:00:00Z",
            "by": "south",
            "against": "north",
            "effective_at": "2022-09-14T00:00:00Z",
            "expires_at": "2022-09-16T00:00:00Z",
            "parties": ["south", "north"],
            "mediators": ["osce"],
            "text": "fire",
        },
        {
            "type": "statement",
            "act": "denied",
            "about": "casualties",
            "against": "south",
            "text": "no",
            "refers_to": {"report_id": "x", "claim": 63, "revision": 2},
        },
    ],
}
MINIMAL_REPORT: Json = {
    "report_id": "r",
    "episode": "war",
    "source": "mod",
    "published_at": at(14, 12),
    "claims": [
        {"type": "casualties", "party": "north", "outcome": "killed", "count": {"best": 7}},
        {"type": "ceasefire", "act": "holding"},
        {"type": "statement", "act": "asserted", "about": "other", "refers_to": {"report_id": "x", "claim": 0}},
    ],
}
