"""The reader: from a text to a draft of claims, by rules alone, the same bytes each time."""

from streams.reading.context import Context
from streams.reading.document import Document, DocumentTooLargeError
from streams.reading.draft import Draft, draft_json, next_versions, read

__all__ = ["Context", "Document", "DocumentTooLargeError", "Draft", "draft_json", "next_versions", "read"]
