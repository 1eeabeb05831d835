"""The draft: reports with claims, the words that each rests on, and the numbers that were left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final

import msgspec

from streams.reading.casualties import read_casualties
from streams.reading.claim import Claim as Casualty
from streams.reading.claim import Reading
from streams.reading.context import Context
from streams.reading.document import Document
from streams.reading.left_out import left_out
from streams.reading.lexicon import digest, lexicon, nothing
from streams.reading.merge import merged
from streams.reading.scene import Marked, Scene, scene_of
from streams.reading.statements import Statement, read_statements
from streams.reading.tiers import casualty_reasons, statement_reasons, tier, truce_reasons
from streams.reading.truce_times import Truce
from streams.reading.truces import read_truces

#: The version of the rules; with the digest of the tables it is a draft's `reader`.
VERSION: Final = "1"
_QUOTE: Final = 300
_MOST_CLAIMS: Final = 64
_ENCODER: Final = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Draft:
    """The result of reading a document, in the shape of contract section 9."""

    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Claim:
    """A claim with its place in the text."""

    source: str
    start: int
    body: dict[str, Any]
    rule: str
    reasons: list[str]
    evidence: list[dict[str, Any]]
    taken: list[tuple[int, int]]


def read(document: Document, context: Context) -> Draft:
    """Return the draft of a document; a language without a table gives one with nothing, said to be unread."""
    table = lexicon(document.lang)
    scene = scene_of(document, context, table or nothing())
    reading = read_casualties(scene) if table else Reading()
    claims = [_casualty(scene, claim) for claim in merged(reading)]
    if table and table.phrases.roles:
        truces = read_truces(scene)
        claims += [_truce(scene, truce) for truce in truces]
        claims += [_statement(scene, statement) for statement in read_statements(scene, truces)]
    claims.sort(key=lambda claim: (claim.start, claim.rule))
    reports, listed = _reports(scene, claims)
    content = {
        "document": _document(document),
        "episode": scene.episode.slug if scene.episode else None,
        "reports": reports,
        "claims": listed,
        "left_out": left_out(scene, reading.why, [span for claim in claims for span in claim.taken]),
        "reader": f"{VERSION}-{digest()}",
    }
    return Draft(content if table else content | {"unread": document.lang})


def draft_json(draft: Draft) -> bytes:
    """Return a draft as JSON: the same bytes for the same document, context and tables."""
    return _ENCODER.encode(draft.content)


def _document(document: Document) -> dict[str, Any]:
    fields = {
        "id": document.id,
        "version": document.version,
        "sha256": document.sha256,
        "title": document.title,
        "text": document.text,
        "lang": document.lang,
        "published_at": document.published_at,
        "outlet": document.outlet,
        "url": document.url,
        "zone": document.zone,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _reports(scene: Scene, claims: list[_Claim]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return one report a source, in the order in which the text first needs it, and what is known of each claim."""
    reports: dict[str, dict[str, Any]] = {}
    listed = []
    for claim in claims:
        report = reports.setdefault(claim.source, _report(scene, claim.source))
        if len(report["claims"]) >= _MOST_CLAIMS:
            continue
        listed.append(
            {
                "report": list(reports).index(claim.source),
                "claim": len(report["claims"]),
                "tier": tier(claim.reasons),
                "reasons": claim.reasons,
                "rule": claim.rule,
                "evidence": claim.evidence,
            },
        )
        report["claims"].append(claim.body)
    return list(reports.values()), listed


def _report(scene: Scene, source: str) -> dict[str, Any]:
    document = scene.document
    report: dict[str, Any] = {
        "report_id": f"{document.id}.{source}"[:200],
        "revision": 1,
        "episode": scene.episode.slug if scene.episode else "unknown",
        "source": source,
        "relayed_by": document.outlet if document.outlet != source else None,
        "published_at": document.published_at,
        "url": document.url,
        "headline": document.title[:500] or None,
        "lang": document.lang,
        "document": {"id": document.id, "sha256": document.sha256},
        "claims": [],
    }
    return {name: value for name, value in report.items() if value is not None}


def _casualty(scene: Scene, claim: Casualty) -> _Claim:
    count = claim.figure.count
    assert count is not None  # noqa: S101 - only figures with a count become claims
    numbers = {"best": count.best, "low": count.low, "high": count.high}
    body: dict[str, Any] = {
        "type": "casualties",
        "party": claim.party,
        "outcome": claim.outcome,
        "population": claim.population,
        "group": claim.group,
        "scope": claim.basis.scope if claim.basis.basis == "cumulative" else None,
        "count": {name: value for name, value in numbers.items() if value is not None},
        "qualifier": count.qualifier,
        "basis": claim.basis.basis,
        "as_of": _end_of(scene, claim.basis.as_of) if claim.basis.as_of else None,
        "quote": _quote(scene, claim.marked, claim.figure.number[0]),
    }
    spans = [("count", figure.number) for figure in (claim.figure, *claim.also)]
    if claim.frame is not None and claim.frame.verb_at >= 0:
        spans.append(("source", (min(claim.frame.first, claim.frame.verb_at), claim.frame.verb_at + 1)))
    if claim.outcome_at:
        spans.append(("outcome", claim.outcome_at))
    return _claim(
        scene,
        claim.source,
        claim.figure.first,
        body,
        rule=claim.row,
        reasons=casualty_reasons(scene, claim),
        spans=spans,
    )


