"""English phrases for figures, changes and statuses, with names from the atlas and the registry.

The same words for terminals, feeds, plots and alerts. Texts of reports are returned without the characters
that steer a terminal or turn the direction of writing.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from streams.core.atlas import Atlas, name_in
from streams.core.source_registry import Registry

__all__ = [
    "OLD",
    "POPULATIONS",
    "Names",
    "age",
    "change_title",
    "compact",
    "figure",
    "kind",
    "plain",
    "status_phrase",
    "subject",
]

Record = Mapping[str, Any]
# C0 and C1 controls, and the marks that turn the direction of writing.
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_QUALIFIED = {(True, False): "at least", (False, True): "at most", (False, False): "about"}
_SIGNS = {"at least": "≥", "at most": "≤", "about": "≈"}
#: Population → the persons of whom a figure is.
POPULATIONS: Final[Mapping[str, str]] = {
    "military": "military",
    "civilian": "civilians",
    "mixed": "military and civilians",
    "unknown": "not said whether military",
}
#: A figure is old if the episode's newest report is so much newer, as on the page.
OLD: Final = timedelta(days=30)
_MONTH_DAYS, _YEAR_DAYS = 30.44, 365.25


def plain(text: str) -> str:
    """Return a text without control and bidi characters."""
    return _STEERING.sub("\ufffd", text)


@dataclass(frozen=True, slots=True)
class Names:
    """Names for slugs in one language; an unknown slug is its own name."""

    atlas: Atlas = field(default_factory=Atlas)
    registry: Registry = field(default_factory=Registry)
    lang: str | None = None

    def party(self, slug: str) -> str:
        """Return the name of a party; `all` is all sides."""
        return "all sides" if slug == "all" else plain(self.atlas.party(slug, self.lang))

    def source(self, slug: str) -> str:
        """Return the name of a source."""
        known = self.registry.sources.get(slug)
        return slug if known is None else plain(name_in(known.name, known.names, self.lang))

    def unknown(self, sources: Iterable[str]) -> list[str]:
        """Return the sources that the registry does not know, sorted; none if it is empty."""
        known = self.registry.sources.keys()
        return sorted(set(sources) - known) if known else []

    def place(self, slug: str) -> str:
        """Return the name of a place."""
        return plain(self.atlas.place(slug, self.lang))

    def episode(self, slug: str) -> str:
        """Return the title of an episode."""
        return plain(self.atlas.episode(slug, self.lang))


def figure(value: Record | None) -> str:
    """Return a count in words: `71`, `at least 50`, `about 60`, `60 (55–80)`; `withdrawn` for none."""
    if value is None:
        return "withdrawn"
    best, low, high = value["best"], value["low"], value["high"]
    if low == best == high:
        return f"{best:,}"
    if low in (best, None) and high in (best, None):
        return f"{_QUALIFIED[low is not None, high is not None]} {best:,}"
    return f"{best:,} ({'?' if low is None else f'{low:,}'}–{'?' if high is None else f'{high:,}'})"


def compact(value: Record | None) -> str:
    """Return a count where there is little room: `71`, `≥ 50`, `≤ 60`, `≈ 60`, `60 (55–80)`."""
    said = figure(value)
    return next((f"{sign}{said.removeprefix(words)}" for words, sign in _SIGNS.items() if said.startswith(words)), said)


def kind(record: Record) -> str:
    """Return the outcome, population, group and scope of a cell, total or change; without an unknown population."""
    parts = [record["outcome"].replace("_", " ")]
    if record["population"] != "unknown":
        parts.append(POPULATIONS[record["population"]])
    parts += [record[part].replace("_", " ") for part in ("group", "scope") if record.get(part)]
    return ", ".join(parts)


def subject(record: Record, names: Names) -> str:
    """Return the subject of a count: its party and kind."""
    return f"{names.party(record['party'])} {kind(record)}"


def age(as_of: str, newest: str) -> str | None:
    """Return how much older a figure is than the newest report if that is over 30 days: `4 years older`."""
    by = datetime.fromisoformat(newest) - datetime.fromisoformat(as_of)
    if by <= OLD:
        return None
    months = round(by.days / _MONTH_DAYS)
    if months < 2:
        return f"{by.days} days older"
    return f"{months} months older" if months < 24 else f"{by.days / _YEAR_DAYS:.0f} years older"


def change_title(topic: str, record: Record, names: Names) -> str:
    """Return a published change in one line, without its cause (contract section 6)."""
    before, after = record["before"], record["after"]
    if topic == "casualties":
        moved = figure(after) if before is None else f"{figure(before)} → {figure(after)}"
        return f"{subject(record, names)}: {moved}, says {names.source(record['source'])}"
    if topic == "ceasefires":
        whose = "" if record["view"] == "joint" else f", says {names.source(record['view'].removeprefix('source:'))}"
        name = "" if record["ceasefire"] == "main" else f" {record['ceasefire']}"
        status = "withdrawn" if after is None else after["status"].replace("_", " ")
        old = "" if before is None or before["status"] == (after or {}).get("status") else before["status"]
        return f"Ceasefire{name}: {old.replace('_', ' ')}{' → ' if old else ''}{status}{whose}"
    said = after or before
    against = f" against {names.party(said['against'])}" if said["against"] else ""
    withdrawn = "" if after else "Withdrawn: "
    return f"{withdrawn}{names.source(said['source'])} {said['act']} ({said['about']}){against}"


def status_phrase(view: Record, names: Names, times: Callable[[str], str] = str) -> str:
    """Return a ceasefire view in one line: status, times as `times` writes them, parties, violations claimed."""
    parts = [view["status"].replace("_", " ")]
    if view["since"]:
        parts[0] += f" since {times(view['since'])}"
    if view["effective_at"] and view["effective_at"] != view["since"]:
        ahead = view["status"] in {"agreed", "announced"}
        parts.append(f"{'to take effect' if ahead else 'from'} {times(view['effective_at'])}")
    if view["expires_at"]:
        parts.append(f"until {times(view['expires_at'])}")
    if view["declared_by"]:
        parts.append("declared by " + ", ".join(map(names.party, view["declared_by"])))
    if view["not_confirmed_by"]:
        parts.append("not confirmed by " + ", ".join(map(names.source, view["not_confirmed_by"])))
    if view["mediators"]:
        parts.append("mediated by " + ", ".join(map(names.party, view["mediators"])))
    counts = {how: number for how, number in view["violations"].items() if number}
    parts += [f"{number:,} violation{'s' if number > 1 else ''} {how}" for how, number in counts.items()]
    return "; ".join(parts)
