"""`truceline explain`: an analyst can defend every number from it."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner

from streams.cli import app
from streams.cli.options import NO_REGISTRY
from streams.core.queries.subjects import explanations, replay_history
from streams.core.source_registry import Registry
from streams.core.times import DEFAULT_HORIZON_US, parse_time
from streams.core.wire import unwrap
from streams.files.jsonl import Lines
from streams.files.source_registry import read_sources
from streams.kafka import topics
from streams.kafka.routing import partition_of
from streams.stores.sqlite.database import DATABASE
from streams.stores.sqlite.ledger_file import LedgerFile, LedgerFileOptions
from tests.schemas.recording import versions

GOLDEN = versions()[0]
REPORTS, SOURCES = str(GOLDEN / "reports.jsonl"), str(GOLDEN / "sources.yaml")
EPISODE = "armenia-azerbaijan-2022-09"


def run(*arguments: str, given: str | None = None, width: int = 160) -> tuple[int, str, str]:
    """The exit code, standard output (blanks at line ends cut) and standard error of the command."""
    environment = {"COLUMNS": str(width), "TERM": "dumb"}
    result = CliRunner().invoke(app, ["explain", *arguments], input=given, env=environment)
    return result.exit_code, "\n".join(line.rstrip() for line in result.stdout.splitlines()), result.stderr


def without_origins(account: Any) -> Any:
    """An account without where its records lie."""
    if isinstance(account, list):
        return [without_origins(each) for each in account]
    if isinstance(account, dict):
        return {name: without_origins(each) for name, each in account.items() if name != "origin"}
    return account


def explained(*arguments: str) -> str:
    code, output, _ = run(EPISODE, *arguments, "--sources", SOURCES, "--from", REPORTS)
    assert code == 0
    return output


def asked(*arguments: str) -> dict[str, Any]:
    account: dict[str, Any] = json.loads(explained(*arguments, "--format", "json"))
    return account


# --- what is shown ----------------------------------------------------------------------------------------------------


FIGURE = """\
armenia-azerbaijan-2022-09, as of 22 Oct 2022 05:00 UTC

Ministry of Defence of Azerbaijan on azerbaijan: killed, military
77 as of 16 Sep 2022 06:30, final; version 4

                   figure   as of               source
 ─
 base                  77   16 Sep 2022 06:30   Ministry of Defence of Azerbaijan
                                                azmod-2022-09-15 revision 2, claim 0
                                                published 16 Sep 2022 06:30
                                                reports.jsonl line 12
                                                “Corrected”
 superseded   at least 50   13 Sep 2022 08:00   Ministry of Defence of Azerbaijan via Daily Sabah
                                                azmod-2022-09-13, claim 0
                                                published 13 Sep 2022 14:00
                                                reports.jsonl line 1
                                                “Fifty servicemen killed”
                                                https://example.org/azmod/13
                                                the cumulative figure of azmod-2022-09-15 is later
 replaced              71   15 Sep 2022 06:30   Ministry of Defence of Azerbaijan
                                                azmod-2022-09-15, claim 0
                                                published 15 Sep 2022 06:30
                                                reports.jsonl line 5
                                                replaced by revision 2
 refused               77   16 Sep 2022 06:30   Ministry of Defence of Azerbaijan
                                                azmod-2022-09-15 revision 2, claim 0
                                                published 16 Sep 2022 06:30
                                                reports.jsonl line 22
                                                “Another”
                                                revision_conflict: azmod-2022-09-15 revision 2 was accepted\
 with other content; to correct a report raise its
                                                revision


 change      what                                                        cause
 ─
 version 1   at least 50 (first)                                         azmod-2022-09-13, 13 Sep 2022 14:00
 version 2   71 (up)                                                     azmod-2022-09-15, 15 Sep 2022 06:30
 version 3   71, disputed by Ministry of Defence of Armenia (disputed)   am-denial-2022-09-15, 15 Sep 2022 08:00
 version 4   77 (up)                                                     azmod-2022-09-15 revision 2, 16 Sep 2022 06:30
"""


def test_a_count_is_explained_with_every_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has its role and its address."""
    monkeypatch.chdir(GOLDEN)
    code, told, _ = run(EPISODE, "azerbaijan-mod/killed", "--sources", SOURCES, "--from", "reports.jsonl")
    assert (code, re.sub("─+", "─", told)) == (0, FIGURE)


