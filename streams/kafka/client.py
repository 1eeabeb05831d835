"""Options of Kafka clients from the settings."""

import asyncio
import contextlib
import ssl
from typing import Any

from aiokafka.helpers import create_ssl_context

from streams.kafka.aiokafka_patches.topic_creation import forbid_topic_creation
from streams.settings import Settings, SettingsError, read_secret

__all__ = ["REQUEST_TIMEOUT_MS", "client_options", "ssl_context", "stop_quickly"]

#: A broker that hangs costs each client this long, then the client asks another one; aiokafka's own figure is 40 s.
REQUEST_TIMEOUT_MS = 10_000
#: Time for a consumer to close its connections.
STOP_S = 1.0


def client_options(settings: Settings) -> dict[str, Any]:
    """Return the keyword arguments that every aiokafka client takes: brokers and security.

    From then on no aiokafka client of this process creates a topic by asking for it.

    Raises SettingsError if a password or certificate file cannot be read.
    """
    forbid_topic_creation()
    options: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap_servers,
        "security_protocol": settings.security_protocol,
        "request_timeout_ms": REQUEST_TIMEOUT_MS,
    }
    if settings.security_protocol.startswith("SASL"):
        options |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": read_secret(settings.sasl_password, settings.sasl_password_file, "password") or "",
        }
    if settings.security_protocol.endswith("SSL"):
        options["ssl_context"] = ssl_context(settings)
    return options


def ssl_context(settings: Settings) -> ssl.SSLContext:
    """Return the TLS context of `TRUCELINE_SSL_*`. Raises SettingsError if a file cannot be read."""
    files = {
        "TRUCELINE_SSL_CAFILE": settings.ssl_cafile,
        "TRUCELINE_SSL_CERTFILE": settings.ssl_certfile,
        "TRUCELINE_SSL_KEYFILE": settings.ssl_keyfile,
    }
    for variable, path in files.items():
        if path is not None and not path.is_file():
            raise SettingsError(f"{variable}: there is no file {str(path)!r}")
    try:
        context: ssl.SSLContext = create_ssl_context(
            cafile=settings.ssl_cafile,
            certfile=settings.ssl_certfile,
            keyfile=settings.ssl_keyfile,
            password=read_secret(settings.ssl_password, settings.ssl_password_file, "password"),
        )
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"the certificates of TRUCELINE_SSL_* cannot be used: {error}") from error
    return context


async def stop_quickly(consumer: Any) -> None:
    """Stop a consumer that is in no group, within `STOP_S`.

    Without a limit it can take 30 s: a TLS connection waits for the peer to close, and a broker that holds a fetch does
    not.
    """
    with contextlib.suppress(Exception):
        async with asyncio.timeout(STOP_S):
            await consumer.stop()
