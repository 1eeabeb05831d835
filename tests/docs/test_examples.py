"""Every example of the commands' --help runs: those that docs/reference/commands.md shows, which is made of it."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli import app
from streams.files.zstd import zstd
from streams.kafka.routing import partition_of
from tests.docs.shell import Command, Installation, Reader, blocks, files
from tests.support.kafka_log import send, until_processed
from tests.support.mixed_log import Sent
from tests.support.paths import ROOT

DOCS = ROOT / "docs"
DEFAULTS = ROOT / "streams" / "defaults"
SECTIONS = re.split(r"^## ", (DOCS / "reference/commands.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
#: By command, what is shown of it.
EXAMPLES = {
    section.partition("\n")[0]: examples
    for section in SECTIONS
    if (examples := re.findall(r"^    (\S.*)$", section, re.MULTILINE))
}
#: Examples that are not run, with reasons.
NOT_RUN = {
    "truceline demo --no-wait": "tests/cli/commands/test_demo.py does, with --kafka",
    "truceline demo --kafka": "as above",
    "truceline topics create --partitions 12 --replication 3": "it needs three brokers",
    "truceline kafka up --nodes 3 --dir /tmp/k3": "it is three brokers",
    "truceline serve --processes 4": "it takes four ports in a row; tests/worker/test_supervisor.py does, with two",
    "truceline read https://example.org/article --atlas atlas.yaml --sources sources.yaml --explain": (
        "it fetches a page; tests/operations/read/test_web_page.py does, from a server of its own"
    ),
    "tail -f live.jsonl | truceline send --to http://127.0.0.1:8080 -": "it shows nothing, and never ends",
}
#: The command whose ledger the others read.
FIRST = "truceline demo"
#: Commands that need the servers' ports, or topics without a worker, run after those have stopped; Kafka stops last.
LATE = (
    "truceline serve",
    "truceline rebuild",
    "truceline topics check",
    "truceline topics grow",
    "truceline kafka up",
    "truceline kafka down",
)
ARTICLE = (
    "Two days of fighting",
    "The Defence Ministry of Azerbaijan said that 71 of its soldiers were killed in two days.",
)
PAGE = f"""<!doctype html><html lang="en"><head><meta property="og:site_name" content="Coast Wire">
<meta property="article:published_time" content="2022-09-15T14:05:00+04:00"></head>
<body><article><h1>{ARTICLE[0]}</h1><p>{ARTICLE[1]}</p></article></body></html>"""
GAZA = "tests/data/palestine-datasets/casualties_daily.json.gz"
EPISODE = next(f"e-{number}" for number in range(100) if partition_of(f"e-{number}".encode(), 4) == 3)


def report(number: int, best: int) -> str:
    claim = {"type": "casualties", "party": "north", "outcome": "killed", "population": "military"}
    about = {"report_id": f"r-{number}", "episode": EPISODE, "source": "north-mod"}
    when = {"published_at": "2022-09-13T08:00:00Z"}
    return json.dumps({**about, **when, "claims": [claim | {"count": {"best": best}}]})


def bare(example: str) -> str:
    """A command without the words behind it."""
    return re.sub(r"\s+#.*", "", example)


def given(folder: Path) -> None:
    """Put the files there that the examples name."""
    story = (DEFAULTS / "story.jsonl").read_bytes()
    (folder / "reports.jsonl").write_bytes(story)
    if (gaza := folder / "gaza.jsonl.zst").exists():
        shutil.copy(gaza, folder / "reports.jsonl.zst")
    for year in ("2022", "2023"):
        (folder / f"{year}.jsonl.zst").write_bytes(zstd.compress(story))
    (folder / "old.gz").write_bytes(gzip.compress(story))
    (folder / "september-2022.jsonl").write_bytes(b"\n".join(story.splitlines()[:2]))
    (folder / "report.json").write_text(report(41, 9).replace('"source"', '"revision": 7, "source"'))
    shutil.copy(DEFAULTS / "sources.yaml", folder)
    shutil.copy(DEFAULTS / "alerts.yaml", folder)
    shutil.copy(DEFAULTS / "atlas.yaml", folder)
    (folder / "article.txt").write_text(f"{ARTICLE[0]}\n\n{ARTICLE[1]}\n")
    (folder / "article.html").write_text(PAGE)
    (folder / "articles").mkdir(exist_ok=True)
    shutil.copy(folder / "article.html", folder / "articles")
    (folder / "feeds.yaml").write_text("articles:\n  folder: articles\n")
    (folder / "targets").write_text("json://127.0.0.1:9000/hook\n")
    incidents = files((DOCS / "how-to/importers.md").read_text(encoding="utf-8"))
    for kind in ("csv", "yaml"):
        (folder / f"survey.{kind}").write_text(incidents[f"incidents.{kind}"])
    losses = ROOT / "tests" / "data" / "russian-losses" / "russia_losses_personnel.json.gz"
    (folder / "russia_losses_personnel.json").write_bytes(gzip.decompress(losses.read_bytes()))


def astray() -> list[Sent]:
    """Return 43 records in partition 3 with one id and different contents: all but the first are rejected."""
    return [Sent(3, EPISODE.encode(), report(1, best).encode(), 1_700_000_000_000) for best in range(1, 44)]


@pytest.fixture(scope="module")
def scene(installation: Installation) -> Iterator[Reader]:
    """A worker that has taken in the story, and refused some; and a server on the ledger that the demo has left."""
    reader = installation("truceline")
    given(reader.folder)
    with ExitStack() as stack:
        stack.callback(reader.presses_ctrl_c)
        for example in EXAMPLES[FIRST]:
            type_in(reader, bare(example))
        reader.types(Command("export TRUCELINE_SOURCES=sources.yaml", ""))
        reader.types(Command("truceline topics create --partitions 4", ""))
        asyncio.run(send(reader.settings, astray()))
        for typed in (
            "truceline send reports.jsonl",
            "truceline serve --http-port 8081",
            "truceline serve --embedded ./ledger",
            f"truceline import palestine-datasets -o gaza.jsonl.zst {GAZA}",
            "truceline send --to http://127.0.0.1:8080 gaza.jsonl.zst",
            f"curl -d '{report(1, 1)}' http://127.0.0.1:8080/reports",
            f"curl -d '{report(1, 2)}' http://127.0.0.1:8080/reports",
        ):
            reader.types(Command(typed, ""))
        asyncio.run(until_processed(reader.settings))
        yield reader


def type_in(reader: Reader, example: str) -> None:
    """Run an example, unless a page has it too; without jq, only the part before it."""
    if shutil.which("jq") is None:
        example = example.partition(" | jq")[0]
    if example not in NOT_RUN and bare(example) not in shown():
        reader.types(Command(re.sub(r"kafka\d:", "127.0.0.1:", example), ""))


def shown() -> set[str]:
    """Return the commands of all pages, which run with their page."""
    pages = [ROOT / "README.md", *DOCS.rglob("*.md")]
    texts = [page.read_text(encoding="utf-8") for page in pages]
    return {bare(command.text) for text in texts for block in blocks(text) for command in block}


def late(command: str) -> tuple[int, str]:
    """When a command comes: the late ones in their order, after all others."""
    return (LATE.index(command) if command in LATE else -1), command


ORDER: list[str] = sorted((command for command in EXAMPLES if command != FIRST), key=late)


@pytest.mark.kafka
@pytest.mark.parametrize("command", ORDER)
def test_the_examples_of_a_command_run(scene: Reader, command: str) -> None:
    given(scene.folder)
    for example in EXAMPLES[command]:
        if command in LATE and not example.startswith("curl "):
            scene.presses_ctrl_c()
        type_in(scene, bare(example))


@pytest.mark.parametrize("example", [*NOT_RUN, "truceline demo --no-such-option"])
def test_excused_examples_have_valid_options(example: str) -> None:
    words = re.findall(r"truceline (.*)", example)[0].split()
    run = CliRunner().invoke(app, [*words, "--help"])
    assert run.exit_code == (0 if example in NOT_RUN else 2)


def test_every_command_has_examples() -> None:
    assert {section.partition("\n")[0] for section in SECTIONS} == set(EXAMPLES)
    every = [bare(example) for examples in EXAMPLES.values() for example in examples]
    assert set(NOT_RUN) < set(every)
    assert set(LATE) < set(EXAMPLES)
