"""Settings: where they come from, how they are refused, what a Kafka client is made of, how a log line looks."""

from __future__ import annotations

import json
import logging
import os
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Literal

import faust
import pytest
import structlog

from streams.kafka.client import client_options
from streams.observability import log_config
from streams.settings import PREFIX, Settings, SettingsError, duration_text, load, unknown_variables
from streams.worker.faust_options import faust_options


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)


def refused(**flags: object) -> list[str]:
    with pytest.raises(SettingsError) as error:
        load(**flags)
    return str(error.value).splitlines()


def test_a_flag_wins_over_environment_and_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().http_port == 8080
    monkeypatch.setenv("TRUCELINE_HTTP_PORT", "9000")
    monkeypatch.setenv("TRUCELINE_TOPIC_PREFIX", "")
    assert (load().http_port, load(http_port=None).http_port, load(http_port=1).http_port) == (9000, 9000, 1)
    assert load().topic("reports") == "truceline.reports"


@pytest.mark.parametrize(
    ("text", "span"), [("P400D", timedelta(days=400)), ("PT36H", timedelta(hours=36)), ("P2W", timedelta(days=14))]
)
def test_durations_are_iso_8601(text: str, span: timedelta) -> None:
    assert load(horizon=text).horizon == span


@pytest.mark.parametrize(
    ("us", "text"),
    [(0, "P0D"), (400 * 86_400_000_000, "P400D"), (86_400_000_001, "P1DT0.000001S"), (90_000_000, "P0DT90S")],
)
def test_a_duration_is_said_as_it_would_be_set(us: int, text: str) -> None:
    assert duration_text(us) == text
    assert load(horizon=text).horizon_us == us


