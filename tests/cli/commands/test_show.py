"""`truceline show` and `truceline diff`: what was known at a time, what changed since, wherever the log lies."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from streams.cli import app
from streams.kafka import topics
from streams.operations.replay.replay import replay
from streams.stores.sqlite.database import DATABASE
from tests.schemas.recording import versions
from tests.support.build import REGISTRY, act, at, killed, more, report, says, value, withdrawal
from tests.support.ledger_file import opened

GOLDEN = versions()[0]
REPORTS, SOURCES = str(GOLDEN / "reports.jsonl"), str(GOLDEN / "sources.yaml")
EPISODE = "armenia-azerbaijan-2022-09"
THEN = "2022-09-15T00:00:00Z"


def run(*arguments: str, given: str | None = None, width: int = 130) -> tuple[int, str, str]:
    """The exit code, standard output (blanks at line ends cut) and standard error of the command."""
    result = CliRunner().invoke(app, arguments, input=given, env={"COLUMNS": str(width), "TERM": "dumb"})
    return result.exit_code, "\n".join(line.rstrip() for line in result.stdout.splitlines()), result.stderr


def lines(*records: Any) -> str:
    return "".join(f"{json.dumps(record)}\n" for record in records)


#: A figure, its correction and withdrawal, a smaller one; a truce that takes effect by the clock.
STORY = lines(
    report("a", killed(50), act("announced", by="north", effective_at=at(15)), published_at=at(14, 8)),
    report("b", more(21), says("denied", text="No | <loss>"), source="mod.south", published_at=at(15, 8), url="https://x.org/|b>"),
    report("a", killed(48), act("announced", by="north", effective_at=at(15)), published_at=at(16, 8), revision=2),
    report("c", killed(47), published_at=at(17, 8)),
    withdrawal("b", source="mod.south", published_at=at(18, 8)),
)  # fmt: skip


# --- show -------------------------------------------------------------------------------------------------------------


def shown(*arguments: str, given: str | None = None) -> dict[str, Any]:
    code, output, error = run("show", *arguments, "--format", "json", given=given)
    assert (code, error) == (0, "")
    picture: dict[str, Any] = json.loads(output)
    return picture


def test_show_at_a_time() -> None:
    """Reports published by then are shown, with the clock at that time."""
    story = replay(REPORTS, sources=SOURCES, until=THEN, tick=THEN)
    for _ in story:
        pass
    picture = shown(EPISODE, "--at", THEN, "--from", REPORTS, "--sources", SOURCES)
    assert picture == {"episode": EPISODE, **story.snapshot()["episodes"][EPISODE]}
    assert picture["clock"] == THEN


def test_what_was_to_take_effect_by_then_has_done_so() -> None:
    before, after = (shown("war", "--at", time, "--from", "-", given=STORY) for time in (at(14, 23), at(15)))
    assert [picture["ceasefires"][0]["status"] for picture in (before, after)] == ["announced", "in_effect"]


def test_with_no_time_it_shows_what_stands_at_the_end() -> None:
    code, output, _ = run("show", "war", "--from", "-", given=STORY)
    assert (code, output.splitlines()[0]) == (0, "war, as of 18 Sep 2022 08:00 UTC")
    assert re.search(r"mod +north killed, military +47 ", output)


def test_it_reads_the_ledger_of_a_running_embedded_server(tmp_path: Path) -> None:
    ledger = opened(tmp_path / DATABASE)
    ledger.write([line.encode() for line in STORY.splitlines()])
    try:
        from_file = shown("war", "--at", at(16), "--from", "-", given=STORY)
        assert shown("war", "--at", at(16), "--embedded", str(tmp_path)) == from_file
    finally:
        ledger.close()


def test_with_nothing_named_it_reads_from_kafka(kafka: str, prefix: str, tmp_path: Path) -> None:
    asyncio.run(_make(kafka, prefix))
    (tmp_path / "story.jsonl").write_text(STORY + lines(report("z", killed(1), episode="other")))
    where = ["--bootstrap-servers", kafka, "--topic-prefix", prefix]
    assert run("send", *where, str(tmp_path / "story.jsonl"))[0] == 0
    assert shown("war", "--at", at(16), *where) == shown("war", "--at", at(16), "--from", "-", given=STORY)
    assert run("show", "nobody", *where)[::2] == (2, "truceline: no report of nobody\n")
    difference = run("diff", "war", at(14), at(19), *where, "--format", "json")
    assert difference == run("diff", "war", at(14), at(19), "--from", "-", "--format", "json", given=STORY)


async def _make(kafka: str, prefix: str) -> None:
    async with topics.admin({"bootstrap_servers": kafka}) as admin:
        await topics.create(admin, prefix, 3, 1)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["show", "war", "--at", "soon", "--from", "-"], 2, "--at: 'soon' is not YYYY-MM-DDTHH:MM:SS"),
        (["show", "war", "--from", "-", "--embedded", "."], 2, "name either --from FILE... or --embedded DIR"),
        (["show", "war", "--embedded", "nowhere"], 74, "no ledger in nowhere"),
        (["show", "peace", "--from", "-"], 2, "no report of peace; there is war"),
        (["show", "war", "--at", at(1), "--from", "-"], 2, "no report of war at that time"),
        (["diff", "war", at(2), at(1), "--from", "-"], 2, f"T2 {at(1)} is before T1 {at(2)}"),
        (["diff", "war", at(1), at(2), "--from", "-"], 2, f"no report of war until {at(2)}"),
        (["diff", "war", "soon", at(2), "--from", "-"], 2, "T1: 'soon' is not YYYY-MM-DDTHH:MM:SS"),
        (["show", "war", "--from", "nowhere.jsonl"], 74, "nowhere.jsonl cannot be read"),
        (["show", "war", "--bootstrap-servers", "nowhere"], 2, "--bootstrap-servers: 'nowhere' is not"),
    ],
)
def test_what_cannot_be_done_ends_with_its_code_and_one_line(arguments: list[str], code: int, said: str) -> None:
    found, output, error = run(*arguments, given=STORY)
    assert (found, output) == (code, "")
    assert error.startswith(f"truceline: {said}")


def test_no_broker_is_said_with_what_else_there_is() -> None:
    code, _, error = run("show", "war", "--bootstrap-servers", "127.0.0.1:1")
    assert code == 69
    assert error == (
        "truceline: name --from FILE... or --embedded DIR; without them Kafka is read,"
        " and no Kafka broker answers at 127.0.0.1:1\n"
    )


def test_a_repeated_old_total_is_no_correction() -> None:
    """A figure that the source has since raised is reported again, by `diff` and `explain` as a repeat."""
    tolls = [("s1", 49, 13), ("s2", 105, 14), ("d1", 49, 20)]
    story = lines(*(report(name, killed(best), published_at=at(day)) for name, best, day in tolls))
    _, told, _ = run("diff", "war", at(12), at(21), "--from", "-", given=story, width=200)
    assert "49 (down), a repeat of the old total in s1, raised since: d1, 20 Sep 2022 00:00" in told
    assert "correction" not in told
    _, told, _ = run("explain", "war", "mod/", "--from", "-", given=story, width=200)
    assert "49 as of 20 Sep 2022 00:00; version 3; a repeat of the old total in s1 of 13 Sep 2022 00:00, raised" in told


# --- diff -------------------------------------------------------------------------------------------------------------


def differing(from_: str, to: str, given: str = STORY) -> dict[str, Any]:
    code, output, error = run("diff", "war", from_, to, "--from", "-", "--format", "json", given=given)
    assert (code, error) == (0, "")
    found: dict[str, Any] = json.loads(output)
    return found


def test_diff_lists_changes_with_causes() -> None:
    """Corrections are marked."""
    found = differing(at(14, 12), at(30))
    (north, south) = found["cells"]
    assert [(c["kind"], c["correction"], c["cause"]["report_id"]) for c in north["changes"]] == [
        ("down", "revised", "a"),
        ("down", "lowered", "c"),
    ]
    assert [(c["kind"], c["correction"], c["cause"]["report_id"]) for c in south["changes"]] == [
        ("first", None, "b"),
        ("withdrawn", "withdrawn", "b"),
    ]
    assert (north["before"], north["after"]) == (value(50, as_of=at(14, 8)), value(47, as_of=at(17, 8)))
    assert (south["before"], south["after"]) == (None, None)
    joint = found["ceasefires"][0]
    assert (joint["before"]["status"], joint["after"]["status"]) == ("announced", "in_effect")
    assert joint["changes"][0]["cause"]["report_id"] == "b"  # the report that moved the clock past it
    assert [(c["after"] is None, c["correction"]) for c in found["statements"]] == [(False, None), (True, "withdrawn")]


def test_a_late_report_changes_nothing_before_its_publication() -> None:
    late = lines(report("new", killed(71), published_at=at(16)), report("old", killed(50), published_at=at(14)))
    (cell,) = differing(at(15), at(17), late)["cells"]
    assert (cell["before"], cell["after"]) == (value(50, as_of=at(14)), value(71, as_of=at(16)))
    assert [(change["before"]["best"], change["after"]["best"]) for change in cell["changes"]] == [(50, 71)]


def test_time_alone_may_change_something() -> None:
    joint, _ = differing(at(14, 12), at(15))["ceasefires"]
    assert [change["cause"] for change in joint["changes"]] == [{"tick": at(15)}]


def test_where_nothing_changed_it_says_so() -> None:
    assert differing(at(20), at(30)) == {
        "episode": "war", "from": at(20), "to": at(30), "cells": [], "totals": [], "ceasefires": [], "statements": [],
    }  # fmt: skip
    assert run("diff", "war", at(20), at(30), "--from", "-", given=STORY)[1].endswith("no changes")
    markdown = run("diff", "war", at(20), at(30), "--from", "-", "--format", "md", given=STORY)[1]
    assert markdown.splitlines()[-1] == "No changes."


TABLE = """\
war, from 14 Sep 2022 12:00 to 30 Sep 2022 00:00 UTC

