"""The Strimzi topics and users, made from the code: `python -m tests.deploy.strimzi` writes them again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from schemas.topics import TOPICS, durability
from streams.kafka.acl import ROLES, Acl, Role, rights
from streams.settings import Settings
from tests.support.paths import ROOT

FOLDER = ROOT / "deploy" / "overlays" / "strimzi"
#: The name that Strimzi gave the cluster; topics and users are found by it.
CLUSTER = {"strimzi.io/cluster": "kafka"}
PARTITIONS, REPLICAS = 6, 3
HEAD = "# Made from the code by `python -m tests.deploy.strimzi`: do not edit.\n"


def topics() -> list[dict[str, Any]]:
    """A KafkaTopic for each topic of the table; names of Kubernetes have no upper case, ours neither."""
    settings = Settings.model_construct()
    return [
        _resource(
            "KafkaTopic",
            settings.topic(name),
            {
                "partitions": PARTITIONS,
                "replicas": REPLICAS,
                "config": topic.configuration | durability(REPLICAS),
            },
        )
        for name, topic in TOPICS.items()
    ]


def users() -> list[dict[str, Any]]:
    """A KafkaUser for each role, with its rights and no more; the password is made by Strimzi, in a secret."""
    return [_user(role) for role in ROLES]


def _user(role: Role) -> dict[str, Any]:
    name = f"truceline-{role}"
    listed = rights(role, Settings.model_construct())
    if role == "consumer":
        listed.append(Acl("group", name, "READ", "its own group"))
    authorization = {"type": "simple", "acls": _acls(listed)}
    return _resource("KafkaUser", name, {"authentication": {"type": "scram-sha-512"}, "authorization": authorization})


def _acls(listed: Iterable[Acl]) -> list[dict[str, Any]]:
    operations: dict[tuple[str, str, bool], list[str]] = {}
    for right in listed:
        operation = "".join(part.capitalize() for part in right.operation.split("_"))
        operations.setdefault((right.resource, right.name, right.prefixed), []).append(operation)
    kinds = {"transactional_id": "transactionalId"}
    return [
        {
            "resource": {
                "type": kinds.get(resource, resource),
                "name": name,
                "patternType": "prefix" if prefixed else "literal",
            },
            "operations": names,
        }
        for (resource, name, prefixed), names in operations.items()
    ]


def _resource(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, "labels": {**CLUSTER, "app.kubernetes.io/name": "truceline"}}
    return {"apiVersion": "kafka.strimzi.io/v1", "kind": kind, "metadata": metadata, "spec": spec}


def written(resources: list[dict[str, Any]]) -> str:
    """The file, as yamllint likes it."""

    class Indented(yaml.SafeDumper):
        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            del indentless
            super().increase_indent(flow, False)

        def ignore_aliases(self, data: Any) -> bool:
            del data
            return True

    return HEAD + "---\n".join(yaml.dump(each, Dumper=Indented, sort_keys=False) for each in resources)


FILES = {"topics.yaml": topics, "users.yaml": users}

if __name__ == "__main__":
    for file, made in FILES.items():
        (FOLDER / file).write_text(written(made()), encoding="utf-8")
