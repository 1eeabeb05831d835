"""Why brokers cannot be reached, and what to do about it.

aiokafka logs the reason and raises "Unable to bootstrap". One more connection from here finds out whether it is
refused, a certificate is not trusted or a password is wrong.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.conn import create_conn
from aiokafka.errors import KafkaConnectionError, KafkaError, SaslAuthenticationFailed
from aiokafka.protocol.metadata import MetadataRequest

from streams.kafka.acl import AUTHORIZATION, MissingAcl, Role, missing_acls, missing_right, rights
from streams.kafka.client import client_options
from streams.settings import PREFIX, Settings

__all__ = ["diagnose", "missing_acl_message", "name_missing_acl", "unreachable_brokers"]

CONNECT_S = 5.0
ASK_S = 10.0


async def unreachable_brokers(settings: Settings) -> dict[str, str]:
    """Return, by HOST:PORT, why a broker of the settings cannot be used; those that can are left out."""
    options = client_options(settings)
    brokers = options.pop("bootstrap_servers").split(",")
    found = await asyncio.gather(*(_try(broker, options) for broker in brokers))
    return {broker: reason for broker, reason in zip(brokers, found, strict=True) if reason is not None}


async def missing_acl_message(settings: Settings, role: Role) -> str | None:
    """Return in one line the rights that a role lacks, or None if it lacks none or that cannot be found out."""
    client = AIOKafkaAdminClient(**client_options(settings))
    try:
        async with asyncio.timeout(ASK_S):
            await client.start()
            lacks = await missing_acls(client, [right for right in rights(role, settings) if right.needed])
    except (KafkaError, OSError, TimeoutError, NotImplementedError):
        return None
    finally:
        await client.close()
    return missing_right(lacks, settings) if lacks else None


async def diagnose(error: BaseException, settings: Settings, role: Role) -> str:
    """Return why Kafka failed: the broker's reason, the missing right, or the error's own message."""
    if isinstance(error, MissingAcl):
        return str(error)
    if isinstance(error, (KafkaConnectionError, OSError, TimeoutError)):
        reasons = await unreachable_brokers(settings)
        listed = "; ".join(f"{broker}: {reason}" for broker, reason in reasons.items())
        return f"no Kafka broker answers at {settings.bootstrap_servers}" + (f" ({listed})" if listed else "")
    lacks = await missing_acl_message(settings, role)
    return f"{settings.bootstrap_servers}: {lacks or str(error) or type(error).__name__}"


@contextlib.asynccontextmanager
async def name_missing_acl(settings: Settings, role: Role) -> AsyncIterator[None]:
    """Raise MissingAcl, which names the right, if a broker refuses an operation."""
    try:
        yield
    except AUTHORIZATION as error:
        lacks = await missing_acl_message(settings, role)
        if lacks is None:
            raise
        raise MissingAcl(lacks) from error


async def _try(broker: str, options: dict[str, Any]) -> str | None:
    host, _, port = broker.rpartition(":")
    try:
        async with asyncio.timeout(CONNECT_S):
            connection = await create_conn(host.strip("[]"), int(port), **options)
            try:
                await connection.send(MetadataRequest([]))
            finally:
                connection.close()
    except SaslAuthenticationFailed as error:
        user, mechanism = options["sasl_plain_username"], options["sasl_mechanism"]
        reason = str(error.args[0]) if error.args else "authentication failed"
        return f"it refuses user {user!r} with {mechanism}: {reason}; see {PREFIX}SASL_USERNAME and _PASSWORD_FILE"
    except ssl.SSLCertVerificationError as error:
        return f"its certificate is not trusted: {error.verify_message}; see {PREFIX}SSL_CAFILE"
    except TimeoutError:
        return f"no answer within {CONNECT_S:.0f} s"
    except (KafkaError, OSError) as error:
        return _closed(error, str(options["security_protocol"]))
    return None


def _closed(error: Exception, protocol: str) -> str:
    """Return a reason for a connection that the broker closed without one."""
    if isinstance(error.__cause__, ssl.SSLError) and "CERTIFICATE" in str(error.__cause__):
        return f"it requires a client certificate; see {PREFIX}SSL_CERTFILE and _KEYFILE"
    if isinstance(error, (KafkaConnectionError, ConnectionResetError, ssl.SSLError)):
        return f"it closed the connection: does it expect another {PREFIX}SECURITY_PROTOCOL than {protocol}?"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return getattr(error, "strerror", None) or str(error)