def test_a_ceasefire_is_told_step_by_step_with_what_time_did() -> None:
    told = explained("exchange-of-prisoners").splitlines()
    assert told[2:4] == [
        "ceasefire exchange-of-prisoners: joint view of all sources",
        ("collapsed since 22 Oct 2022 05:00; from 26 Sep 2022 00:00; declared by armenia; mediated by icrc; version 5"),
    ]
    steps = [line for line in told if " → " in line or " stays " in line]
    assert [re.split(" {2,}", line.strip()) for line in steps] == [
        ["18 Sep 2022 05:00", "→ called for", "called for (armenia)"],
        ["23 Sep 2022 05:00", "→ proposed", "proposed (armenia)"],
        ["24 Sep 2022 06:00", "→ agreed", "agreed (armenia)"],
        ["24 Sep 2022 06:00", "stays agreed", "rejected"],
        [
            "26 Sep 2022 00:00",
            "→ in effect",
            "declared start reached, set by mfa-2022-09-24 of Ministry of Foreign Affairs of Russia",
        ],
        ["22 Oct 2022 05:00", "→ collapsed", "collapsed (armenia)"],
    ]


def test_without_a_subject_all_subjects_are_listed() -> None:
    """Each by the name to ask for it."""
    listed = explained()
    names = [
        line.split()[0] for line in listed.splitlines()[4:] if line.startswith(" ") and line[1:2] not in {" ", "─"}
    ]
    assert "armenia-pm/armenia/killed/military" in names
    assert "main" in names
    for name in names:
        account = asked(name)
        assert len(account["cells"]) + len(account["ceasefires"]) == 1, name


def test_more_than_a_few_are_listed_rather_than_told() -> None:
    assert "source" not in explained("military")
    assert explained("armenia-mod").count("source") == 3


def test_a_claim_that_only_may_add_says_so() -> None:
    base = {"type": "casualties", "party": "north", "outcome": "killed", "count": {"best": 50}}
    part = {**base, "count": {"best": 4}, "basis": "incremental", "since": "2022-09-13T00:00:00Z"}
    vague = {**part, "qualifier": "about"}
    records = [
        report("a", base, published_at="2022-09-14T12:00:00Z"),
        report("b", part, published_at="2022-09-15T12:00:00Z"),
        report("c", vague, published_at="2022-09-16T12:00:00Z"),
        report(
            "d",
            {"type": "statement", "act": "denied", "about": "casualties", "refers_to": {"report_id": "b", "claim": 0}},
        ),
    ]
    _, told, _ = run("war", "killed", "--from", "-", given="".join(f"{json.dumps(record)}\n" for record in records))
    assert " +0–4 " in told
    assert " +0–? " in told
    assert "denies b, claim 0" in told
    assert told.count("adds to the upper bound only") == 2


def report(report_id: str, *claims: Any, **fields: Any) -> dict[str, Any]:
    named = {"report_id": report_id, "episode": "war", "source": "mod", "published_at": "2022-09-17T12:00:00Z"}
    return {**named, **fields, "claims": list(claims)}


def test_time_is_a_cause_too() -> None:
    assert "time, 14 Sep 2022 16:00" in explained("main")


def test_changes_of_a_view_with_the_same_status_are_shown() -> None:
    changes = explained("main").split("cause")[1]
    lines = [line for line in changes.splitlines() if line.startswith(" version")]
    assert [re.split(" {2,}", line.strip())[1] for line in lines] == [
        "announced; start 14 Sep 2022 16:00; end 21 Sep 2022 16:00; declared by: armenia;",
        "in effect",
        "not confirmed by: A broadcaster of Azerbaijan; violations alleged: 1",
        "violations denied: 1",
        "violations confirmed: 1",
        "not confirmed by: none; violations alleged: 0",
        "end 21 Oct 2022 16:00",
        "suspended",
        "expired",
    ]


def test_nothing_in_a_report_can_steer_the_terminal() -> None:
    claim = {"type": "casualties", "party": "north", "outcome": "killed", "count": {"best": 50}}
    act = {"type": "ceasefire", "act": "agreed", "text": "\x1b[2J"}
    hostile = report("a\u202e", claim, act, headline="\x1b]0;x\x07[red]", url="https://a/[31m")
    for subject in ("killed", "main"):
        code, told, _ = run("war", subject, "--from", "-", given=json.dumps(hostile))
        assert code == 0
        assert not {"\x1b", "\x07", "\u202e"} & set(told)
        assert "[red]" in told


def test_it_fits_a_narrow_terminal() -> None:
    _, told, _ = run(EPISODE, "main", "--from", REPORTS, width=60)
    assert max(map(len, told.splitlines())) <= 60


