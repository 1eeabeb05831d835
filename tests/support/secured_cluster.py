"""A Kafka with doors of every kind, users and access control lists: made for a test, with its certificates.

PLAINTEXT is for the test itself, which is a super user there; a client that connects by another door may do nothing
until it is granted.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import trustme
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from streams.kafka.acl import Acl, coordinator
from streams.kafka.local.cluster import LocalKafka, temporary
from streams.settings import Settings, load

PASSWORDS = {
    "worker": "word of the worker",
    "sender": "word-of-the-sender",
    "least": "word-of-the-least",
    "nobody": "word-of-nobody",
}
#: The user name of a client with the certificate, by the broker's own rule below.
CERTIFIED = "certified"
DOORS = ("SASL_SSL", "SASL_PLAINTEXT", "SSL", "MUTUAL")

TOPIC, GROUP, CLUSTER, TRANSACTIONAL_ID = 2, 3, 4, 5
RESOURCES = {"topic": TOPIC, "group": GROUP, "cluster": CLUSTER, "transactional_id": TRANSACTIONAL_ID}
ANY, LITERAL, PREFIXED = 1, 3, 4
OPERATIONS = {
    "READ": 3, "WRITE": 4, "CREATE": 5, "DELETE": 6, "ALTER": 7, "DESCRIBE": 8,
    "DESCRIBE_CONFIGS": 10, "ALTER_CONFIGS": 11,
}  # fmt: skip
ALLOW = 3

LOGGING = """\
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %c: %m%n
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
logger.authorizer.name = kafka.authorizer.logger
logger.authorizer.level = debug
"""


class Granting(CreateAclsRequest):  # type: ignore[misc]
    """Many at once: aiokafka's own request grants one, and each takes a tenth of a second."""

    def __init__(self, principal: str, granted: list[Acl]) -> None:
        self._granted = [
            (
                RESOURCES[right.resource],
                right.name,
                PREFIXED if right.prefixed else LITERAL,
                principal,
                "*",
                OPERATIONS[right.operation],
                ALLOW,
            )
            for right in granted
        ]

    def build(self, struct: Any) -> Any:
        return struct(self._granted)


@dataclass(frozen=True, slots=True)
class Secured:
    """The addresses of its doors, and the files that a client needs."""

    kafka: LocalKafka
    doors: dict[str, str]
    folder: Path

    @property
    def ca(self) -> Path:
        """The certificate that signed the broker's."""
        return self.folder / "ca.pem"

    def settings(self, door: str, *, mechanism: str = "SCRAM-SHA-512", user: str = "worker", **more: Any) -> Settings:
        """Return the settings of a client that connects by a door."""
        password = self.folder / f"{user}.password"
        password.write_text(PASSWORDS.get(user, "") + "\n")
        given: dict[str, Any] = {"bootstrap_servers": self.doors[door], "http_port": 0}
        if door.startswith("SASL"):
            given |= {"sasl_mechanism": mechanism, "sasl_username": user, "sasl_password_file": password}
        if door != "SASL_PLAINTEXT":
            given["ssl_cafile"] = self.ca
        if door == "MUTUAL":
            given |= {"ssl_certfile": self.folder / "client.pem", "ssl_keyfile": self.folder / "client.key"}
        given["security_protocol"] = "SSL" if door == "MUTUAL" else door
        return load(**(given | more))

    def grant(self, principal: str, rights: Iterable[Acl]) -> None:
        """Allow this and no less; returns when the broker knows."""
        self._run(self._grant(principal, list(rights)))

    def revoke(self, principal: str) -> None:
        """Take everything back."""
        self._run(self._revoke(principal))

    def used(self, principal: str) -> set[tuple[str, str, str]]:
        """Return the rights that the broker was asked for and granted: operation, resource, name."""
        log = self.kafka.nodes[0].log.read_text(errors="replace")
        said = re.findall(
            rf"Principal = {re.escape(principal)} is (?:Allowed|Denied) operation = (\w+)"
            r" from host = \S+ on resource = (\w+):LITERAL:(\S+)",
            log,
        )
        return {(operation, resource, name) for operation, resource, name in said}

    def find_coordinator(self) -> None:
        """The first group of a cluster has one a moment after it was asked for."""
        self._run(self._find_coordinator())

    def _run(self, work: Any) -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, work).result()

    async def _find_coordinator(self) -> None:
        async with self._admin() as admin:
            await coordinator(admin, "first")

    async def _grant(self, principal: str, rights: list[Acl]) -> None:
        async with self._admin() as admin:
            answer = await admin._send_to_controller(Granting(principal, rights))
            assert {error for error, _ in answer.creation_responses} == {0}

    async def _revoke(self, principal: str) -> None:
        async with self._admin() as admin:
            answer = await admin._send_to_controller(DeleteAclsRequest(ANY, None, ANY, principal, None, ANY, ANY))
            assert [response[0] for response in answer.filter_responses] == [0]

    @contextlib.asynccontextmanager
    async def _admin(self) -> Any:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka.bootstrap_servers)
        await admin.start()
        try:
            yield admin
        finally:
            await admin.close()