what, and source | before → after | cause
─
north killed, military | 50 | 48 (down), correction: a report was revised: a revision 2, 16 Sep 2022 08:00
mod | → 47 | 47 (down), correction: a later figure is smaller: c, 17 Sep 2022 08:00
north killed, military | – | 21 (first): b, 15 Sep 2022 08:00
mod.south | → withdrawn | https://x.org/|b>
withdrawn, correction: a report was withdrawn: b revision 2 withdrawn, 18 Sep 2022 08:00
"""


def test_the_table_is_for_people() -> None:
    code, output, _ = run("diff", "war", at(14, 12), at(30), "--from", "-", given=STORY, width=200)
    assert code == 0
    cells = "\n".join(re.sub(" {2,}", " | ", re.sub("─+", "─", line).strip()) for line in output.splitlines())
    assert cells.startswith(TABLE)
    assert "15 Sep 2022 08:00, mod.south: denied, territory: “No | <loss>”" in output


def test_in_markdown_nothing_of_a_report_is_markup() -> None:
    code, output, _ = run("diff", "war", at(14, 12), at(30), "--from", "-", "--format", "md", given=STORY)
    assert code == 0
    assert "21 (first): b, 15 Sep 2022 08:00 (<https://x.org/%7Cb%3E>)" in output
    assert "- 15 Sep 2022 08:00, mod.south: denied, territory: “No \\| &lt;loss>”" in output


def test_of_many_changes_the_last_and_every_correction_are_shown() -> None:
    many = [report(f"r{n}", killed(n), published_at=at(14, n)) for n in range(1, 20)]
    many[4]["claims"][0]["count"]["best"] = 0
    _, output, _ = run("diff", "war", at(14), at(15), "--from", "-", given=lines(*many))
    assert "10 more, none of them a correction" in output
    assert output.count("correction: a later figure is smaller") == 1
    assert output.count("(up): ") == 8


def test_sums_of_both_sides_are_told_with_their_parts(tmp_path: Path) -> None:
    registry = tmp_path / "sources.yaml"
    registry.write_text(
        "".join(
            f"{slug}: {{name: X, kind: official, affiliation: {source.affiliation}}}\n"
            for slug, source in REGISTRY.sources.items()
            if source.affiliation
        )
    )
    south = report("s", {**killed(71), "party": "south"}, source="mod.south", published_at=at(16))
    both = lines(report("n", killed(105), published_at=at(14)), south)
    _, output, _ = run("diff", "war", at(15), at(17), "--from", "-", "--sources", str(registry), given=both)
    assert "self-reported by the parties, killed, military: 105 north → 176 = 105 north + 71 south" in output
