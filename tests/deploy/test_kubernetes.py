"""deploy/ as Kubernetes gets it: valid, as least privileged as it says, and with the names that the code has."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml
from yamllint import linter
from yamllint.config import YamlLintConfig

from schemas.topics import TOPICS
from streams.settings import PREFIX, Settings, load
from tests.deploy.kustomize import build
from tests.deploy.strimzi import FILES, FOLDER, written
from tests.support.paths import ROOT

DEPLOY = ROOT / "deploy"
OVERLAYS = ("dev", "strimzi")
KEDA = DEPLOY / "components" / "keda"
CRDS = [json.loads(path.read_text()) for path in sorted((Path(__file__).parent / "crds").glob("*.json"))]
KUBERNETES = "1.34"
#: The folders that the worker writes; the rest of its file system is read-only.
WRITTEN = {"/var/lib/truceline", "/tmp"}


def resources(overlay: str, *, keda: bool = False) -> dict[tuple[str, str], dict[str, Any]]:
    found = build(DEPLOY / "overlays" / overlay, (KEDA,) if keda else ())
    return {(each["kind"], each["metadata"]["name"]): each for each in found}


def strict(schema: Any) -> Any:
    """As an API server with strict field validation: what a schema does not name is an error."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: strict(value) for name, value in schema.items()}
    free = "additionalProperties" in schema or schema.get("x-kubernetes-preserve-unknown-fields")
    if schema.get("type") == "object" and isinstance(schema.get("properties"), dict) and not free:
        made["additionalProperties"] = False
    return made


def valid(resource: dict[str, Any]) -> None:
    group, _, version = resource["apiVersion"].rpartition("/")
    for crd in CRDS:
        if (crd["group"], crd["version"], crd["kind"]) == (group, version, resource["kind"]):
            schema = strict(crd["schema"])
            schema["properties"]["metadata"] = {"type": "object"}
            jsonschema.validate(resource, schema, jsonschema.Draft202012Validator)
            return
    kubernetes_validate.validate(resource, KUBERNETES, strict=True)


@pytest.mark.parametrize(("overlay", "keda"), [("dev", False), ("strimzi", False), ("strimzi", True)])
def test_every_resource_is_valid(overlay: str, keda: bool) -> None:
    for resource in resources(overlay, keda=keda).values():
        valid(resource)


