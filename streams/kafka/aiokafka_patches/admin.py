"""Requests that AIOKafkaAdminClient has no method for, and facts about its connections."""

from collections.abc import Collection
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient

__all__ = ["admin_request", "client_of", "supported_requests"]


async def admin_request(client: AIOKafkaAdminClient, request: Any, node: int | None = None) -> Any:
    """Send a request to a node, by default any, and return the response. Raises KafkaError."""
    return await client._send_request(request, node)


def client_of(admin: AIOKafkaAdminClient) -> AIOKafkaClient:
    """Return the low-level client of an admin client, for requests that go to a partition's leader."""
    return admin._client


def supported_requests(client: AIOKafkaAdminClient) -> Collection[int]:
    """Return the API keys that the broker of an open connection supports; `client` has made one request before."""
    connection = next(iter(client._client._conns.values()))
    versions: Collection[int] = connection._versions
    return versions
