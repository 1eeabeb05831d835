"""A draft on a terminal: the text with its spans, and the claims that rest on them."""

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from streams.core.phrases import Names, figure, plain

__all__ = ["claim_words", "draft_view"]

Draft = dict[str, Any]
#: The look of a span by the field that it is evidence of; each is also marked by its letters, not by colour alone.
_LOOKS = {"count": "bold reverse", "source": "underline", "outcome": "italic", "party": "bold"}
_TIERS = {"ready": "✓ ready", "check": "? check", "ask": "! ask"}


def draft_view(draft: Draft, names: Names, *, explain: bool) -> RenderableType:
    """Return the text of a document with its spans, a table of its claims, and with `explain` what was left out."""
    document = draft["document"]
    parts: list[RenderableType] = [
        Text(f"{document['id']}  {document['published_at']}  {draft['episode'] or 'no episode'}", style="dim"),
        _text(draft),
        _claims(draft, names),
    ]
    if "unread" in draft:
        parts.append(Text(f"Texts in the language {draft['unread']!r} are not read."))
    if explain:
        parts.append(_left_out(draft))
    return Group(*parts)


def _text(draft: Draft) -> Text:
    document = draft["document"]
    text = Text(plain_text(f"{document.get('title', '')}\n{document['text']}"))
    for claim in draft["claims"]:
        for evidence in claim["evidence"]:
            text.stylize(_LOOKS.get(evidence["field"], "underline"), evidence["start"], evidence["end"])
    for left in draft["left_out"]:
        text.stylize("dim", left["start"], left["end"])
    return text


def _claims(draft: Draft, names: Names) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("tier", "source", "claim", "words", "why"):
        table.add_column(heading, overflow="fold")
    for each in draft["claims"]:
        report = draft["reports"][each["report"]]
        claim = report["claims"][each["claim"]]
        table.add_row(
            _TIERS[each["tier"]],
            names.source(report["source"]),
            claim_words(claim, names),
            plain(claim.get("quote", "")),
            ", ".join(each["reasons"]),
        )
    return table


def claim_words(claim: dict[str, Any], names: Names) -> str:
    """Return a claim of a draft in one line."""
    match claim["type"]:
        case "casualties":
            parts = [f"{names.party(claim['party'])} {claim['outcome'].replace('_', ' ')}: {_count(claim)}"]
            parts += [claim[part] for part in ("population", "group", "scope", "basis") if claim.get(part)]
            parts += [f"as of {claim['as_of']}"] if claim.get("as_of") else []
        case "ceasefire":
            parts = [f"ceasefire {claim['act'].replace('_', ' ')}"]
            parts += [f"by {names.party(claim['by'])}"] if claim.get("by") else []
            parts += [f"{name} {claim[name]}" for name in ("at", "effective_at", "expires_at") if claim.get(name)]
        case _:
            parts = [f"{claim['act']}, {claim['about']}"]
            parts += [f"against {names.party(claim['against'])}"] if claim.get("against") else []
    return ", ".join(parts)


def _count(claim: dict[str, Any]) -> str:
    count = claim["count"]
    if count.get("low") is not None or count.get("high") is not None:
        return figure({"best": count["best"], "low": count.get("low"), "high": count.get("high")})
    qualifier = claim.get("qualifier", "exact").replace("_", " ")
    return f"{count['best']:,}" if qualifier == "exact" else f"{qualifier} {count['best']:,}"


def _left_out(draft: Draft) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), title="Numbers left out", title_justify="left")
    table.add_column("number")
    table.add_column("why")
    whole = f"{draft['document'].get('title', '')}\n{draft['document']['text']}"
    for left in draft["left_out"]:
        table.add_row(plain(whole[left["start"] : left["end"]]), left["why"])
    return table


def plain_text(text: str) -> str:
    """Return a text without control and bidi characters, its lines kept; one character stays one."""
    return "\n".join(_lines(text))


def _lines(text: str) -> Iterator[str]:
    return (plain(line) for line in text.split("\n"))
