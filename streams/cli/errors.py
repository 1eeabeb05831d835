"""Failures of commands: one line on standard error, and an exit code of sysexits(3) or contract section 7."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from streams.kafka.acl import Role
    from streams.settings import Settings
    from streams.stores.store import StoreUnavailable

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_UNAVAILABLE = 69
EXIT_IO = 74


class CommandFailed(Exception):
    """Ends the command with `truceline: <message>` and `exit_code`, without a traceback."""

    exit_code = EXIT_FAILED


class UsageFailed(CommandFailed):
    """A wrong option, setting or file of settings (exit 2)."""

    exit_code = EXIT_USAGE


class Unavailable(CommandFailed):
    """A service that the command needs does not answer, or cannot be started (exit 69)."""

    exit_code = EXIT_UNAVAILABLE


class InputFailed(CommandFailed):
    """An input that cannot be read (exit 74)."""

    exit_code = EXIT_IO


@contextmanager
def settings_errors() -> Iterator[None]:
    """Turn a SettingsError, which names each wrong setting, into UsageFailed."""
    from streams.settings import SettingsError

    try:
        yield
    except SettingsError as error:
        raise UsageFailed(str(error)) from error


def kafka_failed(error: BaseException, settings: Settings, role: Role = "operator") -> CommandFailed:
    """Return the failure for an error of Kafka: what to do about it, and a missing right by its name."""
    import asyncio

    from aiokafka.errors import KafkaConnectionError

    from streams.kafka.connectivity import diagnose

    kind = Unavailable if isinstance(error, (KafkaConnectionError, TimeoutError, OSError)) else CommandFailed
    return kind(asyncio.run(diagnose(error, settings, role)))


def store_failed(error: StoreUnavailable, settings: Settings, embedded: Path | None) -> CommandFailed:
    """Return the failure for a store that cannot be read."""
    from aiokafka.errors import KafkaError

    if embedded is not None:
        return InputFailed(str(error))
    if isinstance(error.__cause__, KafkaError):
        return kafka_failed(error.__cause__, settings)
    return CommandFailed(str(error))


@contextmanager
def mute_client_log() -> Iterator[None]:
    """Silence the Kafka client, whose errors the command prints itself, once, at its end."""
    import logging

    log = logging.getLogger("aiokafka")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)
