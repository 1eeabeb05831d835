"""Every command of the README and the pages runs, in the order in which it stands there, and prints what is shown."""

from __future__ import annotations

import asyncio
import json
import re
import tomllib
import uuid
from contextlib import ExitStack
from dataclasses import replace

import pytest
from packaging.requirements import Requirement

from streams.core.times import parse_time
from streams.kafka.routing import partition_of
from tests.docs.shell import Command, Installation, blocks, files
from tests.support.kafka_log import send, taken_in
from tests.support.mixed_log import Sent
from tests.support.paths import ROOT

DOCS = ROOT / "docs"
#: How many blocks of commands each page has; the others have none.
BLOCKS = {
    "README.md": 5,
    "alerts.md": 1,
    "consumers.md": 2,
    "deployment.md": 1,
    "importers.md": 2,
    "index.md": 4,
    "metrics.md": 1,
    "observing.md": 1,
    "operations.md": 5,
    "plots.md": 1,
    "rebuild.md": 1,
    "rejected.md": 1,
    "time-travel.md": 1,
}
#: Programs whose commands are not run, and why; what each names must be there all the same.
NOT_RUN = {
    "make": "it makes an environment out of the net, and `make test` is this",
    "pip": "it installs out of the net",
    "kubectl": "it asks a cluster",
}
#: Where readers go on: what they have done before they come to a page.
TOPICS = "truceline topics create --partitions 2"
WORKER = "truceline serve"
REPORTS = "cp streams/defaults/story.jsonl reports.jsonl"
SENT = "truceline send streams/defaults/story.jsonl"
BEFORE = {
    "alerts.md": [TOPICS],
    "consumers.md": [TOPICS, WORKER, SENT],
    "importers.md": [TOPICS],
    "metrics.md": [
        "truceline serve --embedded ledger",
        "truceline send --to http://127.0.0.1:8080 " + SENT.rsplit(maxsplit=1)[-1],
    ],
    "observing.md": [TOPICS],
    "operations.md": [TOPICS, WORKER, SENT],
    "rebuild.md": [TOPICS, WORKER, "truceline import armaz tests/data/armaz-claims/claims.jsonl --send"],
    "rejected.md": [TOPICS, WORKER],
    "time-travel.md": [REPORTS],
}


def refused() -> list[Sent]:
    """In two partitions: one that was sent on to the wrong one, one of another content, one from the future."""
    ms = parse_time("2022-09-13T09:42:53Z") // 1_000

    def line(number: int, best: int, day: int = 13, **more: object) -> Sent:
        claim = {"type": "casualties", "party": "north", "outcome": "killed", "population": "military"}
        about = {"report_id": f"r-{number}", "episode": "e-4", "source": "north-mod", "revision": 1} | more
        content = about | {"published_at": f"2022-09-{day}T08:00:00Z", "claims": [claim | {"count": {"best": best}}]}
        return Sent(partition_of(b"e-4", 2), b"e-4", json.dumps(content).encode(), ms)

    astray = replace(line(5, 7), partition=1 - partition_of(b"e-4", 2), headers=[("rerouted", b"elsewhere")])
    return [astray, line(16, 12), line(16, 14), line(17, 15, day=14)]


#: What a worker has refused before a reader comes to a page: two partitions, records with the times of their own.
LOGGED = {"rejected.md": refused()}
#: What names the prefix that is the default: the others have one of their own.
DEFAULTS = {"consumers.md"}
#: Programs whose commands are run.
RUN = {"cat", "curl", "echo", "export", "python", "sed", "sh", "truceline"}


def text(page: str) -> str:
    return (ROOT / page if page == "README.md" else DOCS / page).read_text(encoding="utf-8")


@pytest.mark.kafka
@pytest.mark.parametrize("page", BLOCKS)
def test_every_command_of_a_page_runs_and_prints_what_is_shown(installation: Installation, page: str) -> None:
    reader = installation("truceline" if page in DEFAULTS else f"t{uuid.uuid4().hex[:8]}")  # as long, for tables
    reader.keeps(files(text(page)))
    with ExitStack() as stack:
        stack.callback(reader.presses_ctrl_c)
        for typed in BEFORE.get(page, ()):
            reader.types(Command(typed, ""))
        if page in LOGGED:
            asyncio.run(send(reader.settings, LOGGED[page]))
        if WORKER in BEFORE.get(page, ()):
            asyncio.run(taken_in(reader.settings))
        there = reader.staying
        for block in blocks(text(page)):
            for command in block:
                if command.program in NOT_RUN:
                    assert not command.shown
                    assert_it_names_what_is_there(command)
                else:
                    reader.types(command)
            reader.presses_ctrl_c(keep=there)


def assert_it_names_what_is_there(command: Command) -> None:
    """A target of the Makefile, an extra of the package, a folder of kustomize."""
    match command.text.split():
        case ["make", target]:
            assert f"\n{target}: " in (ROOT / "Makefile").read_text()
        case ["pip", "install", quoted]:
            wanted = Requirement(quoted.strip("'"))
            project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
            assert wanted.name == project["name"]
            assert wanted.extras
            assert wanted.extras <= set(project["optional-dependencies"])
        case ["kubectl", "apply", "-k", folder]:
            assert (ROOT / folder / "kustomization.yaml").is_file()
        case _:
            pytest.fail(f"what does it name? {command.text}")


def test_no_command_of_any_page_is_passed_over() -> None:
    """Commands stand in blocks marked `console`, and all of those are read."""
    pages = ["README.md", *sorted(path.name for path in DOCS.glob("*.md"))]
    assert {page: count for page in pages if (count := text(page).count("```console\n"))} == BLOCKS
    for page in pages:
        assert len(blocks(text(page))) == BLOCKS.get(page, 0)
        assert sum(map(len, blocks(text(page)))) == len(re.findall(r"^\$ ", text(page), re.MULTILINE))
        scripts = re.findall(r"^ *```(?:sh|bash|shell|zsh)\n(.*?)```", text(page), re.DOTALL | re.MULTILINE)
        assert [script for script in scripts if script not in files(text(page)).values()] == []
    assert set(BEFORE) | set(LOGGED) <= set(BLOCKS)


def test_what_is_not_run_is_named_by_some_page() -> None:
    programs = {command.program for page in BLOCKS for block in blocks(text(page)) for command in block}
    assert set(NOT_RUN) < programs
    assert programs - set(NOT_RUN) == RUN
