"""Settings, by environment variable or flag (contract section 7); docs/settings.md is generated from here.

A setting `name` is read from `TRUCELINE_NAME`; a command's flag takes precedence.
"""

import difflib
import re
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import platformdirs
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.alerts import Severity

PREFIX = "TRUCELINE_"
#: Read by the command line and the tests, not by `Settings`.
_OTHER_VARIABLES = frozenset({"TRUCELINE_CHROMIUM", "TRUCELINE_COMPLETE"})

_BROKER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:,/\[\]]+):[0-9]{1,5}")
#: Variables that Kubernetes sets for a service named truceline.
_OF_KUBERNETES = re.compile(r"TRUCELINE_(SERVICE_|PORT$|PORT_\d)")
_DURATION = re.compile(r"P(?!$)([0-9.]+[YMWD])*(T([0-9.]+[HMS])+)?")
#: As HTTP headers carry it (RFC 6750): no space, no control character.
_TOKEN = re.compile(r"[!-~]+")
_TOPIC_PREFIX = r"^[a-zA-Z0-9._-]{1,200}$"


def _iso8601(value: object) -> object:
    # pydantic would also read a bare "400", as seconds: a horizon of under seven minutes.
    if isinstance(value, str) and not _DURATION.fullmatch(value):
        raise ValueError("is not an ISO 8601 duration such as P400D or PT30S")
    return value


def _not_negative(value: timedelta) -> timedelta:
    if value < timedelta(0):
        raise ValueError("is negative")
    return value


def _brokers(value: str) -> str:
    brokers = [broker.strip() for broker in value.split(",")]
    for broker in brokers:
        if not _BROKER.fullmatch(broker):
            raise ValueError("is not HOST:PORT" if broker == value else f"has {broker!r}, which is not HOST:PORT")
    return ",".join(brokers)


#: ISO 8601, `P400D` or `PT30S`; pydantic counts a year as 365 days and a month as 30.
Duration = Annotated[timedelta, BeforeValidator(_iso8601), AfterValidator(_not_negative)]
Brokers = Annotated[str, AfterValidator(_brokers)]
Codec = Literal["none", "gzip", "snappy", "lz4", "zstd"]
SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


class SettingsError(ValueError):
    """Invalid settings: each line of the message names a variable or flag, its value and the reason."""


