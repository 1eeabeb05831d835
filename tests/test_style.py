"""House rules that no linter has: file lengths, registry addresses, plain pins, one module at the top level."""

from __future__ import annotations

import re
import subprocess
import tomllib
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.paths import ROOT

# Lines a file may have: a few screens. Split by subject, not by size.
LINES_AT_MOST = 400

# With a blank for the dot, for this file is looked through as well.
REGISTRY_HOSTS = (
    "pypi org",
    "pythonhosted org",
    "npmjs org",
    "npmjs com",
    "repo1 maven org",
    "maven apache org",
    "crates io",
    "golang org",
    "deb debian org",
)
REGISTRY = re.compile("|".join(re.escape(host.replace(" ", ".")) for host in REGISTRY_HOSTS))
#: Characters a test's name may have; its docstring has the sentence.
NAME_AT_MOST = 60
TEST_NAME = re.compile(r"^\s*(?:async )?def (test_\w+)", re.MULTILINE)
IMPORT_OF_TEST = re.compile(r"^\s*(?:from|import)\s+tests\.(?:\w+\.)*test_\w+", re.MULTILINE)
LOCK_FILES = {
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "Pipfile.lock",
    "package-lock.json",
    "yarn.lock",
    "pnpm-lock.yaml",
}


def tracked() -> list[Path]:
    """Every file of the repository that is there, but what .gitignore leaves out."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    found = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for name in found.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_python_file_is_longer_than_a_few_screens() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in tracked() if path.suffix == ".py"}
    assert {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > LINES_AT_MOST} == {}


def test_names_of_tests_are_short() -> None:
    names = chain.from_iterable(
        TEST_NAME.findall(path.read_text()) for path in tracked() if path.name.startswith("test_")
    )
    assert [name for name in names if len(name) > NAME_AT_MOST] == []


def test_no_module_imports_a_test_module() -> None:
    """Shared code lives in tests/support."""
    texts = {path: path.read_text() for path in tracked() if path.suffix == ".py"}
    found = {str(path.relative_to(ROOT)): IMPORT_OF_TEST.findall(text) for path, text in texts.items()}
    assert {path: imports for path, imports in found.items() if imports} == {}


def test_no_file_names_a_registry_or_locks_download_addresses() -> None:
    texts = {path: path.read_bytes().decode(errors="replace") for path in tracked()}
    naming = {
        str(path.relative_to(ROOT)): found.group() for path, text in texts.items() if (found := REGISTRY.search(text))
    }
    assert naming == {}
    assert [path.name for path in texts if path.name in LOCK_FILES] == []


def test_constraints_are_plain_pins() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert pins
    assert [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+_-]+", pin)] == []


def test_settings_is_the_only_loose_module() -> None:
    """Each other module of streams is in a room; see docs/explanation/architecture.md."""
    assert {path.name for path in (ROOT / "streams").glob("*.py")} == {"__init__.py", "__main__.py", "settings.py"}


def test_make_installs_every_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (named,) = re.findall(r"^EXTRAS := ([\w,]+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert sorted([*named.split(","), "dev"]) == sorted(project["optional-dependencies"])


def test_every_requirement_is_pinned() -> None:
    """Run `pip freeze` in a complete environment, and add the missing pins to constraints.txt."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = {canonicalize_name(line.partition("==")[0]) for line in lines}
    assert {canonicalize_name(Requirement(each).name) for each in listed} - pins == set()
