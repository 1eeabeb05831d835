"""Documents from files, pages, feeds and addresses, and the drafts that the reader makes of them."""

from streams.operations.read.documents import Given, NotReadable, documents_of
from streams.operations.read.web_page import FetchFailed, fetch

__all__ = ["FetchFailed", "Given", "NotReadable", "documents_of", "fetch"]