class Settings(BaseSettings):
    """All settings. Secrets are never printed."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    # The log and the fold
    bootstrap_servers: Brokers = Field("127.0.0.1:9092", description="Kafka brokers, HOST:PORT, comma-separated")
    topic_prefix: str = Field(
        "truceline", pattern=_TOPIC_PREFIX, description="Topics are named PREFIX.reports and so on"
    )
    app_id: str = Field(
        "truceline", pattern=_TOPIC_PREFIX, description="Consumer group, and prefix of the transactional ids"
    )
    sources: Path | None = Field(
        None, description="Source registry, a YAML file; without one every source is a third party"
    )
    atlas: Path | None = Field(None, description="Atlas: names of parties, episodes and places, a YAML file")
    writers: Path | None = Field(None, description="Writers: tokens, roles and limits, a YAML file")
    horizon: Duration = Field(
        timedelta(days=3_660),
        description="Greatest age of a report before the newest one of its episode (ISO 8601)",
    )
    data_dir: Path = Field(
        default_factory=lambda: platformdirs.user_data_path("truceline", appauthor=False),
        description="Folder for the files of the local Kafka, the demo and Faust",
    )

    # HTTP
    http_host: str = Field("127.0.0.1", min_length=1, description="Address that the web server listens on")
    http_port: int = Field(8080, ge=0, le=65535, description="Port that the web server listens on; 0: any free port")
    processes: int = Field(
        1,
        ge=1,
        le=64,
        description="Worker processes that `truceline serve` runs on Kafka, on HTTP_PORT and the ports after it",
    )
    token: SecretStr | None = Field(None, description="Bearer token required by POST /reports")
    token_file: Path | None = Field(None, description="File with the token")
    post_rate: int = Field(
        20_000,
        ge=0,
        le=10_000_000,
        description="Limit of reports per second from one address, with a burst of ten seconds; 0: no limit",
    )

    cors_origins: str = Field(
        "", description="Sites whose pages may read tables and feeds, comma-separated; * for all; GET alone"
    )

    # Logging
    log_format: Literal["console", "json"] = Field("console", description="Format of log lines")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Lowest level that is logged")

    # Security of the Kafka client
    security_protocol: SecurityProtocol = Field("PLAINTEXT", description="Protocol of the connections to brokers")
    sasl_mechanism: SaslMechanism = Field("PLAIN", description="SASL mechanism")
    sasl_username: str | None = Field(None, description="SASL user")
    sasl_password: SecretStr | None = Field(None, description="SASL password")
    sasl_password_file: Path | None = Field(None, description="File with the SASL password")
    ssl_cafile: Path | None = Field(None, description="Trusted certificates (PEM); default: the system's")
    ssl_certfile: Path | None = Field(None, description="The client's certificate (PEM)")
    ssl_keyfile: Path | None = Field(None, description="Private key of the client's certificate (PEM)")
    ssl_password: SecretStr | None = Field(None, description="Password of the key")
    ssl_password_file: Path | None = Field(None, description="File with the password of the key")

    # Alerts
    alerts: Path | None = Field(None, description="Alert rules, a YAML file; without one there are no alerts")
    notify_urls: SecretStr | None = Field(
        None, description="Targets of notifications: Apprise URLs, separated by white space"
    )
    notify_urls_file: Path | None = Field(None, description="File with the Apprise URLs, one per line")
    notify_severity: Severity = Field("minor", description="Lowest severity of alerts that are sent as notifications")
    notify_max_age: Duration = Field(
        timedelta(days=2),
        description="Maximum age of the event behind a notification (ISO 8601)",
    )
    notify_tries: int = Field(6, ge=1, le=20, description="Attempts to send a notification")

    # Processing
    compression: Codec = Field(
        "zstd",
        description="Compression of published records, which consumers must support; the ledger is always compressed",
    )
    batch_max_records: int = Field(
        5_000, ge=1, le=100_000, description="Maximum records of a partition in one transaction"
    )
    batch_max_bytes: int = Field(
        8 << 20, ge=1 << 18, le=256 << 20, description="Maximum bytes of input in one transaction"
    )
    fetch_max_bytes: int = Field(
        1 << 20, ge=1 << 16, le=64 << 20, description="Maximum bytes of a partition in one fetch"
    )
    backlog_max_bytes: int = Field(
        256 << 20,
        ge=1 << 20,
        le=64 << 30,
        description="Approximate limit of fetched, unprocessed bytes of all partitions",
    )
    transaction_timeout: Duration = Field(
        timedelta(seconds=20), description="Time after which the broker aborts an open transaction (ISO 8601)"
    )
    session_timeout: Duration = Field(
        timedelta(seconds=30), description="A worker silent for this long loses its partitions (ISO 8601)"
    )
    rebalance_timeout: Duration = Field(
        timedelta(seconds=60), description="Time that a worker has to release its partitions (ISO 8601)"
    )
    partitions_max: int = Field(64, ge=1, le=1_000, description="Maximum input partitions of one worker")

    @model_validator(mode="after")
    def _secrets_once(self) -> Self:
        for name in ("token", "sasl_password", "ssl_password", "notify_urls"):
            if getattr(self, name) is not None and getattr(self, f"{name}_file") is not None:
                raise ValueError(f"{PREFIX}{name.upper()} and {PREFIX}{name.upper()}_FILE are both set: remove one")
        if self.security_protocol.startswith("SASL") and self.sasl_username is None:
            raise ValueError(f"{PREFIX}SECURITY_PROTOCOL={self.security_protocol} needs {PREFIX}SASL_USERNAME")
        return self

    @model_validator(mode="after")
    def _ports_enough(self) -> Self:
        highest = 65_536 - self.processes
        if self.http_port > highest:
            raise ValueError(
                f"{PREFIX}HTTP_PORT={self.http_port} leaves no port for all of {PREFIX}PROCESSES={self.processes}:"
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


def horizon_in_force(stored_us: int | None, horizon_us: int) -> int:
    """Return the horizon that a state is kept with: the shorter of the stored one and the configured one.

    Reports that a shorter horizon settled are pruned (contract section 2 rule 4). A longer one would allow their
    revision, and the claims that they superseded no longer exist; a rebuild from the log raises it.
    """
    return horizon_us if stored_us is None else min(stored_us, horizon_us)


def load(**flags: Any) -> Settings:
    """Return the settings of the environment, replaced by those of `flags` that are not None.

    Raises SettingsError, one line per fault: the variable or flag, its value (never that of a secret) and the reason.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise SettingsError("\n".join(_faults(error, given))) from None
    token = read_secret(settings.token, settings.token_file, "token")
    if token is None:
        return settings
    _check_token(token, _shown("token_file" if settings.token is None else "token", given))
    return settings.model_copy(update={"token": SecretStr(token)})


