"""A person's decision on a draft, and the reports that it confirms. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from streams.core.parse import Refusal, parse

__all__ = ["Decided", "Review", "ReviewRefused", "parse_review", "reports_of"]

Draft = Mapping[str, Any]
Claim = dict[str, Any]
#: An id of a person, a reason: as long as a headline.
TEXT_MAX = 500
#: A whole number in digits, with or without separators of thousands.
_NUMBER = re.compile(r"\d{1,3}(?:[ ,.\u00a0\u202f]\d{3})+(?!\d)|\d{1,18}")
_SEPARATOR = re.compile(r"\D")


class ReviewRefused(ValueError):
    """A review that cannot be taken; the message says which part and why."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision on one claim of a draft: taken or not, and the claim in its place where it was edited.

    `source` is another source than the draft's, where the person named one. `by_hand` names the parts of the count
    (best, low, high) whose number is not in the text, in digits or in words.
    """

    report: int
    claim: int
    taken: bool
    edited: Claim | None = None
    source: str | None = None
    by_hand: tuple[str, ...] = ()

    def as_record(self) -> dict[str, Any]:
        """Return it as a review has it; `source` and `by_hand` only if there are any."""
        record = {"report": self.report, "claim": self.claim, "taken": self.taken, "edited": self.edited}
        return record | _given(source=self.source, by_hand=list(self.by_hand))


@dataclass(frozen=True, slots=True)
class Added:
    """A claim that a person found in the text and the reader did not."""

    source: str
    claim: Claim
    by_hand: tuple[str, ...] = ()

    def as_record(self) -> dict[str, Any]:
        """Return it as a review has it."""
        return {"source": self.source, "claim": self.claim} | _given(by_hand=list(self.by_hand))


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


@dataclass(frozen=True, slots=True)
class Review:
    """A decision on a version of a document, by a person."""

    document: str
    version: int
    decision: Literal["confirmed", "rejected"]
    claims: tuple[Decided, ...]
    by: str
    episode: str | None = None
    added: tuple[Added, ...] = ()

    def as_record(self, at: str, reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return the review as it is recorded (contract section 9), with the reports that it sent."""
        return {
            "document": self.document,
            "version": self.version,
            "decision": self.decision,
            **_given(episode=self.episode),
            "claims": [each.as_record() for each in self.claims],
            **_given(added=[each.as_record() for each in self.added]),
            "by": self.by,
            "at": at,
            "reports": [{"report_id": each["report_id"], "revision": each["revision"]} for each in reports],
        }


def parse_review(content: Any, draft: Draft, by: str) -> Review:
    """Return the review in a request's JSON. Raises ReviewRefused with the first fault.

    `draft` is the one that it is of; `by` who is logged in. A claim that the review does not name is not taken.
    """
    if not isinstance(content, dict):
        raise ReviewRefused("a review is an object with version, decision and claims")
    document = draft["document"]
    if content.get("version") != document["version"]:
        raise ReviewRefused(f"version: the draft is of version {document['version']}; load it again")
    decision = content.get("decision")
    if decision not in ("confirmed", "rejected"):
        raise ReviewRefused("decision: must be confirmed or rejected")
    numbers = numbers_of(draft)
    claims = [_decided(each, draft, numbers, number) for number, each in enumerate(_list(content, "claims"))]
    if len({(each.report, each.claim) for each in claims}) < len(claims):
        raise ReviewRefused("claims: one claim is there twice")
    episode = content.get("episode")
    if episode is not None and not isinstance(episode, str):
        raise ReviewRefused("episode: must be a slug")
    added = tuple(_added(each, numbers, number) for number, each in enumerate(_list(content, "added")))
    return Review(document["id"], document["version"], decision, tuple(claims), by[:TEXT_MAX], episode, added)


