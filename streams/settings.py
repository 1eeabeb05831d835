"""What can be set, by environment variable or flag (contract section 7); the docs list it from here.

A setting `name` is read from `TRUCELINE_NAME`; what a command is given on its command line wins.
"""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import platformdirs
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.alerts import Severity

PREFIX = "TRUCELINE_"

_BROKER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:,/\[\]]+):[0-9]{1,5}")
_TOPIC_PREFIX = r"^[a-zA-Z0-9._-]{1,200}$"


def _iso8601(value: object) -> object:
    # pydantic would also read a bare "400", as seconds: a horizon of under seven minutes.
    if isinstance(value, str) and not value.startswith("P"):
        raise ValueError("not an ISO 8601 duration, such as P400D or PT30S")
    return value


def _not_negative(value: timedelta) -> timedelta:
    if value < timedelta(0):
        raise ValueError("a duration is not negative")
    return value


def _brokers(value: str) -> str:
    brokers = [broker.strip() for broker in value.split(",")]
    for broker in brokers:
        if not _BROKER.fullmatch(broker):
            raise ValueError(f"{broker!r} is not HOST:PORT")
    return ",".join(brokers)


#: ISO 8601, `P400D` or `PT30S`; as pydantic reads it a year has 365 days and a month 30.
Duration = Annotated[timedelta, BeforeValidator(_iso8601), AfterValidator(_not_negative)]
Brokers = Annotated[str, AfterValidator(_brokers)]
Codec = Literal["none", "gzip", "snappy", "lz4", "zstd"]
SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


class SettingsError(ValueError):
    """Settings that make no sense: each line of the message names the variable and the reason."""


