"""Log records of reports that differ by a number: `report(7)` is r-7 of the episode e-1, in a log of one partition."""

from __future__ import annotations

import json
from typing import Any

from streams.kafka.routing import partition_of
from tests.support.mixed_log import Sent

NOW_MS = 1_700_000_000_000


def figure(number: int) -> dict[str, Any]:
    return {"type": "casualties", "party": f"p-{number}", "outcome": "killed", "count": {"best": number}}


def report(number: int, episode: str = "e-1", **more: Any) -> Sent:
    content = {
        "report_id": f"r-{number}", "episode": episode, "source": "reuters", "published_at": "2022-09-15T10:30:00Z",
        "claims": [figure(number)],
    }  # fmt: skip
    key = episode.encode()
    return Sent(partition_of(key, 1), key, json.dumps(content | more).encode(), NOW_MS)