def reports_of(draft: Draft, review: Review, revisions: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return the reports that a confirmed review sends, one a source; none for a rejected one.

    `revisions` gives the newest revision that was sent of each report_id of the document: the next one is used,
    and a report with no claim left is withdrawn. Raises ReviewRefused where a report would be refused, with its path.
    """
    if review.decision == "rejected":
        return []
    by_source = _claims_by_source(draft, review)
    document, episode = draft["document"], review.episode or draft["episode"]
    if by_source and episode is None:
        raise ReviewRefused("episode: the draft names none; choose one")
    reports = [
        _report(document, episode, source, claims, revisions.get(_report_id(document, source), 0) + 1)
        for source, claims in sorted(by_source.items())
    ]
    kept = {report["report_id"] for report in reports}
    for report_id, revision in sorted(revisions.items()):
        if report_id not in kept and episode is not None:
            source = report_id.removeprefix(f"{document['id']}.")
            reports.append({**_report(document, episode, source, [], revision + 1), "withdrawn": True})
    for report in reports:
        _check(report)
    return reports


def _claims_by_source(draft: Draft, review: Review) -> dict[str, list[Claim]]:
    by_source: dict[str, list[Claim]] = {}
    for decided in sorted(review.claims, key=lambda each: (each.report, each.claim)):
        if decided.taken:
            report = draft["reports"][decided.report]
            claim = decided.edited or report["claims"][decided.claim]
            by_source.setdefault(decided.source or report["source"], []).append(claim)
    for each in review.added:
        by_source.setdefault(each.source, []).append(each.claim)
    return by_source


def _report(
    document: Mapping[str, Any], episode: str | None, source: str, claims: list[Claim], revision: int
) -> dict[str, Any]:
    report = {
        "report_id": _report_id(document, source),
        "revision": revision,
        "episode": episode,
        "source": source,
        "relayed_by": document["outlet"] if document["outlet"] != source else None,
        "published_at": document["published_at"],
        "url": document.get("url"),
        "headline": (document.get("title") or "")[:TEXT_MAX] or None,
        "lang": document.get("lang"),
        "document": {"id": document["id"], "sha256": document["sha256"]},
        "claims": claims,
    }
    return {name: value for name, value in report.items() if value is not None}


def _report_id(document: Mapping[str, Any], source: str) -> str:
    return f"{document['id']}.{source}"[:200]


def _check(report: Mapping[str, Any]) -> None:
    try:
        parse(orjson.dumps(report))
    except Refusal as refusal:
        raise ReviewRefused(f"{report['source']}: {refusal}") from None


def numbers_of(draft: Draft) -> frozenset[int]:
    """Return the whole numbers in a document's text: those in digits, and those that the reader read from words."""
    document = draft["document"]
    text = f"{document.get('title') or ''}\n{document['text']}"
    written = {int(_SEPARATOR.sub("", found)) for found in _NUMBER.findall(text)}
    claims = [claim for report in draft["reports"] for claim in report["claims"]]
    return frozenset(written | {number for claim in claims for number in (claim.get("count") or {}).values()})


def _by_hand(claim: Claim | None, numbers: frozenset[int]) -> tuple[str, ...]:
    count = (claim or {}).get("count")
    if not isinstance(count, dict):
        return ()
    return tuple(part for part in ("best", "low", "high") if count.get(part) not in {None, *numbers})


def _decided(content: Any, draft: Draft, numbers: frozenset[int], number: int) -> Decided:
    where = f"claims.{number}"
    if not isinstance(content, dict):
        raise ReviewRefused(f"{where}: must be an object with report, claim and taken")
    report: Any = content.get("report")
    claim: Any = content.get("claim")
    reports = draft["reports"]
    if not _is_index(report, len(reports)) or not _is_index(claim, len(reports[report]["claims"])):
        raise ReviewRefused(f"{where}: the draft has no claim {claim} of report {report}")
    if not isinstance(content.get("taken"), bool):
        raise ReviewRefused(f"{where}.taken: must be true or false")
    edited, source = content.get("edited"), content.get("source")
    if edited is not None and not isinstance(edited, dict):
        raise ReviewRefused(f"{where}.edited: must be a claim or null")
    if source is not None and not isinstance(source, str):
        raise ReviewRefused(f"{where}.source: must be a slug or null")
    return Decided(report, claim, content["taken"], edited, source, _by_hand(edited, numbers))


def _added(content: Any, numbers: frozenset[int], number: int) -> Added:
    if not isinstance(content, dict) or not isinstance(content.get("source"), str):
        raise ReviewRefused(f"added.{number}: must be an object with source and claim")
    if not isinstance(content.get("claim"), dict):
        raise ReviewRefused(f"added.{number}.claim: must be a claim")
    return Added(content["source"], content["claim"], _by_hand(content["claim"], numbers))


def _is_index(value: Any, length: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < length


def _list(content: Mapping[str, Any], name: str) -> list[Any]:
    value = content.get(name) or []
    if not isinstance(value, list) or len(value) > 64 * 64:
        raise ReviewRefused(f"{name}: must be a list")
    return value
