"""Metadata requests that create no topic.

aiokafka 0.14 asks for topics by name and lets the broker create a missing one, with the broker's defaults: after a
topic was deleted under a worker, an empty log of another shape would take its place unseen. aiokafka has no option for
it, so `client` and `admin.client` get another constructor of the request.
"""

from typing import Any

from aiokafka import client
from aiokafka.admin import client as admin_client
from aiokafka.protocol.metadata import MetadataRequest

__all__ = ["forbid_topic_creation"]


def forbid_topic_creation() -> None:
    """Let no aiokafka client of this process create a topic by asking for it."""
    client.MetadataRequest = _without_creation
    admin_client.MetadataRequest = _without_creation


def _without_creation(topics: list[str] | None = None, allow_auto_topic_creation: bool | None = None) -> Any:  # noqa: FBT001
    del allow_auto_topic_creation
    return MetadataRequest(topics, allow_auto_topic_creation=False)