def test_what_is_wrong_is_not_valid() -> None:
    found = resources("strimzi", keda=True)
    worker = found["Deployment", "truceline"]
    worker["spec"]["template"]["spec"]["containers"][0]["readinessProb"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        valid(worker)
    user = found["KafkaUser", "truceline-worker"]
    user["spec"]["authorization"]["acls"][0]["operations"] = ["read"]
    scaled = found["ScaledObject", "truceline"]
    scaled["spec"]["maxReplicas"] = 3
    for wrong in (user, scaled):
        with pytest.raises(jsonschema.ValidationError):
            valid(wrong)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kustomize_says_the_same(overlay: str) -> None:
    """Runs if kustomize is installed: a Go program that pip does not have. The loader was compared with version 5.7."""
    kustomize = shutil.which("kustomize")
    if kustomize is None:
        assert resources(overlay), "the loader alone"
        return
    run = subprocess.run(
        [kustomize, "build", str(DEPLOY / "overlays" / overlay)], capture_output=True, check=True, text=True
    )
    theirs = {(each["kind"], each["metadata"]["name"]): each for each in yaml.safe_load_all(run.stdout)}
    assert resources(overlay) == theirs


def test_yamllint_has_nothing_to_say() -> None:
    configuration = YamlLintConfig(file=str(ROOT / ".yamllint"))
    files = [ROOT / "docker-compose.yml", *sorted(DEPLOY.rglob("*.yaml"))]
    assert len(files) > 10
    problems = [
        f"{path.relative_to(ROOT)}:{problem.line} {problem.message}"
        for path in files
        for problem in linter.run(path.read_text(), configuration, str(path))
    ]
    assert problems == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_containers_have_no_privileges_and_few_writes(overlay: str) -> None:
    """Our containers run without privileges and write to emptyDir volumes only."""
    found = resources(overlay)
    pods = [each["spec"]["template"]["spec"] for (kind, _), each in found.items() if kind in {"Deployment", "Job"}]
    assert pods
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        [container] = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        writable = {
            mount["mountPath"]: "emptyDir" in volumes[mount["name"]]
            for mount in container["volumeMounts"]
            if not mount.get("readOnly")
        }
        assert writable == dict.fromkeys(WRITTEN, True)


def test_the_user_and_the_folders_are_those_of_the_image() -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    pod = resources("strimzi")["Deployment", "truceline"]["spec"]["template"]["spec"]
    assert f"USER {pod['securityContext']['runAsUser']}\n" in dockerfile
    assert "TRUCELINE_DATA_DIR=/var/lib/truceline" in dockerfile


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_variables_are_settings_with_mounted_files(overlay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each variable is a setting with a valid value, and each file it names is mounted."""
    found = resources(overlay)
    given: dict[str, str] = found["ConfigMap", "truceline-settings"]["data"]
    assert [name for name in given if name.removeprefix(PREFIX).lower() not in Settings.model_fields] == []
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = load()
    [container] = found["Deployment", "truceline"]["spec"]["template"]["spec"]["containers"]
    mounts = [mount["mountPath"] for mount in container["volumeMounts"]]
    for path in (settings.sasl_password_file, settings.ssl_cafile):
        assert path is None or any(str(path).startswith(f"{mount}/") for mount in mounts)
    secrets = [name for name in given if "PASSWORD" in name or "TOKEN" in name]
    assert [name for name in secrets if not name.endswith("_FILE")] == []


def test_strimzi_makes_the_secrets_that_the_worker_mounts() -> None:
    found = resources("strimzi")
    pod = found["Deployment", "truceline"]["spec"]["template"]["spec"]
    mounted = {volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume}
    user = found["ConfigMap", "truceline-settings"]["data"]["TRUCELINE_SASL_USERNAME"]
    cluster = found["KafkaUser", user]["metadata"]["labels"]["strimzi.io/cluster"]
    assert mounted == {user, f"{cluster}-cluster-ca-cert"}
    assert found["KafkaUser", user]["spec"]["authentication"]["type"] == "scram-sha-512"


def test_strimzis_topics_and_users_are_those_of_the_code() -> None:
    """`python -m tests.deploy.strimzi` writes them again."""
    for file, made in FILES.items():
        assert (FOLDER / file).read_text() == written(made())
    named = {name for kind, name in resources("strimzi") if kind == "KafkaTopic"}
    assert named == {f"truceline.{name}" for name in TOPICS}


def test_a_rolling_update_starts_a_worker_before_it_stops_one() -> None:
    found = resources("strimzi")
    worker = found["Deployment", "truceline"]
    assert worker["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert found["PodDisruptionBudget", "truceline"]["spec"]["maxUnavailable"] == 1
    pod = worker["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > 2 * load().transaction_timeout.total_seconds()
    probes = {name: probe["httpGet"] for name, probe in pod["containers"][0].items() if name.endswith("Probe")}
    assert probes == {
        "startupProbe": {"path": "/healthz", "port": "http"},
        "livenessProbe": {"path": "/healthz", "port": "http"},
        "readinessProbe": {"path": "/readyz", "port": "http"},
    }


def test_selectors_and_the_scrape_port_find_the_workers() -> None:
    found = resources("dev")
    template = found["Deployment", "truceline"]["spec"]["template"]
    labels = template["metadata"]["labels"]
    for selector in (
        found["Deployment", "truceline"]["spec"]["selector"]["matchLabels"],
        found["PodDisruptionBudget", "truceline"]["spec"]["selector"]["matchLabels"],
        found["Service", "truceline"]["spec"]["selector"],
    ):
        assert selector == labels
    [port] = template["spec"]["containers"][0]["ports"]
    assert str(port["containerPort"]) == template["metadata"]["annotations"]["prometheus.io/port"]
    assert port["name"] == found["Service", "truceline"]["spec"]["ports"][0]["targetPort"]


def test_keda_alone_scales_workers_up_to_partitions() -> None:
    """KEDA alone sets the number of workers, and at most one for each partition."""
    found = resources("strimzi", keda=True)
    assert "replicas" not in found["Deployment", "truceline"]["spec"]
    scaled = found["ScaledObject", "truceline"]["spec"]
    assert scaled["scaleTargetRef"]["name"] == "truceline"
    assert 1 <= scaled["minReplicaCount"] <= scaled["maxReplicaCount"]
    assert scaled["maxReplicaCount"] == found["KafkaTopic", "truceline.reports"]["spec"]["partitions"]


def test_the_dev_broker_is_of_the_version_that_is_tested() -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    [image] = set(re.findall(r"image: (apache/kafka:\S+)", compose))
    assert resources("dev")["StatefulSet", "kafka"]["spec"]["template"]["spec"]["containers"][0]["image"] == image
