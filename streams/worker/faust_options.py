"""The settings of a Faust app: brokers and security."""

from typing import Any

import faust

from streams.kafka.client import ssl_context
from streams.settings import Settings, read_secret

__all__ = ["faust_options"]


def faust_options(settings: Settings) -> dict[str, Any]:
    """Return the keyword arguments by which a Faust app connects to the same brokers.

    Raises SettingsError as `client_options`.
    """
    brokers = [f"kafka://{broker}" for broker in settings.bootstrap_servers.split(",")]
    context = ssl_context(settings) if settings.security_protocol.endswith("SSL") else None
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
