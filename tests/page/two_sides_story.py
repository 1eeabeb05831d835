"""Reports of one episode with two sides, a monitor, a ceasefire and each kind of correction."""

from __future__ import annotations

from typing import Any

from tests.support.build import Json, act, at, denies, killed, report, withdrawal

SOUTH = {"party": "south"}
CIVILIANS = {"population": "civilian"}


def of(source: str, day: int, hour: int = 12) -> dict[str, Any]:
    """Return the source and the time of a report."""
    return {"source": source, "published_at": at(day, hour)}


def from_address(name: str, headline: str) -> dict[str, str]:
    return {"url": f"https://{name}.example/report", "headline": headline}


STORY: list[Json] = [
    report(
        "n1",
        killed(105),
        killed(160, low=120, high=220, **SOUTH),
        **of("mod", 1),
        **from_address("north", "105 of ours"),
    ),
    report("s1", killed(60, **SOUTH), **of("mod.south", 2), **from_address("south", "60 fell"), relayed_by="wire"),
    report(
        "w1",
        killed(130, low=110, high=150),
        killed(12, qualifier="at_least", **SOUTH, **CIVILIANS),
        **of("watch", 2, 18),
    ),
    report("s2", killed(71, **SOUTH), **of("mod.south", 3)),
    report("n2", act("announced", effective_at=at(5), expires_at=at(9), mediators=["third"]), **of("mod", 4)),
    report("s3", act("not_confirmed"), **of("mod.south", 4, 18)),
    report("s4", act("violation_alleged", against="north"), **of("mod.south", 6)),
    report("x1", killed(4_000), **of("blog", 6, 18), headline="A blog knows better"),
    withdrawal("x1", **of("blog", 7, 3)),
    report("s5", denies("n1", 1), **of("mod.south", 7, 6)),
    report("n3", killed(98), **of("mod", 7, 12), **from_address("north", "Seven came back alive")),
    report("sum", killed(169, party="all", basis="derived"), **of("wire", 8)),
    report("sum-2", killed(200, party="all", basis="derived"), **of("other-wire", 8, 1)),
]


def story(episode: str) -> list[Json]:
    """Return the reports, for one episode."""
    return [{**one, "episode": episode} for one in STORY]
