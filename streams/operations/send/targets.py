"""Send reports over HTTP or to Kafka; sending one twice is safe."""

import asyncio
import contextlib
from collections import deque
from dataclasses import replace
from typing import Any, Protocol, Self

import httpx2
import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from pydantic import SecretStr

from schemas.reports import MAX_REPORT_BYTES
from streams.core.log_record import Record
from streams.core.model import Report
from streams.core.parse import Refusal, parse
from streams.core.words import ignored_fields
from streams.kafka.client import client_options
from streams.kafka.connectivity import diagnose, missing_acl_message, name_missing_acl
from streams.settings import Settings
from streams.stores.store import Receipt

__all__ = ["HttpTarget", "KafkaTarget", "SendTarget", "SendingFailed"]

BATCH_MAX = 1_000
BATCH_BYTES = 2 << 20
TIMEOUT_S = 60.0
TRIES = 6
PAUSE_FIRST_S = 0.25
LINGER_MS = 20


class SendingFailed(Exception):
    """The log cannot be reached, or does not accept reports from this client."""


class SendTarget(Protocol):
    """A log that accepts reports."""

    async def deliver(self, batch: list[Record]) -> list[Receipt]:
        """Return a receipt for each record, in order, once all are durable; raises SendingFailed."""
        ...


class HttpTarget:
    """A truceline server; requests are retried while it is busy or unreachable."""

    def __init__(self, url: str, token: SecretStr | None, *, client: httpx2.AsyncClient | None = None) -> None:
        """Send to the server at `url`, with or without /reports."""
        self.url = url.rstrip("/").removesuffix("/reports") + "/reports"
        headers = {"Content-Type": "application/x-ndjson"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token.get_secret_value()}"
        self._client = client or httpx2.AsyncClient(timeout=TIMEOUT_S)
        self._headers = headers

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def deliver(self, batch: list[Record]) -> list[Receipt]:
        """Post a batch as JSON lines."""
        receipts = [_too_large(record) for record in batch]
        fitting = [at for at, receipt in enumerate(receipts) if receipt is None]
        if fitting:
            answer = await self._post(b"\n".join(batch[at].value for at in fitting))
            for result in answer["results"]:
                at = fitting[result.pop("line") - 1]
                receipts[at] = Receipt(**result)
        return [receipt for receipt in receipts if receipt is not None]

    async def effects(self, reports: list[bytes]) -> list[dict[str, Any]]:
        """Return what reports would change, as `POST /reports?dry` answers; nothing is sent."""
        found: list[dict[str, Any]] = (await self._post(b"\n".join(reports), "effects", dry=""))["effects"]
        return found

    async def _post(self, body: bytes, wanted: str = "results", **query: str) -> dict[str, Any]:
        reason = ""
        for attempt in range(TRIES):
            if attempt:
                await asyncio.sleep(PAUSE_FIRST_S * 2 ** (attempt - 1))
            try:
                response = await self._client.post(self.url, content=body, headers=self._headers, params=query)
            except httpx2.ConnectError as error:
                reason = f"cannot connect; is the server running there? ({error})"
                continue
            except httpx2.HTTPError as error:
                reason = str(error) or type(error).__name__
                continue
            answer = _json(response)
            if wanted in answer:
                return answer
            reason = f"{response.status_code} {answer.get('message', response.reason_phrase)}"
            if response.status_code not in (429, 502, 503, 504):
                break
        raise SendingFailed(f"{self.url}: {reason}")


class KafkaTarget:
    """The topic of reports, with the episode as key."""

    def __init__(self, settings: Settings) -> None:
        """Prepare for the Kafka of these settings, without connecting."""
        self._topic = settings.topic("reports")
        self._settings = settings
        self._brokers = settings.bootstrap_servers
        self._options = client_options(settings)

    async def __aenter__(self) -> Self:
        await self._check_topic()
        self._producer = AIOKafkaProducer(**self._options, acks="all", enable_idempotence=True, linger_ms=LINGER_MS)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._producer.start()
        except (KafkaError, TimeoutError, OSError) as error:
            await self.__aexit__()
            raise SendingFailed(await diagnose(error, self._settings, "sender")) from error
        return self

    async def _check_topic(self) -> None:
        admin = AIOKafkaAdminClient(**self._options)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await admin.start()
            # Checked first, since producing to a missing topic may create it with wrong settings.
            there = self._topic in await admin.list_topics()
        except (KafkaError, TimeoutError, OSError) as error:
            raise SendingFailed(await diagnose(error, self._settings, "sender")) from error
        finally:
            await admin.close()
        if not there:
            lacks = await missing_acl_message(self._settings, "sender")
            raise SendingFailed(lacks or f"no topic {self._topic} on {self._brokers}: run `truceline topics create`")

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(KafkaError, TimeoutError):
            await asyncio.wait_for(self._producer.stop(), TIMEOUT_S)

    async def deliver(self, batch: list[Record]) -> list[Receipt]:
        """Produce a batch; refuse records by the rules that need no state."""
        receipts: list[Receipt] = []
        sent: deque[tuple[int, asyncio.Future[Any]]] = deque()
        try:
            async with name_missing_acl(self._settings, "sender"), asyncio.timeout(TIMEOUT_S):
                for value, timestamp_us in batch:
                    receipt, key = _read(value)
                    if key is not None:
                        stamp_ms = None if timestamp_us is None else max(0, timestamp_us // 1_000)
                        future = await self._producer.send(self._topic, value, key=key, timestamp_ms=stamp_ms)
                        sent.append((len(receipts), future))
                    receipts.append(receipt)
                for at, future in sent:
                    place = await future
                    receipts[at] = replace(receipts[at], partition=place.partition, offset=place.offset)
        except (KafkaError, TimeoutError) as error:
            raise SendingFailed(f"{self._topic} on {self._brokers}: {str(error) or 'no answer'}") from error
        return receipts


def _too_large(record: Record) -> Receipt | None:
    length = len(record.value)
    if length <= MAX_REPORT_BYTES:
        return None
    return Receipt("refused", code="too_large", message=f"{length} bytes; at most {MAX_REPORT_BYTES} are taken")


def _read(value: bytes) -> tuple[Receipt, bytes | None]:
    """Return a receipt and the key of a value; the key is None if it is refused."""
    try:
        message = parse(value)
    except Refusal as refusal:
        return Receipt("refused", code=refusal.code, message=refusal.message), None
    if isinstance(message, Report):
        ignored = ignored_fields(message.unknown) if message.unknown else None
        receipt = Receipt("logged", message.episode, message.report_id, message.revision, ignored=ignored)
        return receipt, message.episode.encode()
    return Receipt("logged", message.episode), message.episode.encode()


def _json(response: httpx2.Response) -> dict[str, Any]:
    try:
        answer = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}
