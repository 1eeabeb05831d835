"""A thousand mixed records from one seed: reports of all kinds, and all that can be wrong with one."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from streams.core.times import DAY_US, HOUR_US, format_time, parse_time
from streams.kafka.routing import partition_of

START = "2022-09-13T00:00:00Z"
PARTIES = ("armenia", "azerbaijan", "all")
SOURCES = ("armenia-mod", "azerbaijan-mod", "reuters", "osce")
OUTCOMES = ("killed", "wounded", "missing", "captured")
QUALIFIERS = ("exact", "about", "at_least", "more_than", "up_to", "nearly")
ACTS = (
    "called_for", "proposed", "rejected", "agreed", "announced", "took_effect", "holding", "extended", "suspended",
    "resumed", "ended", "collapsed", "violation_alleged", "violation_denied", "violation_confirmed", "not_confirmed",
)  # fmt: skip
POISON = (
    b"", b"\xff\xfe", b"not json", b'{"a": NaN}', b'"\\ud800"', b"[]", b"{}", b'{"report_id": 7}',
    b"[" * 40 + b"]" * 40, b"x" * 300_000, b'{"tick": "yesterday", "episode": "e-1"}',
)  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """A record for the log; `partition` is where it goes, which may be wrong."""

    partition: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    headers: list[tuple[str, bytes | None]] = field(default_factory=list)


def mixed_records(seed: int, count: int, partitions: int, episodes: int = 12) -> Iterator[Sent]:
    """Yield records; the same for the same arguments."""
    return _Mix(random.Random(seed), partitions, [f"e-{n}" for n in range(episodes)]).records(count)


class _Mix:
    def __init__(self, chance: random.Random, partitions: int, episodes: list[str]) -> None:
        self._chance = chance
        self._partitions = partitions
        self._episodes = episodes
        self._now = parse_time(START)
        self._reports: list[dict[str, Any]] = []

    def records(self, count: int) -> Iterator[Sent]:
        for number in range(count):
            self._now += self._chance.randrange(1, 20 * 60) * 1_000_000
            yield self._record(number)

    def _record(self, number: int) -> Sent:
        chance, kind = self._chance, self._chance.random()
        if kind < 0.04:
            value = chance.choice(POISON)
            return self._sent(value, chance.choice(self._episodes))
        if kind < 0.09:
            episode = chance.choice([*self._episodes, "unheard-of"])
            return self._sent(orjson.dumps({"tick": self._time(-HOUR_US, HOUR_US // 2), "episode": episode}), episode)
        if kind < 0.25 and self._reports:
            return self._again(chance.choice(self._reports))
        report = self._report(f"r-{number}", chance.choice(self._episodes))
        self._reports.append(report)
        return self._sent(orjson.dumps(report), report["episode"])

    def _again(self, report: dict[str, Any]) -> Sent:
        """Yield a report again: repeated, revised, withdrawn, changed without a revision, or an old revision."""
        chance = self._chance
        how = chance.randrange(6)
        if how:
            report = dict(report)
        if how in {1, 2}:
            report = self._report(report["report_id"], report["episode"]) | {
                "revision": report["revision"] + 1,
                "source": report["source"] if chance.random() < 0.8 else chance.choice(SOURCES),
            }
        elif how == 3:
            report |= {"revision": report["revision"] + 1, "withdrawn": True, "claims": []}
        elif how == 4:
            report |= {"headline": "changed in silence"}
        elif how == 5 and report["revision"] > 1:
            report |= {"revision": report["revision"] - 1}
        if how in {1, 2, 3}:
            self._reports.append(report)
        return self._sent(orjson.dumps(report), report["episode"])

    def _report(self, report_id: str, episode: str) -> dict[str, Any]:
        chance = self._chance
        ahead = 3 * HOUR_US if chance.random() < 0.02 else 0
        behind = 500 * DAY_US if chance.random() < 0.02 else 0
        report = {
            "report_id": report_id, "revision": 1, "episode": episode, "source": chance.choice(SOURCES),
            "published_at": format_time(self._now + ahead - behind - chance.randrange(2 * DAY_US)),
            "headline": f"report {report_id}", "mood": "ignored",
        }  # fmt: skip
        claims = [self._claim(parse_time(str(report["published_at"]))) for _ in range(chance.randrange(1, 4))]
        return report | {"claims": claims}

    def _claim(self, published: int) -> dict[str, Any]:
        kind = self._chance.random()
        if kind < 0.6:
            return self._casualties(published)
        return self._ceasefire(published) if kind < 0.85 else self._statement()

    def _casualties(self, published: int) -> dict[str, Any]:
        chance = self._chance
        basis = chance.choice(("cumulative", "cumulative", "incremental", "derived"))
        claim: dict[str, Any] = {
            "type": "casualties", "party": chance.choice(PARTIES), "outcome": chance.choice(OUTCOMES),
            "population": chance.choice(("military", "civilian")), "count": {"best": chance.randrange(300)},
            "qualifier": chance.choice(QUALIFIERS), "basis": basis,
        }  # fmt: skip
        if chance.random() < 0.5:
            claim["as_of"] = format_time(published - chance.randrange(2 * DAY_US))
        if basis == "incremental" and chance.random() < 0.3:
            claim["incident"] = f"incident-{chance.randrange(5)}"
        if chance.random() < 0.1:
            claim["final"] = True
        return claim

    def _ceasefire(self, published: int) -> dict[str, Any]:
        chance = self._chance
        claim: dict[str, Any] = {
            "type": "ceasefire",
            "act": chance.choice(ACTS),
            "ceasefire": chance.choice(("main", "corridor")),
        }
        if chance.random() < 0.4:
            claim["effective_at"] = format_time(published + chance.randrange(2 * HOUR_US))
        if chance.random() < 0.3:
            claim["expires_at"] = format_time(published + chance.randrange(3 * HOUR_US, DAY_US))
        if chance.random() < 0.5:
            claim["by"] = chance.choice(PARTIES[:2])
        return claim

    def _statement(self) -> dict[str, Any]:
        chance = self._chance
        claim: dict[str, Any] = {
            "type": "statement",
            "act": chance.choice(("asserted", "denied", "accused")),
            "about": "casualties",
        }
        if self._reports and chance.random() < 0.7:
            claim["refers_to"] = {"report_id": chance.choice(self._reports)["report_id"], "claim": chance.randrange(3)}
        return claim

    def _sent(self, value: bytes | None, episode: str) -> Sent:
        """Send it to its place, but for a few that are mis-keyed, in a wrong partition, or have no key."""
        chance, key = self._chance, episode.encode()
        partition, headers = partition_of(key, self._partitions), list[tuple[str, bytes | None]]()
        astray = chance.random()
        sent_key: bytes | None = key
        if astray < 0.05:
            partition = chance.randrange(self._partitions)
        elif astray < 0.08:
            sent_key = b"another-key"
        elif astray < 0.10:
            sent_key = None
        elif astray < 0.12:
            partition, headers = chance.randrange(self._partitions), [("rerouted", b"elsewhere")]
        if chance.random() < 0.1:
            headers = [*headers, ("trace", b"1")]
        return Sent(partition, sent_key, value, self._now // 1000, headers)

    def _time(self, earliest: int, latest: int) -> str:
        return format_time(self._now + self._chance.randrange(earliest, latest))
