"""As much of `kustomize build` as deploy/ uses: resources, components, namespace, and patches by JSON Patch.

kustomize is a Go program that pip does not have. Its output is the reference: if it is on the PATH, the tests
compare this with it.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml

KNOWN = {"apiVersion", "kind", "namespace", "resources", "components", "patches"}
#: Kinds that have no namespace.
UNBOUND = {"Namespace"}


def build(folder: Path, also: tuple[Path, ...] = ()) -> list[dict[str, Any]]:
    """The resources of a folder with a kustomization; `also` are components more."""
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert set(kustomization) <= KNOWN, f"{folder}: this loader does not know {set(kustomization) - KNOWN}"
    found: list[dict[str, Any]] = []
    for name in kustomization.get("resources", ()):
        place = folder / name
        found += build(place.resolve()) if place.is_dir() else read(place)
    for component in (*(folder / name for name in kustomization.get("components", ())), *also):
        found = _component(component, found)
    for patch in kustomization.get("patches", ()):
        _patch(found, patch)
    if namespace := kustomization.get("namespace"):
        for resource in found:
            if resource["kind"] not in UNBOUND:
                resource["metadata"]["namespace"] = namespace
    return found


def read(path: Path) -> list[dict[str, Any]]:
    """The documents of a file."""
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def _component(folder: Path, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert (kustomization["kind"], set(kustomization) <= KNOWN) == ("Component", True)
    made = found + [each for name in kustomization.get("resources", ()) for each in read(folder / name)]
    for patch in kustomization.get("patches", ()):
        _patch(made, patch)
    return made


def _patch(found: list[dict[str, Any]], patch: dict[str, Any]) -> None:
    target = patch["target"]
    [resource] = [
        each for each in found if (each["kind"], each["metadata"]["name"]) == (target["kind"], target["name"])
    ]
    for step in yaml.safe_load(patch["patch"]):
        _apply(resource, step)


def _apply(document: Any, step: dict[str, Any]) -> None:
    """One step of RFC 6902; `add` at the end of a list, `replace` and `remove` only of what is there."""
    *path, last = [part.replace("~1", "/").replace("~0", "~") for part in step["path"].split("/")[1:]]
    for part in path:
        document = document[int(part)] if isinstance(document, list) else document[part]
    if step["op"] == "add" and isinstance(document, list):
        assert last == "-"
        document.append(copy.deepcopy(step["value"]))
    elif step["op"] == "remove":
        del document[last]
    else:
        assert step["op"] == "add" or last in document
        document[last] = copy.deepcopy(step["value"])
