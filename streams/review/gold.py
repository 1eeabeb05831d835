"""Reviewed drafts as coded documents: what is right about a text, by a person, to score a reader against. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["coded_document"]

_DOCUMENT_FIELDS = ("id", "title", "text", "lang", "outlet", "published_at", "zone", "url")


def coded_document(draft: Mapping[str, Any], review: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with the claims that a person took: as drafted, edited or added; none of a rejected one.

    `evidence` has the words of the text by field, where the reader had found the claim.
    """
    document = draft["document"]
    text = f"{document.get('title') or ''}\n{document['text']}"
    fields = {name: document[name] for name in _DOCUMENT_FIELDS if document.get(name) is not None}
    return {
        **fields,
        "version": document["version"],
        "kind": "article",
        "episode": review.get("episode") or draft["episode"],
        "claims": [*_claims(draft, review, text)] if review["decision"] == "confirmed" else [],
        "left_out": [{"text": text[each["start"] : each["end"]], "why": each["why"]} for each in draft["left_out"]],
        "by": review["by"],
        "at": review["at"],
    }


def _claims(draft: Mapping[str, Any], review: Mapping[str, Any], text: str) -> Iterator[dict[str, Any]]:
    drafted = {(each["report"], each["claim"]): each for each in draft["claims"]}
    for decided in review["claims"]:
        if not decided["taken"]:
            continue
        report = draft["reports"][decided["report"]]
        found = drafted[decided["report"], decided["claim"]]
        claim = decided["edited"] or report["claims"][decided["claim"]]
        yield {
            "source": decided.get("source") or report["source"],
            "claim": {name: value for name, value in claim.items() if name != "quote"},
            "evidence": {each["field"]: text[each["start"] : each["end"]] for each in found["evidence"]},
        }
    for added in review.get("added", ()):
        yield {"source": added["source"], "claim": added["claim"], "evidence": {}}