def test_a_fault_names_the_variable_or_flag_and_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fault is one line; what came from a flag is named as a flag, and no secret is shown."""
    monkeypatch.setenv("TRUCELINE_HTTP_PORT", "99999")
    monkeypatch.setenv("TRUCELINE_LOG_LEVEL", "loud")
    assert refused(horizon="P-3D", processes="two", bootstrap_servers="nowhere", sasl_password=["hidden"]) == [
        "--bootstrap-servers: 'nowhere' is not HOST:PORT",
        "--horizon: 'P-3D' is not an ISO 8601 duration such as P400D or PT30S",
        "TRUCELINE_HTTP_PORT: '99999' is more than 65535",
        "--processes: 'two' is not a whole number",
        "TRUCELINE_LOG_LEVEL: 'loud' is not 'debug', 'info', 'warning' or 'error'",
        "--sasl-password: the value is not text",
    ]


def test_settings_that_exclude_each_other_are_refused() -> None:
    assert refused(security_protocol="SASL_SSL") == [
        "TRUCELINE_SECURITY_PROTOCOL=SASL_SSL needs TRUCELINE_SASL_USERNAME"
    ]
    assert refused(sasl_password="a", sasl_password_file="b") == [
        "TRUCELINE_SASL_PASSWORD and TRUCELINE_SASL_PASSWORD_FILE are both set: remove one"
    ]


def test_an_unknown_variable_is_named_with_the_nearest() -> None:
    """Variables that Kubernetes sets for a service named truceline are no settings either, and no warning."""
    assert unknown_variables(["TRUCELINE_SOURCE", "TRUCELINE_SOURCES", "TRUCELINE_PORT_80_TCP", "PATH"]) == [
        "TRUCELINE_SOURCE is not a setting and is ignored; did you mean TRUCELINE_SOURCES?"
    ]


@pytest.mark.parametrize("token", ["", "with space", "two\nlines", "\ufefftoken", "clé", " lead"])
def test_a_token_that_no_request_can_send_is_refused(token: str, tmp_path: Path) -> None:
    """An empty token file, as a secret that was never filled in leaves it, would otherwise open every address."""
    (tmp_path / "token").write_text(f"{token}\n", encoding="utf-8")
    (fault,) = refused(token_file=tmp_path / "token")
    assert fault.startswith("--token-file: the token ")


def test_every_setting_is_described_and_frozen() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
    assert Settings.model_config["frozen"]
    assert "hidden" not in repr(load(token="hidden", sasl_password="hidden"))


def test_a_kafka_client_gets_its_security_from_one_place(tmp_path: Path) -> None:
    plain = {"bootstrap_servers": "127.0.0.1:9092", "security_protocol": "PLAINTEXT", "request_timeout_ms": 10_000}
    assert client_options(load()) == plain
    password = tmp_path / "password"
    password.write_text("hidden\n")
    secured = load(
        security_protocol="SASL_SSL", sasl_mechanism="SCRAM-SHA-512", sasl_username="me", sasl_password_file=password
    )
    options = client_options(secured)
    assert isinstance(options.pop("ssl_context"), ssl.SSLContext)
    assert options == {
        "bootstrap_servers": "127.0.0.1:9092",
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "me",
        "sasl_plain_password": "hidden",
        "request_timeout_ms": 10_000,
    }
    found = faust_options(secured)
    credentials = found["broker_credentials"]
    assert found["broker"] == ["kafka://127.0.0.1:9092"]
    assert isinstance(credentials, faust.SASLCredentials)
    assert (credentials.username, credentials.password, credentials.protocol.value) == ("me", "hidden", "SASL_SSL")


def test_the_token_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hidden\n")
    token = load(token_file=tmp_path / "token").token
    assert token is not None
    assert token.get_secret_value() == "hidden"
    assert refused(token_file=tmp_path / "none")[0].startswith("the token file ")
    assert refused(token="a", token_file="b") == ["TRUCELINE_TOKEN and TRUCELINE_TOKEN_FILE are both set: remove one"]


def test_a_certificate_or_password_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="TRUCELINE_SSL_CAFILE: there is no file"):
        client_options(load(security_protocol="SSL", ssl_cafile=tmp_path / "none"))
    with pytest.raises(SettingsError, match=r"the password file .*none"):
        client_options(
            load(security_protocol="SASL_PLAINTEXT", sasl_username="me", sasl_password_file=tmp_path / "none")
        )


def test_a_log_line_is_one_object_with_fields(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        log_config.configure("json")
        structlog.get_logger("mine").warning("something", episode="war")
        logging.getLogger("theirs").warning("of %s", "another")
    finally:
        root.handlers[:], root.level = before, level
        structlog.reset_defaults()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line["level"], line["logger"], line.get("episode")) for line in lines] == [
        ("something", "warning", "mine", "war"),
        ("of another", "warning", "theirs", None),
    ]


WORDS = "what an exception says"


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_traceback_shows_where_and_no_local_variable(
    capsys: pytest.CaptureFixture[str], style: Literal["json", "console"]
) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        log_config.configure(style)
        for logger in (structlog.get_logger("mine"), logging.getLogger("theirs")):
            try:
                _fail("hidden " + "word")
            except KeyError as error:
                logger.exception("loud")
                logger.warning("hushed", exc_info=log_config.redacted_exc_info(error))
    finally:
        root.handlers[:], root.level = before, level
        structlog.reset_defaults()
    said = capsys.readouterr().err
    assert "hidden word" not in said
    assert said.count("in _fail" if style == "console" else '"name": "_fail"') == 4
    assert said.count(WORDS) == 2


def _fail(secret: str) -> None:
    raise KeyError(WORDS if secret else "")


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (b'{"episode": "war", "report_id": "a b", "headline": "x"}', {"episode": "war", "report_id": "a b"}),
        (b'{"episode": "No Slug", "report_id": "a\\n"}', {}),
        (b'{"episode": 1, "report_id": null}', {}),
        (b"[]", {}),
        (b"{", {}),
        (None, {}),
    ],
)
def test_a_record_is_named_where_it_names_itself(value: bytes | None, names: dict[str, str]) -> None:
    assert log_config.record_ids(value) == names