# --- what is meant ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "cells"),
    [
        ("armenia-mod/armenia/killed/military", ["armenia-mod/armenia/killed/military"]),
        (
            "armenia-mod//killed/",
            ["armenia-mod/armenia/killed/military"],
        ),
        ("armenia-mod/killed", ["armenia-mod/armenia/killed/military"]),
        ("mod/armenia/killed", ["armenia-mod/armenia/killed/military"]),
        ("moh", ["armenia-moh/armenia/wounded/civilian"]),
        ("armenia-mod//killed_or/", ["armenia-mod/armenia/killed_or_missing/mixed"]),
        ("captured", ["armenia-mod/armenia/captured/military"]),
        ("killed/civilian", []),
        ("a/b/c/d/e", []),
    ],
)
def test_parts_of_a_count_may_be_cut_short_empty_or_left_out(subject: str, cells: list[str]) -> None:
    told = replay_history(EPISODE, map(unwrap, Lines([REPORTS])), read_sources(SOURCES), horizon_us=DEFAULT_HORIZON_US)
    found = explanations(told.history, subject)
    named = ["/".join(cell[field] for field in ("source", "party", "outcome", "population")) for cell in found["cells"]]
    assert (named, found["ceasefires"]) == (cells, [])


@pytest.mark.parametrize(
    ("subject", "view"),
    [("main", "joint"), ("main/", "joint"), ("main/joint", "joint"), ("main/source:armenia-mod", "source:armenia-mod")],
)
def test_a_ceasefire_is_named_with_its_view_or_without(subject: str, view: str) -> None:
    told = asked(subject)
    assert told["cells"] == []
    assert [(each["ceasefire"], each["view"]) for each in told["ceasefires"]] == [("main", view)]


def test_a_view_that_is_withdrawn_can_be_asked_for_still() -> None:
    (view,) = asked("main/source:azerbaijan-tv")["ceasefires"]
    assert (view["value"], [change["version"] for change in view["changes"]]) == (None, [1, 2])
    assert "no claim left; version 2" in explained("main/source:azerbaijan-tv")


def test_a_count_that_is_withdrawn_can_be_asked_for_still() -> None:
    (cell,) = asked("tv")["cells"]
    assert (cell["value"], [claim["why"] for claim in cell["replaced"]]) == (None, ["withdrawn by revision 2"])
    assert "no claim left; version 2" in explained("tv")


# --- for programs -----------------------------------------------------------------------------------------------------


def test_for_programs_it_is_the_whole_account_as_json() -> None:
    told = replay_history(EPISODE, map(unwrap, Lines([REPORTS])), read_sources(SOURCES), horizon_us=DEFAULT_HORIZON_US)
    account = told.history.explain()
    shown = asked()
    assert without_origins(shown["cells"]) == account["cells"]
    # A withdrawn view is in no list; it has to be asked for.
    standing = [view for view in account["ceasefires"] if view["value"] is not None]
    assert without_origins(shown["ceasefires"]) == standing
    assert (shown["episode"], shown["clock"]) == (EPISODE, account["clock"])


def test_at_a_time_only_what_was_published_then_is_told() -> None:
    (cell,) = asked("azerbaijan-mod/killed", "--at", "2022-09-15T12:00:00+04:00")["cells"]
    assert (cell["value"]["best"], cell["version"], cell["replaced"]) == (71, 3, [])
    (cell,) = asked("azerbaijan-mod/killed", "--at", "2022-09-15T11:59:59.999999+04:00")["cells"]
    assert (cell["value"]["disputed_by"], cell["version"]) == ([], 2)


def test_at_a_time_the_clock_has_come_so_far() -> None:
    """Timers due by then have fired, even without a report."""
    account = asked("exchange-of-prisoners", "--at", "2022-09-26T00:00:00Z")
    assert (account["clock"], account["ceasefires"][0]["value"]["status"]) == ("2022-09-26T00:00:00Z", "in_effect")
    account = asked("exchange-of-prisoners", "--at", "2022-09-25T23:59:59Z")
    assert account["ceasefires"][0]["value"]["status"] == "agreed"


# --- where from -------------------------------------------------------------------------------------------------------


def test_several_files_are_one_log(tmp_path: Path) -> None:
    lines = Path(REPORTS).read_text().splitlines(keepends=True)
    parts = [tmp_path / "one.jsonl", tmp_path / "two.jsonl"]
    parts[0].write_text("".join(lines[:7]))
    parts[1].write_text("".join(lines[7:]))
    asks = [EPISODE, "main", "--format", "json", "--sources", SOURCES]
    code, both, _ = run(*asks, "--from", str(parts[0]), str(parts[1]))
    assert (code, both) == run(*asks, "--from", str(parts[0]), "--from", str(parts[1]))[:2]
    whole = run(*asks, "--from", REPORTS)[1]
    assert without_origins(json.loads(both)) == without_origins(json.loads(whole))
    files = [step["origin"]["file"] for step in json.loads(both)["ceasefires"][0]["steps"] if "origin" in step]
    assert set(files) == {str(part) for part in parts}
    assert run(EPISODE, "--format", "json", "--from", str(parts[0]), str(parts[1]))[0] == 0