@contextlib.contextmanager
def secured(folder: Path) -> Iterator[Secured]:
    """A running broker with all doors; gone at the end."""
    _certificates(folder)
    doors = {door: f"127.0.0.1:{port}" for door, port in zip(DOORS, _free_ports(len(DOORS)), strict=True)}

    def prepare(kafka: LocalKafka) -> None:
        [node] = kafka.nodes
        with (node.folder / "server.properties").open("a") as configuration:
            configuration.writelines(f"{name}={value}\n" for name, value in _properties(kafka, doors, folder).items())

    logging = folder / "log4j2.properties"
    logging.write_text(LOGGING)
    # The authorizer's own account of what is asked of it.
    options = {"JDK_JAVA_OPTIONS": f"-Dlog4j2.configurationFile={logging}"}
    with mock.patch.dict(os.environ, options), temporary(scram=PASSWORDS, prepare=prepare) as kafka:
        made = Secured(kafka, doors, folder)
        made.find_coordinator()
        yield made


def _properties(kafka: LocalKafka, doors: dict[str, str], folder: Path) -> dict[str, str]:
    address = kafka.nodes[0].address
    inner = {"PLAINTEXT": address.client, "CONTROLLER": address.controller}
    listeners = ",".join(f"{name}://{place}" for name, place in (inner | doors).items())
    protocols = {name: name for name in doors} | {"MUTUAL": "SSL"} | dict.fromkeys(inner, "PLAINTEXT")
    plain = " ".join(f'user_{user}="{word}"' for user, word in PASSWORDS.items())
    properties = {
        "listeners": listeners,
        "advertised.listeners": listeners,
        "listener.security.protocol.map": ",".join(f"{name}:{protocol}" for name, protocol in protocols.items()),
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(folder / "broker.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(folder / "ca.pem"),
        "listener.name.mutual.ssl.client.auth": "required",
        "listener.name.mutual.ssl.principal.mapping.rules": f"RULE:^.*O=trustme.*$/{CERTIFIED}/",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
        "listener.name.ssl.ssl.principal.mapping.rules": "DEFAULT",
    }
    for door in ("sasl_ssl", "sasl_plaintext"):
        begin = f"listener.name.{door}"
        module = "org.apache.kafka.common.security"
        properties[f"{begin}.plain.sasl.jaas.config"] = f"{module}.plain.PlainLoginModule required {plain};"
        for sha in ("256", "512"):
            properties[f"{begin}.scram-sha-{sha}.sasl.jaas.config"] = f"{module}.scram.ScramLoginModule required;"
    return properties


def _certificates(folder: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    broker = authority.issue_cert("127.0.0.1", "localhost")
    # Java reads PKCS #8 alone.
    key = load_pem_private_key(broker.private_key_pem.bytes(), None)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "broker.pem").write_bytes(pem + broker.cert_chain_pems[0].bytes())
    client = authority.issue_cert("worker.truceline.test", common_name="worker")
    client.private_key_pem.write_to_path(folder / "client.key")
    client.cert_chain_pems[0].write_to_path(folder / "client.pem")
    trustme.CA().cert_pem.write_to_path(folder / "stranger.pem")


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        taken = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [server.getsockname()[1] for server in taken]
