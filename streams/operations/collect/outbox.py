"""Collected documents on their way to a server's `POST /documents`; a repeat is a duplicate there."""

import httpx2
import orjson
from pydantic import SecretStr

from streams.operations.collect.journal import Journal

__all__ = ["Outbox", "Undelivered"]

BATCH = 100
BATCH_BYTES = 1 << 20
TIMEOUT_S = 60.0
#: Refusals of the content: the documents of such a batch are sent one by one, and the refused one is left out.
_REFUSED = frozenset({400, 413, 422})


class Undelivered(Exception):
    """The server did not take documents; they are sent again next time."""


class Outbox:
    """Sends what the journal holds beyond the offset that the server has taken."""

    def __init__(self, journal: Journal, url: str, token: SecretStr | None) -> None:
        self._journal = journal
        self._url = url.rstrip("/").removesuffix("/documents") + "/documents"
        self._limit = BATCH
        self._headers = {"Content-Type": "application/json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token.get_secret_value()}"

    async def deliver(self) -> None:
        """Send all that is new. Raises Undelivered."""
        refused: list[str] = []
        async with httpx2.AsyncClient(timeout=TIMEOUT_S, headers=self._headers) as client:
            while (batch := self._batch())[1]:
                end, documents = batch
                try:
                    answer = await client.post(self._url, content=b"[" + b",".join(documents) + b"]")
                except httpx2.HTTPError as error:
                    raise Undelivered(f"{self._url}: {str(error) or type(error).__name__}; sent again later") from error
                if answer.status_code in _REFUSED and len(documents) > 1:
                    self._limit = 1
                    continue
                if answer.status_code != httpx2.codes.ACCEPTED and answer.status_code not in _REFUSED:
                    raise Undelivered(f"{self._url} answered {answer.status_code}: {answer.text[:300]}")
                if answer.status_code in _REFUSED:
                    refused.append(f"{orjson.loads(documents[0])['id']}: {answer.text[:300]}")
                self._limit = BATCH
                self._journal.sent[self._url] = end
                self._journal.save()
        if refused:
            raise Undelivered(f"{self._url} refused {len(refused):,} documents, left out: {refused[0]}")

    def _batch(self) -> tuple[int, list[bytes]]:
        end = self._journal.sent.get(self._url, 0)
        documents: list[bytes] = []
        size = 0
        for after, document in self._journal.after(end, self._limit):
            content = orjson.dumps(document)
            size += len(content)
            if documents and size > BATCH_BYTES:
                break
            documents.append(content)
            end = after
        return end, documents
