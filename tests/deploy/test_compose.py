"""docker-compose.yml, compared with the table of topics, the settings and the command line.

No Docker engine is needed: the file is read, and its broker's settings are tried on a real Kafka.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from schemas.topics import TOPICS
from streams.cli import app
from streams.kafka.local.cluster import LocalKafka, answers, temporary
from streams.kafka.local.distribution import KAFKA_VERSION
from streams.settings import PREFIX, Settings, load
from tests.support.paths import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()


def environment(service: str) -> dict[str, str]:
    """As the container gets it, with nothing set outside: `${NAME:-default}` is its default."""
    return {
        name: re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", str(value))
        for name, value in SERVICES[service]["environment"].items()
    }


def listeners(setting: str) -> dict[str, tuple[str, int]]:
    found = re.findall(r"(\w+)://([^:,]*):(\d+)", environment("kafka")[setting])
    return {name: (host, int(port)) for name, host, port in found}


def image_default(name: str) -> str:
    found = re.search(rf"\b{name}=(\S+)", DOCKERFILE)
    assert found, f"{name} is not set in the Dockerfile"
    return found.group(1)


def test_services_are_kafka_topics_worker_and_optional_ui() -> None:
    """The services are kafka, topics and worker; the profile ui adds a web page for Kafka."""
    assert {name: service.get("profiles") for name, service in SERVICES.items()} == {
        "kafka": None,
        "topics": None,
        "worker": None,
        "ui": ["ui"],
    }
    assert {name: service["image"] for name, service in SERVICES.items()} == {
        "kafka": f"apache/kafka:{KAFKA_VERSION}",
        "topics": "truceline",
        "worker": "truceline",
        "ui": "kafbat/kafka-ui:v1.4.2",
    }


def test_each_waits_for_what_it_needs() -> None:
    assert {name: service.get("depends_on") for name, service in SERVICES.items()} == {
        "kafka": None,
        "topics": {"kafka": {"condition": "service_healthy"}},
        "worker": {"topics": {"condition": "service_completed_successfully"}},
        "ui": {"kafka": {"condition": "service_healthy"}},
    }
    assert SERVICES["kafka"]["healthcheck"]["test"][-1] == "kafka:19092"


def test_ports_are_published_on_the_loopback_alone_each_once() -> None:
    published = [port.split(":") for service in SERVICES.values() for port in service.get("ports", ())]
    assert sorted(published) == [
        ["127.0.0.1", "8080", "8080"],
        ["127.0.0.1", "8081", "8080"],
        ["127.0.0.1", "9092", "9092"],
    ]


def test_kafka_listens_for_services_and_for_the_host() -> None:
    """Kafka has one listener for the services and one for this machine."""
    listening = listeners("KAFKA_LISTENERS")
    assert listening == {"INTERNAL": ("", 19092), "EXTERNAL": ("", 9092), "CONTROLLER": ("", 29093)}
    assert listeners("KAFKA_ADVERTISED_LISTENERS") == {"INTERNAL": ("kafka", 19092), "EXTERNAL": ("127.0.0.1", 9092)}
    protocols = dict(
        pair.split(":") for pair in environment("kafka")["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")
    )
    assert protocols == dict.fromkeys(listening, "PLAINTEXT")
    assert environment("kafka")["KAFKA_CONTROLLER_QUORUM_VOTERS"] == "1@kafka:29093"
    assert SERVICES["kafka"]["hostname"] == "kafka"


def test_services_speak_to_the_listener_that_is_theirs() -> None:
    assert environment("topics")["TRUCELINE_BOOTSTRAP_SERVERS"] == "kafka:19092"
    assert environment("worker")["TRUCELINE_BOOTSTRAP_SERVERS"] == "kafka:19092"
    assert environment("ui")["KAFKA_CLUSTERS_0_BOOTSTRAPSERVERS"] == "kafka:19092"


def test_topics_and_worker_share_a_prefix() -> None:
    assert (
        environment("topics")["TRUCELINE_TOPIC_PREFIX"]
        == environment("worker")["TRUCELINE_TOPIC_PREFIX"]
        == "truceline"
    )


@pytest.mark.parametrize("service", ["topics", "worker"])
def test_every_variable_is_a_setting_and_its_value_is_taken(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = environment(service)
    assert [name for name in given if name.removeprefix(PREFIX).lower() not in Settings.model_fields] == []
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = load()
    taken = {name: getattr(settings, name.removeprefix(PREFIX).lower()) for name, value in given.items() if value}
    assert {name: str(value) for name, value in taken.items()} == {
        name: value for name, value in given.items() if value
    }


def test_the_workers_page_is_reached_from_outside_its_container() -> None:
    worker = environment("worker")
    assert (worker["TRUCELINE_HTTP_HOST"], worker["TRUCELINE_HTTP_PORT"]) == ("0.0.0.0", "8080")
    assert "EXPOSE 8080" in DOCKERFILE
    assert "http://127.0.0.1:8080/readyz" in DOCKERFILE


def test_what_must_last_lies_in_volumes() -> None:
    assert SERVICES["kafka"]["volumes"] == [f"kafka:{environment('kafka')['KAFKA_LOG_DIRS']}"]
    assert SERVICES["worker"]["volumes"] == [f"worker:{image_default('TRUCELINE_DATA_DIR')}"]
    assert sorted(COMPOSE["volumes"]) == ["kafka", "worker"]


@pytest.mark.parametrize("service", ["topics", "worker"])
def test_the_commands_are_commands(service: str) -> None:
    run = CliRunner().invoke(app, [*SERVICES[service]["command"], "--help"])
    assert run.exit_code == 0, run.output


def test_image_runs_unprivileged_on_pinned_versions() -> None:
    """The image runs as an unprivileged user, on pinned versions."""
    stages = DOCKERFILE.split("FROM ")[1:]
    assert len(stages) == 2
    assert "--constraint constraints.txt" in stages[0]
    assert re.search(r"^USER [1-9]\d*$", stages[1], re.MULTILINE)
    assert "COPY --from=build" in stages[1]
    assert 'ENTRYPOINT ["truceline"]' in stages[1]


def test_the_image_is_given_every_file_it_copies() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    assert {name for names in copied for name in names.split()} == allowed
    assert [name for name in allowed if not (ROOT / name).exists()] == []


#: Variables that only the image reads, those that name its folders, and the quorum, which differs here.
THE_IMAGES_OWN = {"CLUSTER_ID", "KAFKA_HEAP_OPTS", "KAFKA_LOG_DIRS", "KAFKA_CONTROLLER_QUORUM_VOTERS"}


@pytest.fixture
def composed() -> Iterator[tuple[str, str]]:
    """A Kafka with the compose file's settings but for hosts and ports: where INTERNAL and EXTERNAL listen."""
    internal = free_port()

    def as_composed(kafka: LocalKafka) -> None:
        [node] = kafka.nodes
        ports = {"INTERNAL": internal, "EXTERNAL": node.address.port, "CONTROLLER": node.address.controller_port}
        settings = {
            name.removeprefix("KAFKA_").lower().replace("_", "."): value
            for name, value in environment("kafka").items()
            if name not in THE_IMAGES_OWN
        }
        for setting in ("listeners", "advertised.listeners"):
            settings[setting] = re.sub(
                r"(\w+)://[^:]*:\d+", lambda found: f"{found[1]}://127.0.0.1:{ports[found[1]]}", settings[setting]
            )
        # Of two equal names the last counts.
        with (node.folder / "server.properties").open("a") as configuration:
            configuration.writelines(f"{name}={value}\n" for name, value in settings.items())

    with temporary(prepare=as_composed) as kafka:
        yield f"127.0.0.1:{internal}", kafka.bootstrap_servers


@pytest.mark.kafka
def test_kafka_accepts_the_settings_and_creates_topics(
    composed: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real Kafka accepts the settings of the file, and the topics service creates each topic of the table."""
    internal, external = composed
    assert (answers(internal), answers(external)) == (True, True)
    for name, value in environment("topics").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TRUCELINE_BOOTSTRAP_SERVERS", internal)
    run = CliRunner().invoke(app, SERVICES["topics"]["command"])
    assert (run.exit_code, run.output.count("created truceline.")) == (0, len(TOPICS)), run.output
    monkeypatch.setenv("TRUCELINE_BOOTSTRAP_SERVERS", external)
    run = CliRunner().invoke(app, ["topics", "check"])
    assert (run.exit_code, run.output) == (0, f"all topics of truceline are correct on {external}\n")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port
