"""The shipped story: an article of September 2022 as reports."""

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, NamedTuple

import orjson

from streams.cli.render.text import Times
from streams.core.phrases import plain

__all__ = ["EPISODE", "StoryLine", "story"]

EPISODE = "armenia-azerbaijan-2022-09"


class StoryLine(NamedTuple):
    """A report to send, as in the file and as an object, and the format of its times."""

    value: bytes
    report: dict[str, Any]
    times: Times

    @property
    def words(self) -> str:
        """The report in one line."""
        said = ", ".join(_claim_words(claim) for claim in self.report["claims"])
        return f"{self.report['source']}: {said}"


def story() -> Iterator[StoryLine]:
    """Iterate the story's reports in the order in which they were published."""
    for line in files("streams.defaults").joinpath("story.jsonl").read_bytes().splitlines():
        report = orjson.loads(line)
        zone = datetime.fromisoformat(report["published_at"]).tzinfo
        yield StoryLine(line, report, Times(zone or UTC, year=False))


def _claim_words(claim: dict[str, Any]) -> str:
    if claim["type"] == "casualties":
        derived = " in all" if claim.get("basis") == "derived" else ""
        return f"{claim['party']} {claim['outcome']} {claim['count']['best']}{derived}"
    if claim["type"] == "ceasefire":
        return f"ceasefire {claim['act'].replace('_', ' ')}"
    return f"{claim['act']}: {plain(claim.get('text') or claim['about'])}"