class Settings(BaseSettings):
    """All settings. Frozen; secrets are never printed."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    # The log and the fold
    bootstrap_servers: Brokers = Field("127.0.0.1:9092", description="Kafka brokers, HOST:PORT, comma-separated")
    topic_prefix: str = Field(
        "truceline", pattern=_TOPIC_PREFIX, description="Topics are named PREFIX.reports and so on"
    )
    app_id: str = Field(
        "truceline", pattern=_TOPIC_PREFIX, description="Consumer group and first part of the transactional ids"
    )
    sources: Path | None = Field(None, description="Source registry, a YAML file; none: every source is a third party")
    atlas: Path | None = Field(None, description="Atlas: names of parties, episodes and places, a YAML file")
    horizon: Duration = Field(
        timedelta(days=400),
        description="How far behind an episode's newest report another may lie (ISO 8601); backfills set more",
    )
    data_dir: Path = Field(
        default_factory=lambda: platformdirs.user_data_path("truceline", appauthor=False),
        description="Where the local Kafka, the demo and Faust keep their files",
    )

    # HTTP
    http_host: str = Field("127.0.0.1", min_length=1, description="Address that the web server listens on")
    http_port: int = Field(8080, ge=0, le=65535, description="Port that the web server listens on; 0 takes a free one")
    processes: int = Field(
        1,
        ge=1,
        le=64,
        description="Workers that `truceline serve` runs on Kafka, each a process, on HTTP_PORT and the ports after it",
    )
    token: SecretStr | None = Field(None, description="Bearer token that POST /reports asks for")
    token_file: Path | None = Field(None, description="File that holds the token")
    post_rate: int = Field(
        20_000,
        ge=0,
        le=10_000_000,
        description="Reports a second that one address may post, ten seconds' worth at once; 0: no limit",
    )

    cors_origins: str = Field(
        "", description="Sites whose pages may read tables and feeds, comma-separated; * for all; GET alone"
    )

    # Logging
    log_format: Literal["console", "json"] = Field("console", description="How log lines look")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least level logged")

    # Security of the Kafka client
    security_protocol: SecurityProtocol = Field("PLAINTEXT", description="How brokers are spoken to")
    sasl_mechanism: SaslMechanism = Field("PLAIN", description="SASL mechanism")
    sasl_username: str | None = Field(None, description="SASL user")
    sasl_password: SecretStr | None = Field(None, description="SASL password")
    sasl_password_file: Path | None = Field(None, description="File that holds the SASL password")
    ssl_cafile: Path | None = Field(None, description="Certificates to trust (PEM); none: the system's")
    ssl_certfile: Path | None = Field(None, description="The client's own certificate (PEM)")
    ssl_keyfile: Path | None = Field(None, description="The key of the client's certificate (PEM)")
    ssl_password: SecretStr | None = Field(None, description="Password of the key")
    ssl_password_file: Path | None = Field(None, description="File that holds the password of the key")

    # Alerts
    alerts: Path | None = Field(None, description="Rules of alerts, a YAML file; none: no alerts")
    notify_urls: SecretStr | None = Field(
        None, description="Where alerts are sent on to: Apprise URLs, one a line or with white space between"
    )
    notify_urls_file: Path | None = Field(None, description="File that holds the Apprise URLs, one a line")
    notify_severity: Severity = Field("minor", description="The least severity of alerts that are sent on")
    notify_max_age: Duration = Field(
        timedelta(days=2),
        description="Alerts of what happened longer ago are not sent on (ISO 8601)",
    )
    notify_tries: int = Field(6, ge=1, le=20, description="How often sending an alert on is tried")

    # The desk
    compression: Codec = Field(
        "zstd",
        description="How what is published is compressed, so that its consumers can read it; the ledger always is",
    )
    batch_max_records: int = Field(
        5_000, ge=1, le=100_000, description="Most records of a partition in one transaction"
    )
    batch_max_bytes: int = Field(
        8 << 20, ge=1 << 18, le=256 << 20, description="Most bytes of input in one transaction"
    )
    fetch_max_bytes: int = Field(
        1 << 20, ge=1 << 16, le=64 << 20, description="Most bytes of a partition that are fetched at a time"
    )
    backlog_max_bytes: int = Field(
        256 << 20,
        ge=1 << 20,
        le=64 << 30,
        description="Most bytes that fetched records take up before they are folded, all partitions together, about",
    )
    transaction_timeout: Duration = Field(
        timedelta(seconds=20), description="After this the broker aborts an open transaction (ISO 8601)"
    )
    session_timeout: Duration = Field(
        timedelta(seconds=30), description="A worker silent for this long loses its partitions (ISO 8601)"
    )
    rebalance_timeout: Duration = Field(
        timedelta(seconds=60), description="How long a worker may take to give its partitions up (ISO 8601)"
    )
    partitions_max: int = Field(64, ge=1, le=1_000, description="Most input partitions that one worker holds")

    @model_validator(mode="after")
    def _secrets_once(self) -> Self:
        for name in ("token", "sasl_password", "ssl_password", "notify_urls"):
            if getattr(self, name) is not None and getattr(self, f"{name}_file") is not None:
                raise ValueError(f"{PREFIX}{name.upper()} and {PREFIX}{name.upper()}_FILE are both set: keep one")
        if self.security_protocol.startswith("SASL") and self.sasl_username is None:
            raise ValueError(f"{PREFIX}SECURITY_PROTOCOL={self.security_protocol} needs {PREFIX}SASL_USERNAME")
        return self

    @model_validator(mode="after")
    def _ports_enough(self) -> Self:
        highest = 65_536 - self.processes
        if self.http_port > highest:
            raise ValueError(
                f"{PREFIX}HTTP_PORT={self.http_port} leaves no port for the last of {PREFIX}PROCESSES={self.processes}:"
                f" set it to {highest} or less"
            )
        return self

    @property
    def cors_origin_list(self) -> list[str]:
        """The sites of `cors_origins`, one each."""
        return [origin.strip() for origin in self.cors_origins.split(",") if origin.strip()]

    @property
    def horizon_us(self) -> int:
        """The horizon in microseconds."""
        return self.horizon // timedelta(microseconds=1)

    def topic(self, name: str) -> str:
        """Return the full name of a topic, `<prefix>.<name>`."""
        return f"{self.topic_prefix}.{name}"


def duration_text(us: int) -> str:
    """Return microseconds as an ISO 8601 duration in days and seconds: `P400D`, `P5DT3600S`."""
    days, rest_us = divmod(us, 86_400_000_000)
    seconds = f"{rest_us / 1_000_000:.6f}".rstrip("0").rstrip(".")
    return f"P{days}D" + (f"T{seconds}S" if rest_us else "")


def too_long_a_horizon(stored_us: int | None, horizon_us: int) -> str | None:
    """Say why state that was kept under one horizon cannot go on under a longer one; None where it can.

    What the shorter one settled has been forgotten (contract section 2 rule 4). Under the longer one it could be
    revised or withdrawn, and what it superseded is no longer there to fall back to.
    """
    if stored_us is None or horizon_us <= stored_us:
        return None
    before, now = duration_text(stored_us), duration_text(horizon_us)
    return (
        f"was kept with a horizon of {before}, and {PREFIX}HORIZON is {now} now, which is longer: what was settled is"
        f" forgotten, and must not become open to revision again. Set {PREFIX}HORIZON={before} (or less) to go on"
    )


def load(**flags: Any) -> Settings:
    """Return the settings of the environment, with those of `flags` that are not None in their place.

    Raises SettingsError, one line a fault: the variable, what is wrong with it, and what it holds
    (never for a secret).
    """
    try:
        settings = Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        raise SettingsError("\n".join(_faults(error))) from None
    token = read_secret(settings.token, settings.token_file, "token")
    return settings.model_copy(update={"token": None if token is None else SecretStr(token)})


def read_secret(value: SecretStr | None, path: Path | None, what: str) -> str | None:
    """Return a secret that stands in the environment or in a file; raises SettingsError where that cannot be read."""
    if value is not None:
        return value.get_secret_value()
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the {what} file {str(path)!r} cannot be read: {error}") from error


def _faults(error: ValidationError) -> list[str]:
    lines = []
    for fault in error.errors(include_url=False):
        reason = fault["msg"].removeprefix("Value error, ")
        if not fault["loc"]:
            lines.append(reason)
            continue
        name = str(fault["loc"][0])
        field = Settings.model_fields[name]
        secret = "SecretStr" in str(field.annotation)
        lines.append(f"{PREFIX}{name.upper()}: {reason}" + ("" if secret else f" (it is {str(fault['input'])!r})"))
    return lines