def unknown_variables(names: Iterable[str]) -> list[str]:
    """Return a warning for each TRUCELINE_ variable that is not a setting."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | _OTHER_VARIABLES
    warnings = []
    for name in sorted(names):
        if name.startswith(PREFIX) and name not in known and not _OF_KUBERNETES.match(name):
            near = difflib.get_close_matches(name, known, n=1)
            warnings.append(f"{name} is not a setting and is ignored" + (f"; did you mean {near[0]}?" if near else ""))
    return warnings


def read_secret(value: SecretStr | None, path: Path | None, what: str) -> str | None:
    """Return a secret from the environment or from a file; raises SettingsError where the file cannot be read."""
    if value is not None:
        return value.get_secret_value()
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the {what} file {str(path)!r} cannot be read: {error}") from error


def _check_token(token: str, name: str) -> None:
    """Refuse a token that no request can carry; an empty one would open the server to everybody."""
    if not token:
        raise SettingsError(f"{name}: the token is empty; remove the setting, or set a token")
    if not _TOKEN.fullmatch(token):
        raise SettingsError(
            f"{name}: the token has a space, a line break, a byte order mark or a character outside ASCII, which no"
            " request can send; use letters, digits and punctuation on one line"
        )


def _faults(error: ValidationError, flags: dict[str, Any]) -> list[str]:
    lines = []
    for fault in error.errors(include_url=False):
        reason = _reason(fault)
        if not fault["loc"]:
            lines.append(reason)
            continue
        name = str(fault["loc"][0])
        secret = "SecretStr" in str(Settings.model_fields[name].annotation)
        value = "the value" if secret else repr(str(fault["input"]))
        lines.append(f"{_shown(name, flags)}: {value} {reason}")
    return lines


def _shown(name: str, flags: dict[str, Any]) -> str:
    """Return a setting as it was given: as a flag or as a variable."""
    if name not in flags:
        return f"{PREFIX}{name.upper()}"
    return "--notify" if name == "notify_urls_file" else f"--{name.replace('_', '-')}"


def _reason(fault: Any) -> str:
    """Return a fault of pydantic in plain words."""
    words = _REASONS.get(fault["type"])
    if words is None:
        return str(fault["msg"]).removeprefix("Value error, ")
    return words.format(**fault.get("ctx", {}))


_REASONS = {
    "int_parsing": "is not a whole number",
    "int_type": "is not a whole number",
    "int_from_float": "is not a whole number",
    "string_type": "is not text",
    "string_too_short": "is empty",
    "string_pattern_mismatch": "may hold only letters, digits, dots, hyphens and underscores, at most 200",
    "greater_than_equal": "is less than {ge}",
    "less_than_equal": "is more than {le}",
    "literal_error": "is not {expected}",
    "time_delta_parsing": "is not an ISO 8601 duration such as P400D or PT30S",
    "time_delta_type": "is not an ISO 8601 duration such as P400D or PT30S",
}
