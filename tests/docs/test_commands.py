"""Every command of the README and the pages runs, in its order, and prints the output that the page shows."""

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
from tests.support.kafka_log import send, until_processed
from tests.support.mixed_log import Sent
from tests.support.paths import ROOT

DOCS = ROOT / "docs"
#: Programs whose commands are not run, and why; what each names must be there all the same.
NOT_RUN = {
    "make": "it makes an environment out of the net, and `make test` is this",
    "pip": "it installs out of the net",
    "kubectl": "it asks a cluster",
}
#: The commands that a reader has run before coming to a page.
TOPICS = "truceline topics create --partitions 2"
WORKER = "truceline serve"
REPORTS = "cp streams/defaults/story.jsonl reports.jsonl"
SENT = "truceline send streams/defaults/story.jsonl"
BEFORE = {
    "how-to/alerts.md": [TOPICS],
    "how-to/consumers.md": [TOPICS, WORKER, SENT],
    "how-to/importers.md": [TOPICS],
    "reference/metrics.md": [
        "truceline serve --embedded ledger",
        "truceline send --to http://127.0.0.1:8080 " + SENT.rsplit(maxsplit=1)[-1],
    ],
    "how-to/observing.md": [TOPICS],
    "how-to/operations.md": [TOPICS, WORKER, SENT],
    "how-to/rebuild.md": [
        TOPICS,
        WORKER,
        "truceline import armaz tests/data/armaz-claims/claims.jsonl --send",
        "cp streams/defaults/sources.yaml sources.yaml",
        "truceline serve --embedded ./ledger --sources sources.yaml --http-port 8081",
        SENT + " --to http://127.0.0.1:8081",
    ],
    "how-to/rejected.md": [TOPICS, WORKER],
    "how-to/time-travel.md": [REPORTS],
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


#: Records that a worker has rejected before: in two partitions, with times of their own.
LOGGED = {"how-to/rejected.md": refused()}
#: Programs whose commands are run.
RUN = {"cat", "cp", "curl", "echo", "export", "head", "python", "sed", "sh", "truceline"}


def text(page: str) -> str:
    return (ROOT / page if page == "README.md" else DOCS / page).read_text(encoding="utf-8")


#: Every page with its blocks of commands. A new page is run without being listed here.
PAGES = ["README.md", *sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))]
BLOCKS = {page: found for page in PAGES if (found := blocks(text(page)))}


@pytest.mark.kafka
@pytest.mark.parametrize("page", BLOCKS)
def test_commands_of_a_page_print_the_output_shown(installation: Installation, page: str) -> None:
    reader = installation(f"t{uuid.uuid4().hex[:8]}")  # as long as `truceline`, for tables
    reader.keeps(files(text(page)))
    with ExitStack() as stack:
        stack.callback(reader.presses_ctrl_c)
        for typed in BEFORE.get(page, ()):
            reader.types(Command(typed, ""))
        if page in LOGGED:
            asyncio.run(send(reader.settings, LOGGED[page]))
        if WORKER in BEFORE.get(page, ()):
            asyncio.run(until_processed(reader.settings))
        there = reader.staying
        for block in BLOCKS[page]:
            for command in block:
                if command.program in NOT_RUN:
                    assert not command.shown
                    assert_it_names_what_is_there(command)
                else:
                    reader.types(command)
            if not page.startswith("tutorials/"):  # whose servers run to the end of the page
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


def test_every_command_is_in_a_console_block() -> None:
    """A script in a block of another kind is a file that the page gives."""
    assert set(BEFORE) | set(LOGGED) <= set(BLOCKS)
    for page in PAGES:
        assert sum(map(len, BLOCKS.get(page, ()))) == len(re.findall(r"^\$ ", text(page), re.MULTILINE))
        scripts = re.findall(r"^ *```(?:sh|bash|shell|zsh)\n(.*?)```", text(page), re.DOTALL | re.MULTILINE)
        assert [script for script in scripts if script not in files(text(page)).values()] == []


def test_only_named_programs_are_excused_from_running() -> None:
    programs = {command.program for found in BLOCKS.values() for block in found for command in block}
    assert set(NOT_RUN) < programs
    assert programs - set(NOT_RUN) <= RUN
