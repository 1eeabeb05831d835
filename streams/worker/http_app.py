"""The ASGI app of a worker on Kafka."""

import contextlib
from collections.abc import AsyncIterator, Callable

from starlette.applications import Starlette

from streams.core.source_registry import Registry
from streams.files.atlas import atlas_of
from streams.files.writers import writers_of
from streams.operations.plots import draw_chart_lazily
from streams.settings import Settings
from streams.stores.kafka.store import KafkaStore
from streams.web.app import create_app
from streams.web.auth import is_loopback

__all__ = ["kafka_app"]


def kafka_app(
    settings: Settings,
    *,
    registry: Registry | None = None,
    consumer_reasons: Callable[[], list[str]] = list,
    consumer_degraded: Callable[[], list[str]] = list,
) -> Starlette:
    """Return the ASGI app of a worker on Kafka; its lifespan holds the connections.

    `consumer_reasons` says, in words, what keeps the worker's desk from being ready, `consumer_degraded` what ails it
    although it works. Raises SettingsError.
    """
    store = KafkaStore(
        settings, registry=registry, consumer_reasons=consumer_reasons, consumer_degraded=consumer_degraded
    )

    @contextlib.asynccontextmanager
    async def connected(_app: Starlette) -> AsyncIterator[None]:
        await store.start()
        try:
            yield
        finally:
            await store.stop()

    loopback = is_loopback(settings.http_host)
    return create_app(
        store,
        token=settings.token,
        loopback=loopback,
        post_rate=settings.post_rate,
        lifespan=connected,
        atlas=atlas_of(settings),
        cors_origins=settings.cors_origin_list,
        writers=writers_of(settings),
        draw_chart=draw_chart_lazily,
    )
