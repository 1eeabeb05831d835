"""docs/how-to/time-travel.md is true: its limits are the code's, its marks are those that a difference bears."""

from __future__ import annotations

import re

from streams.cli.render.difference import CORRECTIONS
from streams.stores.episode_log import BYTES_MAX, RECORDS_MAX
from streams.stores.kafka.store import SKIMMED_MAX
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "how-to/time-travel.md").read_text(encoding="utf-8")
WORDS = " ".join(PAGE.split())


def test_the_limits_are_the_codes() -> None:
    assert f"{RECORDS_MAX:,} records or {BYTES_MAX >> 20} MiB of one episode" in WORDS
    assert f"a partition of at most {SKIMMED_MAX:,} records" in WORDS


def test_the_marks_are_those_of_a_difference() -> None:
    table = PAGE.partition("| mark |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([a-z]+)` \|", table, re.MULTILINE) == list(CORRECTIONS)