def test_lines_refused_at_sight_are_counted() -> None:
    _, _, error = run(EPISODE, "--from", REPORTS)
    assert error == f"1 line was refused (1 invalid): truceline replay lists them\n{NO_REGISTRY}\n"
    _, _, error = run(
        "war", "--from", "-", given=json.dumps(report("a")) + "\n" + json.dumps(report("b", {"type": "x"}))
    )
    assert error.startswith("truceline: no report of war")


def test_an_episode_may_be_spelled_with_escapes() -> None:
    text = json.dumps(report("a", {"type": "ceasefire", "act": "agreed"})).replace('"war"', '"w\\u0061r"')
    assert run("war", "main", "--from", "-", given=text)[0] == 0


def test_the_log_of_an_embedded_server_is_read_beside_it(tmp_path: Path) -> None:
    now = parse_time("2022-11-01T00:00:00Z")
    book = LedgerFile(
        tmp_path / DATABASE, LedgerFileOptions(Registry(), DEFAULT_HORIZON_US, "truceline.reports", lambda: now)
    )
    book.write([unwrap(line).value for line in Path(REPORTS).read_bytes().splitlines()])
    code, output, _ = run(EPISODE, "azerbaijan-mod/killed", "--embedded", str(tmp_path), "--format", "json")
    assert code == 0
    (told,) = json.loads(output)["cells"]
    (known,) = asked("azerbaijan-mod/killed")["cells"]
    assert without_origins(told) == without_origins(known)
    assert told["base"]["origin"] == {"topic": "truceline.reports", "partition": 0, "offset": 11}
    assert told["changes"][-1]["cause"]["origin"] == told["base"]["origin"]
    book.close()


def test_with_nowhere_named_it_reads_what_is_committed_on_kafka(kafka: str, prefix: str) -> None:
    asyncio.run(log_on_kafka(kafka, prefix, Path(REPORTS).read_bytes().splitlines()))
    where = ["--bootstrap-servers", kafka, "--topic-prefix", prefix, "--sources", SOURCES, "--format", "json"]
    code, output, _ = run(EPISODE, "azerbaijan-mod/killed", "--at", "2022-09-15T12:00:00+04:00", *where)
    assert code == 0
    (told,) = json.loads(output)["cells"]
    (known,) = asked("azerbaijan-mod/killed", "--at", "2022-09-15T12:00:00+04:00")["cells"]
    assert without_origins(told) == without_origins(known)
    partition = partition_of(EPISODE.encode(), 2)
    assert told["base"]["origin"] == {"topic": f"{prefix}.reports", "partition": partition, "offset": 4}
    code, _, error = run("nope", *where)
    assert (code, error) == (2, "truceline: no report of nope\n")


async def log_on_kafka(kafka: str, prefix: str, lines: list[bytes]) -> None:
    """Puts the reports of the episode on a log of two partitions, and one more that is never committed."""
    async with topics.admin({"bootstrap_servers": kafka}) as admin:
        await topics.create(admin, prefix, 2, 1)
    producer = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=prefix)
    await producer.start()
    log, key = f"{prefix}.reports", EPISODE.encode()
    async with producer.transaction():
        for line in lines:
            value, timestamp_us = unwrap(line)
            stamp_ms = None if timestamp_us is None else timestamp_us // 1_000
            await producer.send(log, value, key=key, timestamp_ms=stamp_ms)
    await producer.begin_transaction()
    await producer.send(log, lines[0].replace(b"50", b"51"), key=key)
    await producer.flush()
    await producer.abort_transaction()
    await producer.stop()


# --- what has no account ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nope", "--from", REPORTS], f"no report of nope; there is {EPISODE}, unknown-episode"),
        ([EPISODE, "--at", "2021-01-01T00:00:00Z", "--from", REPORTS], f"no report of {EPISODE} at that time"),
        ([EPISODE, "zzz", "--from", REPORTS], f"no count or ceasefire of {EPISODE} is named zzz"),
        ([EPISODE, "--from", REPORTS, "--embedded", "."], "name either --from FILE... or --embedded DIR"),
        ([EPISODE, "--at", "soon", "--from", REPORTS], "--at: 'soon' is not YYYY-MM-DDTHH:MM:SS"),
        ([EPISODE, "--horizon", "long", "--from", REPORTS], "--horizon long: "),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(arguments: list[str], said: str) -> None:
    code, output, error = run(*arguments)
    assert (code, output) == (2, "")
    assert error.startswith(f"truceline: {said}")


def test_what_cannot_be_read_is_exit_74(tmp_path: Path) -> None:
    for where in (["--from", str(tmp_path / "none.jsonl")], ["--embedded", str(tmp_path)]):
        code, output, error = run(EPISODE, *where)
        assert (code, output) == (74, "")
        assert error.startswith("truceline: ")
    (tmp_path / DATABASE).write_text("no database")
    assert run(EPISODE, "--embedded", str(tmp_path))[0] == 74
