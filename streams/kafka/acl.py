"""The rights that each role needs on brokers with access control lists, and which of them are missing.

docs/how-to/security.md and the Strimzi users are generated from the table below, and a test removes each right in turn.
READ and WRITE imply DESCRIBE (org.apache.kafka.common.acl.AclOperation).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    GroupCoordinatorNotAvailableError,
    KafkaError,
    NoError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    for_code,
)
from aiokafka.protocol.transaction import InitProducerIdRequest
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from schemas.topics import TOPICS
from streams.kafka.aiokafka_patches.admin import admin_request
from streams.kafka.protocol.authorized_operations import GroupRightsRequest, TopicRightsRequest
from streams.settings import Settings

__all__ = [
    "AUTHORIZATION",
    "ROLES",
    "Acl",
    "MissingAcl",
    "Role",
    "coordinator",
    "missing_acls",
    "missing_right",
    "principal",
    "rights",
]

Role = Literal["worker", "sender", "consumer", "operator"]
Resource = Literal["topic", "group", "transactional_id", "cluster"]

ROLES: dict[Role, str] = {
    "worker": "`truceline serve`, `faust -A streams.worker worker`; also `doctor` and `status`",
    "sender": "`truceline send` to Kafka, or whatever else puts reports on the log",
    "consumer": "a program of yours that reads one of the output topics; its group is its own",
    "operator": "`truceline topics`, `verify` and whatever else looks at, makes or deletes topics",
}

AUTHORIZATION = (
    TopicAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    ClusterAuthorizationFailedError,
)

OUTPUTS = tuple(name for name in TOPICS if name not in {"reports", "ledger"})
PUBLIC = tuple(name for name in OUTPUTS if name != "rejected")

#: Bits of Kafka's "authorized operations" (KIP-430) are the codes of org.apache.kafka.common.acl.AclOperation.
OPERATIONS = {
    "READ": 3, "WRITE": 4, "CREATE": 5, "DELETE": 6, "ALTER": 7, "DESCRIBE": 8,
    "DESCRIBE_CONFIGS": 10, "ALTER_CONFIGS": 11,
}  # fmt: skip
ALL = 2
NOT_TOLD = -(1 << 31)


class MissingAcl(KafkaError):  # type: ignore[misc] # aiokafka has no types
    """A right is missing; the message names each one and how to grant it."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, slots=True)
class Acl:
    """One operation on one resource; `prefixed`: on all whose names begin so."""

    resource: Resource
    name: str
    operation: str
    why: str
    prefixed: bool = False
    #: True if nothing works without it; False: `why` names the missing feature.
    needed: bool = True

    def __str__(self) -> str:
        """Return it as in WRITE topic truceline.ledger."""
        return f"{self.operation} {self.resource.replace('_', ' ')} {self.name}{'*' if self.prefixed else ''}"

    def granted_by(self, user: str) -> str:
        """Return the kafka-acls.sh command that grants it."""
        pattern = " --resource-pattern-type prefixed" if self.prefixed else ""
        on = "--cluster" if self.resource == "cluster" else f"--{self.resource.replace('_', '-')} '{self.name}'"
        operation = "".join(part.capitalize() for part in self.operation.split("_"))
        return f"kafka-acls.sh --add --allow-principal '{user}' --operation {operation} {on}{pattern}"


#: Why a worker reads the topics it writes.
_READ = {
    "casualties": "GET /events, alerts; detects a lost ledger",
    "ceasefires": "GET /events, alerts; detects a lost ledger",
    "statements": "GET /events; detects a lost ledger",
    "episodes": "shows the pictures",
    "rejected": "detects a lost ledger",
    "ledger": "restores the state of a partition",
    "alerts": "GET /events, sending; finds alerts that were sent before",
}


def rights(role: Role, settings: Settings) -> list[Acl]:
    """Return exactly the rights that a role needs, in the order of the table of topics."""
    return {"worker": _worker, "sender": _sender, "consumer": _consumer, "operator": _operator}[role](settings)


def _worker(settings: Settings) -> list[Acl]:
    found = [
        _topic(settings, "reports", "READ", "takes the reports in"),
        _topic(settings, "reports", "WRITE", "POST /reports, ticks, reports sent on to their partition"),
    ]
    for name in TOPICS:
        if name == "reports":
            continue
        if name in _READ:
            found.append(_topic(settings, name, "READ", _READ[name], needed=name in {"episodes", "ledger"}))
        found.append(_topic(settings, name, "WRITE", TOPICS[name].says, needed=name not in {"alerts", "undelivered"}))
    app = settings.app_id
    return [
        *found,
        *(
            _topic(settings, name, "DESCRIBE_CONFIGS", "without it a topic's settings are not checked", needed=False)
            for name in TOPICS
        ),
        Acl("group", app, "READ", "shares the partitions out, commits offsets"),
        Acl("group", f"{app}-agents", "READ", "Faust's own group, for alerts", needed=False),
        Acl(
            "transactional_id",
            f"{app}-{settings.topic('reports')}-",
            "WRITE",
            "one for each input partition",
            prefixed=True,
        ),
    ]


