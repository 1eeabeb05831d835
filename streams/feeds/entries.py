"""Entries of feeds: a published change or an alert, with an id that never changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from streams.core.phrases import Names, change_title, plain, status_phrase
from streams.core.queries.as_of import correction

__all__ = ["EPOCH", "Entry", "FeedInfo", "alert_entry", "change_entry"]

#: The time of a change that no report and no tick brought about: another source registry.
EPOCH = "1970-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class FeedInfo:
    """A feed: its title, the address of the feed and of the page that it is of."""

    title: str
    url: str
    page_url: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry: `id` is a URN of the change_id or alert_id, `url` the page at that time, `time` RFC 3339 in UTC."""

    id: str
    title: str
    text: str
    time: str
    url: str
    author: str
    source_url: str | None
    tags: tuple[str, ...]

    @property
    def is_correction(self) -> bool:
        """Return True if the change takes something back: a withdrawal, a revision or a lower figure."""
        return "correction" in self.tags


def change_entry(topic: str, record: Mapping[str, Any], names: Names, page_url: str) -> Entry:
    """Return the entry of a published change; `page_url` is its episode's page."""
    cause, after = record["cause"], record["after"]
    time = cause.get("published_at") or cause.get("tick") or EPOCH
    lines = []
    if topic == "ceasefires" and after is not None:
        lines.append(status_phrase(after, names))
    if topic == "statements":
        lines += [f"“{plain(said)}”" for said in [(after or record["before"])["text"]] if said]
    if corrected := correction(dict(record)):
        lines.append(_CORRECTIONS[corrected])
    if cause.get("report_id"):
        lines.append(_origin(cause, names))
    elif cause.get("tick"):
        lines.append("The time that had been announced has come.")
    author = names.source(cause["source"]) if cause.get("source") else "truceline"
    tags = (topic, record["episode"], *(("correction",) if corrected else ()))
    title = change_title(topic, record, names)
    url = f"{page_url}?at={quote(time, safe='')}"
    return Entry(
        _urn("change", record["change_id"]), title, "\n".join(lines), time, url, author, cause.get("url"), tags
    )


def alert_entry(alert: Mapping[str, Any], page_url: str) -> Entry:
    """Return the entry of an alert; `page_url` is its episode's page."""
    time = alert["at"] or EPOCH
    state = "" if alert["state"] == "raised" else "Resolved: "
    tags = ("alerts", alert["episode"], alert["severity"], alert["rule"])
    return Entry(
        _urn("alert", alert["alert_id"]),
        state + plain(alert["message"]),
        f"Rule {alert['rule']}, severity {alert['severity']}.",
        time,
        f"{page_url}?at={quote(time, safe='')}",
        "truceline",
        alert["cause"].get("url"),
        tags,
    )


_CORRECTIONS = {
    "withdrawn": "A correction: the report was withdrawn.",
    "revised": "A correction: the report was revised.",
    "lowered": "A correction: a later figure is lower.",
}


def _origin(cause: Mapping[str, Any], names: Names) -> str:
    headline = f": “{plain(cause['headline'])}”" if cause["headline"] else ""
    relayed = f", relayed by {names.source(cause['relayed_by'])}" if cause["relayed_by"] else ""
    return f"{names.source(cause['source'])}{relayed}{headline}"


def _urn(kind: str, name: str) -> str:
    return f"urn:truceline:{kind}:{quote(name, safe='/@:')}"
