"""Reports to measure with: five shapes of a day's work, the same for the same seed.

Times begin at 2022-09-15T06:30:00Z and advance by 3 s for each report, so that 1M reports stay within the horizon.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

import orjson

START = datetime(2022, 9, 15, 6, 30, tzinfo=UTC)
SECONDS_A_REPORT = 3
EPISODES = 500
SOURCES = 8
PARTIES = ("armenia", "azerbaijan", "third", "fourth")
OUTCOMES = ("killed", "wounded", "missing", "captured", "killed_or_missing")
#: An order in which a ceasefire lives; it starts again at its end.
ACTS = (
    "called_for", "proposed", "agreed", "announced", "took_effect", "violation_alleged", "violation_denied",
    "holding", "violation_confirmed", "extended", "suspended", "resumed", "collapsed",
)  # fmt: skip

Report = dict[str, Any]


class Keyed(NamedTuple):
    """A record of the log: the episode, and the report as JSON."""

    episode: str
    value: bytes


class _Series:
    """Numbers reports and lets counts grow."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.made = 0
        self.counts: dict[tuple[Any, ...], int] = {}

    def report(self, episode: int, source: int, claims: list[Report], *, late_s: int = 0) -> Report:
        at = self.made
        self.made += 1
        return {
            "report_id": f"r-{at}",
            "episode": f"episode-{episode}",
            "source": f"source-{source}",
            "relayed_by": "daily-sabah",
            "published_at": _time(at * SECONDS_A_REPORT - late_s),
            "url": f"https://example.org/reports/{at}",
            "headline": "An updated list was published today",
            "lang": "en",
            "claims": claims,
        }

    def grown(self, *cell: Any) -> int:
        """Return a count of the cell that is greater than all before."""
        count = self.counts.get(cell, 0) + self.random.randrange(1, 5)
        self.counts[cell] = count
        return count

    def killed(self, episode: int, source: int) -> Report:
        return _figure("azerbaijan", "killed", self.grown(episode, source))


def steady(count: int, *, seed: int = 1, episodes: int = EPISODES) -> Iterator[Report]:
    """One cumulative claim a report, 500 episodes, 8 sources: each report moves one cell up."""
    series = _Series(seed)
    for _ in range(count):
        episode, source = series.random.randrange(episodes), series.random.randrange(SOURCES)
        yield series.report(episode, source, [series.killed(episode, source)])


def hot(count: int, *, seed: int = 1) -> Iterator[Report]:
    """As `steady`, but one episode gets half of the reports."""
    series = _Series(seed)
    for _ in range(count):
        episode = 0 if series.random.random() < 0.5 else series.random.randrange(1, EPISODES)
        source = series.random.randrange(SOURCES)
        yield series.report(episode, source, [series.killed(episode, source)])


def bulletin(count: int, *, seed: int = 1) -> Iterator[Report]:
    """Twenty cumulative claims a report, each moving a cell of its own up."""
    series = _Series(seed)
    for _ in range(count):
        episode, source = series.random.randrange(EPISODES), series.random.randrange(SOURCES)
        claims = [
            _figure(party, outcome, series.grown(episode, source, party, outcome))
            for party in PARTIES
            for outcome in OUTCOMES
        ]
        yield series.report(episode, source, claims)


def corrections(count: int, *, seed: int = 1) -> Iterator[Report]:
    """A third are no news: revisions of recent reports, withdrawals, and reports that come late, in equal parts."""
    series = _Series(seed)
    recent: list[Report] = []
    for _ in range(count):
        kind = series.random.randrange(9)
        if kind < 2 and recent:
            at = series.random.randrange(len(recent))
            revised = recent[at] | {"revision": recent[at].get("revision", 1) + 1}
            if kind:
                revised["withdrawn"] = True
            else:
                revised["claims"] = [_figure("azerbaijan", "killed", series.random.randrange(1, 1000))]
            recent[at] = revised
            yield revised
            continue
        episode, source = series.random.randrange(EPISODES), series.random.randrange(SOURCES)
        late_s = series.random.randrange(1, 30 * 86400) if kind == 2 else 0
        report = series.report(episode, source, [series.killed(episode, source)], late_s=late_s)
        recent.append(report)
        if len(recent) > 5_000:
            recent.pop(series.random.randrange(1_000))
        yield report


def ceasefires(count: int, *, seed: int = 1) -> Iterator[Report]:
    """One act of a ceasefire a report. No timer falls due after the last report: a live worker adds no tick."""
    series = _Series(seed)
    for _ in range(count):
        episode, source = series.random.randrange(EPISODES), series.random.randrange(SOURCES)
        act = ACTS[(series.grown(episode) // 3) % len(ACTS)]
        claim: Report = {"type": "ceasefire", "act": act, "by": PARTIES[source % 2]}
        if act.startswith("violation"):
            claim["against"] = PARTIES[1 - source % 2]
        elif act == "agreed":
            claim |= {"effective_at": _time(series.made * SECONDS_A_REPORT), "expires_at": "2090-01-01T00:00:00Z"}
        yield series.report(episode, source, [claim])


WORKLOADS = {
    "steady": steady,
    "bulletin": bulletin,
    "hot": hot,
    "corrections": corrections,
    "ceasefires": ceasefires,
}


def records(workload: str, count: int, *, seed: int = 1) -> Iterator[Keyed]:
    """Yield a workload's reports as they lie in the log."""
    for report in WORKLOADS[workload](count, seed=seed):
        yield Keyed(report["episode"], orjson.dumps(report))


def _figure(party: str, outcome: str, best: int) -> Report:
    return {
        "type": "casualties",
        "party": party,
        "outcome": outcome,
        "population": "military",
        "count": {"best": best},
    }


def _time(seconds: int) -> str:
    return (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