def _sender(settings: Settings) -> list[Acl]:
    return [_topic(settings, "reports", "WRITE", "puts reports on the log")]


def _consumer(settings: Settings) -> list[Acl]:
    return [_topic(settings, name, "READ", TOPICS[name].says) for name in PUBLIC]


def _operator(settings: Settings) -> list[Acl]:
    operations = {
        "READ": "`verify` reads everything",
        "CREATE": "`topics create` makes it",
        "DESCRIBE_CONFIGS": "`topics check` looks at its shape",
    }
    return [
        *(_topic(settings, name, operation, why) for name in TOPICS for operation, why in operations.items()),
        Acl("group", settings.app_id, "DESCRIBE", "the lag, and who holds which partition"),
    ]


def _topic(settings: Settings, name: str, operation: str, why: str, *, needed: bool = True) -> Acl:
    return Acl("topic", settings.topic(name), operation, why, needed=needed)


def principal(settings: Settings) -> str:
    """Return the principal of this client, as far as the settings show it."""
    if settings.security_protocol.startswith("SASL"):
        return f"User:{settings.sasl_username}"
    if settings.security_protocol == "SSL" and settings.ssl_certfile is not None:
        return f"the user of the certificate {settings.ssl_certfile}"
    return "User:ANONYMOUS"


def missing_right(lacks: Iterable[Acl], settings: Settings) -> str:
    """Return one line: the missing rights, the principal, and how to grant the first of them."""
    listed = list(lacks)
    user = principal(settings)
    others = f" (and {len(listed) - 3} more rights)" if len(listed) > 3 else ""
    return (
        f"not allowed to {', '.join(map(str, listed[:3]))}{others} as {user}: grant it with"
        f" {listed[0].granted_by(user)}, or see `truceline doctor`"
    )


async def missing_acls(client: AIOKafkaAdminClient, wanted: Sequence[Acl]) -> list[Acl]:
    """Return the wanted rights that are missing, without trying or changing anything.

    A right that the broker does not report (on a missing topic, before Kafka 2.3, not Apache Kafka) counts as granted.
    Raises KafkaError, or NotImplementedError if a broker is too old.
    """
    topics = await _on_topics(client, sorted({right.name for right in wanted if right.resource == "topic"}))
    groups = await _on_groups(client, sorted({right.name for right in wanted if right.resource == "group"}))
    found = []
    for right in wanted:
        given: set[str] | None
        if right.resource == "transactional_id":
            # An id that no worker uses: so no broker, Apache's or not, can fence a worker by it.
            given = await _transactions(client, f"{right.name}rights")
        else:
            given = {"topic": topics, "group": groups}.get(right.resource, {}).get(right.name)
        if given is not None and right.operation not in given:
            found.append(right)
    return found


async def _on_topics(client: AIOKafkaAdminClient, names: list[str]) -> dict[str, set[str] | None]:
    if not names:
        return {}
    answer = await admin_request(client, TopicRightsRequest(names))
    given: dict[str, set[str] | None] = {}
    for topic in answer.topics:
        error, name, bits = for_code(topic[0]), topic[1], topic[4]
        if error is TopicAuthorizationFailedError:
            given[name] = set()
        else:
            given[name] = _operations(bits) if error is NoError else None
    return given


async def _on_groups(client: AIOKafkaAdminClient, names: list[str]) -> dict[str, set[str] | None]:
    given: dict[str, set[str] | None] = {}
    for name in names:
        try:
            node = await coordinator(client, name)
        except GroupAuthorizationFailedError:
            given[name] = set()
            continue
        answer = await admin_request(client, GroupRightsRequest(name), node)
        for error, group, *_, bits in answer.groups:
            given[group] = set() if for_code(error) is GroupAuthorizationFailedError else _operations(bits)
    return given


@retry(
    retry=retry_if_exception_type(GroupCoordinatorNotAvailableError),
    stop=stop_after_delay(10),
    wait=wait_fixed(0.2),
    reraise=True,
)
async def coordinator(client: AIOKafkaAdminClient, group: str) -> int:
    """Return the coordinator node of a group; the first group of a cluster has one only after a moment."""
    node: int = await client.find_coordinator(group)
    return node


async def _transactions(client: AIOKafkaAdminClient, name: str) -> set[str]:
    """Ask for a producer id with an invalid timeout, which a broker refuses only after checking the right."""
    answer = await admin_request(client, InitProducerIdRequest(name, 0))
    return set() if for_code(answer.error_code) is TransactionalIdAuthorizationFailed else {"WRITE"}


def _operations(bits: int) -> set[str] | None:
    """Return the operations, or None if the broker does not report them."""
    if bits == NOT_TOLD:
        return None
    return {name for name, code in OPERATIONS.items() if bits >> code & 1 or bits >> ALL & 1}
