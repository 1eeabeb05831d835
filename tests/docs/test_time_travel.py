"""docs/how-to/time-travel.md has the limits of the code and the marks of a difference."""

from __future__ import annotations

import re

from streams.cli.render.difference import CORRECTIONS
from streams.stores.episode_log import BYTES_MAX, RECORDS_MAX
from streams.stores.kafka.store import SKIMMED_MAX
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "how-to/time-travel.md").read_text(encoding="utf-8")


def test_limits_are_those_of_the_code() -> None:
    limits = {f"{RECORDS_MAX:,} records", f"{BYTES_MAX >> 20} MiB", f"{SKIMMED_MAX:,} records"}
    assert {limit for limit in limits if limit not in PAGE} == set()


def test_marks_are_those_of_a_difference() -> None:
    table = PAGE.partition("| mark |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([a-z]+)` \|", table, re.MULTILINE) == list(CORRECTIONS)
