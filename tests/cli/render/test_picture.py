"""A picture on a terminal: who says each figure, its own range, its date and age; names instead of slugs."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from rich.console import Console

from streams.cli.render.picture import picture_tables
from streams.cli.render.text import IN_UTC
from streams.core.atlas import Atlas, AtlasEpisode, AtlasParty
from streams.core.log_record import Record
from streams.core.phrases import Names, age, compact, figure
from streams.core.queries.as_of import known_at
from streams.core.source_registry import Registry, Source
from streams.core.times import DEFAULT_HORIZON_US
from tests.support.build import at, killed, report

REGISTRY = Registry(
    {
        "mod": Source("Ministry of the north", "official", "north"),
        "border": Source("Border service", "official", "north", partial=True),
        "daily": Source("A newspaper", "media"),
    }
)
ATLAS = Atlas(
    {"north": AtlasParty("The North", {"hy": "Հյուսիս"})}, {"war": AtlasEpisode("The war", {"hy": "Պատերազմ"})}
)


OWN = "the parties' own figures of that time: 71"


def shown(*reports: Any, names: Names) -> list[str]:
    records = [Record(orjson.dumps(each)) for each in reports]
    picture = known_at("war", records, names.registry, horizon_us=DEFAULT_HORIZON_US)
    console = Console(width=200, color_system=None, force_terminal=False)
    with console.capture() as printed:
        console.print(picture_tables("war", picture, IN_UTC, names))
    return [" ".join(line.split()) for line in printed.get().splitlines()]


REPORTS = [
    report("n", killed(71, qualifier="at_least"), killed(17, group="children"), published_at=at(1)),
    report("b", killed(8), source="border", published_at=at(2)),
    report("d", killed(70, party="all", basis="derived"), source="daily", published_at=at(2)),
    report("o", killed(3, population="unknown"), source="other", published_at="2024-10-01T00:00:00Z"),
]


def test_figures_say_who_their_range_and_their_age() -> None:
    lines = shown(*REPORTS, names=Names(registry=REGISTRY))
    dated = "1 Sep 2022 00:00, 2 years older"
    for line in (
        "war, as of 1 Oct 2024 00:00 UTC",
        f"Ministry of the north north killed, military at least 71 {dated}",
        f"Ministry of the north of them children 17 {dated}",
        "Ministry of the north, 1 Sep 2022, 2 years older",
        "2 sources, 8 to 71",
        "self-reported by the parties, killed, military: 71 = at least 71 north",
        f"sum by A newspaper, 2 Sep 2022, all sides killed, military: 70; {OWN}",
        "not in the source registry, so third parties: other",
    ):
        assert line in lines


@pytest.mark.parametrize(("lang", "title", "party"), [(None, "The war", "The North"), ("hy", "Պատերազմ", "Հյուսիս")])
def test_names_of_the_atlas_in_a_language(lang: str | None, title: str, party: str) -> None:
    lines = shown(*REPORTS, names=Names(ATLAS, REGISTRY, lang))
    assert lines[0] == f"{title} (war), as of 1 Oct 2024 00:00 UTC"
    assert f"self-reported by the parties, killed, military: 71 = at least 71 {party}" in lines


@pytest.mark.parametrize(
    ("as_of", "words"),
    [
        (at(14), None),
        ("2022-08-15T12:00:00Z", None),
        ("2022-08-14T12:00:00Z", "31 days older"),
        ("2022-07-01T12:00:00Z", "2 months older"),
        ("2020-10-01T12:00:00Z", "23 months older"),
        ("2018-09-14T12:00:00Z", "4 years older"),
    ],
)
def test_age_is_said_beyond_thirty_days(as_of: str, words: str | None) -> None:
    assert age(as_of, at(14, 12)) == words


@pytest.mark.parametrize(
    ("best", "low", "high", "words", "signs"),
    [
        (71, 71, 71, "71", "71"),
        (50, 50, None, "at least 50", "≥ 50"),
        (60, None, 60, "at most 60", "≤ 60"),
        (1600, None, None, "about 1,600", "≈ 1,600"),
        (60, 55, 80, "60 (55–80)", "60 (55–80)"),
        (60, 55, None, "60 (55–?)", "60 (55–?)"),
    ],
)
def test_a_qualifier_in_words_and_signs(best: int, low: int | None, high: int | None, words: str, signs: str) -> None:
    value = {"best": best, "low": low, "high": high}
    assert (figure(value), compact(value)) == (words, signs)
    assert (figure(None), compact(None)) == ("withdrawn", "withdrawn")
