"""The documents, drafts and reviews of a store: one protocol, on SQLite and on Kafka (contract section 9)."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

__all__ = ["DocumentReceipt", "ReviewConflict", "ReviewStore", "Reviewed", "draft_summary"]

TIERS = ("ready", "check", "ask")


class ReviewConflict(Exception):
    """Another person has reviewed this version of the document; the message says who and when."""


class DocumentReceipt(NamedTuple):
    """The result for one document: accepted with its id and version, duplicate, or rejected with a message."""

    outcome: str
    id: str | None = None
    version: int | None = None
    message: str | None = None

    def as_record(self) -> dict[str, Any]:
        """Return the fields that say something."""
        return {name: value for name, value in self._asdict().items() if value is not None}


class Reviewed(NamedTuple):
    """A review and the draft that it is of; rows count from 1 without a gap."""

    row: int
    draft: dict[str, Any]
    review: dict[str, Any]


class ReviewStore(Protocol):
    """The store of documents, and of drafts that wait for a person."""

    async def submit_documents(self, documents: Sequence[dict[str, Any]]) -> list[DocumentReceipt]:
        """Store documents and draft them; what is accepted is durable. Raises StoreUnavailable."""
        ...

    async def waiting(self, limit: int, after: str | None = None) -> list[dict[str, Any]]:
        """Return `draft_summary` of the drafts that nobody has reviewed, the oldest first, up to `limit`.

        With `after`, a document's id, those that came after it.
        """
        ...

    async def draft(self, document: str) -> dict[str, Any] | None:
        """Return the newest draft of a document, or None."""
        ...

    async def reviews(self, document: str | None = None) -> list[dict[str, Any]]:
        """Return the reviews of a document, or all, in the order in which they were recorded."""
        ...

    async def reviewed(self, after: int, limit: int) -> list[Reviewed]:
        """Return up to `limit` reviews with their drafts, in the order of recording, after row `after`."""
        ...

    async def record(self, review: dict[str, Any]) -> None:
        """Record a review. Raises ReviewConflict where that version was reviewed, StoreUnavailable."""
        ...


def draft_summary(draft: dict[str, Any]) -> dict[str, Any]:
    """Return a draft in short: its document, its episode and how many claims each tier has."""
    document = draft["document"]
    tiers = dict.fromkeys(TIERS, 0)
    for claim in draft["claims"]:
        tiers[claim["tier"]] += 1
    fields = ("id", "version", "title", "outlet", "published_at", "lang", "url")
    return {**{name: document.get(name) for name in fields}, "episode": draft["episode"], "tiers": tiers}
