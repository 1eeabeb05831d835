"""How Kafka is spoken to: the one place where settings become a client's options."""

import asyncio
import contextlib
import ssl
from typing import Any

from aiokafka.helpers import create_ssl_context
from aiokafka.partitioner import murmur2

from streams.kafka.aiokafka_patches.record_decoding import read_any_record
from streams.settings import Settings, SettingsError, read_secret

__all__ = ["client_options", "faust_options", "let_go", "partition_of"]

#: For a consumer to say goodbye.
STOP_S = 1.0

read_any_record()


def client_options(settings: Settings) -> dict[str, Any]:
    """Return the keyword arguments that every aiokafka client takes: brokers and security.

    Raises SettingsError where a password or certificate file cannot be read.
    """
    options: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap_servers,
        "security_protocol": settings.security_protocol,
    }
    if settings.security_protocol.startswith("SASL"):
        options |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": read_secret(settings.sasl_password, settings.sasl_password_file, "password") or "",
        }
    if settings.security_protocol.endswith("SSL"):
        options["ssl_context"] = _ssl_context(settings)
    return options


def faust_options(settings: Settings) -> dict[str, Any]:
    """Return the keyword arguments by which a Faust app reaches the same brokers the same way.

    Raises SettingsError as `client_options`.
    """
    import faust  # noqa: PLC0415 - half a second, and only the worker needs it

    brokers = [f"kafka://{broker}" for broker in settings.bootstrap_servers.split(",")]
    context = _ssl_context(settings) if settings.security_protocol.endswith("SSL") else None
    if settings.security_protocol.startswith("SASL"):
        credentials = faust.SASLCredentials(
            username=settings.sasl_username,
            password=read_secret(settings.sasl_password, settings.sasl_password_file, "password") or "",
            ssl_context=context,
            mechanism=settings.sasl_mechanism,
        )
        return {"broker": brokers, "broker_credentials": credentials}
    if context is not None:
        return {"broker": brokers, "broker_credentials": faust.SSLCredentials(context)}
    return {"broker": brokers}


def partition_of(key: bytes, partitions: int) -> int:
    """Return where the Java client's default partitioner puts a key (contract section 2 rule 2)."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions


def _ssl_context(settings: Settings) -> ssl.SSLContext:
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


async def let_go(consumer: Any) -> None:
    """Stop a consumer that is in no group.

    Without a limit that can take half a minute: so long a TLS connection waits for the other side to say goodbye, and a
    broker that holds a fetch open does not.
    """
    with contextlib.suppress(Exception):
        async with asyncio.timeout(STOP_S):
            await consumer.stop()