def _truce(scene: Scene, truce: Truce) -> _Claim:
    body: dict[str, Any] = {
        "type": "ceasefire",
        "act": truce.act,
        "by": truce.by,
        "against": truce.against,
        "at": _end_of(scene, truce.at) if truce.at else None,
        "effective_at": _begin_of(scene, truce.effective_at),
        "expires_at": _begin_of(scene, truce.expires_at),
        "mediators": list(truce.mediators) or None,
        "quote": _quote(scene, truce.marked, truce.token),
    }
    if body["expires_at"] and body["effective_at"] and body["expires_at"] <= body["effective_at"]:
        body["expires_at"] = None
    return _claim(
        scene,
        truce.source,
        truce.token,
        body,
        rule=truce.row,
        reasons=truce_reasons(scene, truce),
        spans=[("act", truce.span), *((name, span) for name, span in truce.hours.items() if body[name])],
    )


def _statement(scene: Scene, statement: Statement) -> _Claim:
    body: dict[str, Any] = {
        "type": "statement",
        "act": statement.act,
        "about": statement.about,
        "against": statement.against,
        "quote": _quote(scene, statement.marked, statement.token),
    }
    return _claim(
        scene,
        statement.source,
        statement.token,
        body,
        rule=statement.row,
        reasons=statement_reasons(statement),
        spans=[("act", statement.span)],
    )


def _claim(
    scene: Scene,
    source: str | None,
    token: int,
    body: dict[str, Any],
    *,
    rule: str,
    reasons: list[str],
    spans: list[tuple[str, tuple[int, int]]],
) -> _Claim:
    tokens = scene.tokens
    evidence = [
        {"field": name, "start": tokens[first].start, "end": tokens[max(last, first + 1) - 1].end}
        for name, (first, last) in spans
    ]
    given = {name: value for name, value in body.items() if value is not None}
    counted = [span for name, span in spans if name in {"count", "effective_at", "expires_at"}]
    return _Claim(source or scene.document.outlet, tokens[token].start, given, rule, reasons, evidence, counted)


def _end_of(scene: Scene, moment: date | datetime) -> str:
    """Return a time as RFC 3339; a day is its last second where the text is set, not after publication."""
    published = scene.clock.published
    zone = published.tzinfo
    found = moment if isinstance(moment, datetime) else datetime.combine(moment, time(23, 59, 59), zone)
    return min(found, published).isoformat(timespec="seconds")


def _begin_of(scene: Scene, moment: date | datetime | None) -> str | None:
    """Return a time as RFC 3339; a day is its first second where the text is set."""
    if moment is None:
        return None
    found = moment if isinstance(moment, datetime) else datetime.combine(moment, time(), scene.clock.published.tzinfo)
    return found.isoformat(timespec="seconds")


def _quote(scene: Scene, marked: Marked, token: int) -> str:
    """Return the words around a token: its sentence, or as much of it as a quote may have."""
    start = scene.tokens[marked.sentence.first].start
    end = scene.tokens[marked.sentence.last - 1].end
    if end - start > _QUOTE:
        middle = scene.tokens[token].start
        start = max(start, min(middle - _QUOTE // 2, end - _QUOTE))
        end = min(end, start + _QUOTE)
    return scene.document.whole[start:end]


def next_versions(previous: Draft, new: Draft) -> Draft:
    """Return the draft of a document's next version against the last one.

    A report whose content changed gets the next revision, one that is as it was keeps its own, one that is no longer
    there is withdrawn.
    """
    before = {report["report_id"]: report for report in previous.content["reports"]}
    reports = []
    for report in new.content["reports"]:
        old = before.pop(report["report_id"], None)
        changed = old is not None and _without_revision(old) != _without_revision(report)
        revision = (old["revision"] + changed) if old is not None else 1
        reports.append(report | {"revision": revision})
    gone = [
        {name: value for name, value in report.items() if name != "claims"}
        | {"revision": report["revision"] + 1, "withdrawn": True, "claims": []}
        if not report.get("withdrawn")
        else report
        for report in before.values()
    ]
    return Draft(dict(new.content) | {"reports": reports + gone})


def _without_revision(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a report can change its meaning: not the digest of the whole text around it."""
    return {name: value for name, value in report.items() if name not in {"revision", "document"}}
