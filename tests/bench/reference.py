"""A fixed piece of work, to hold figures of different machines and days against.

It does what a fold cannot avoid: read JSON, look up and change dictionaries, write JSON. It never changes; a figure
of truceline divided by this one's, in the same run, says whether truceline did.
"""

import time
from typing import Any

import orjson

from tests.bench.workloads import records

REPORTS = 50_000


def reports_a_second() -> float:
    """Return how many reports a second the loop does on one core."""
    values = [report.value for report in records("steady", REPORTS)]
    cells: dict[tuple[str, str], int] = {}
    started_s = time.process_time()
    for value in values:
        _loop(cells, orjson.loads(value))
    return REPORTS / (time.process_time() - started_s)


def _loop(cells: dict[tuple[str, str], int], report: dict[str, Any]) -> None:
    cell = (report["episode"], report["source"])
    before, after = cells.get(cell), report["claims"][0]["count"]["best"]
    cells[cell] = after
    orjson.dumps({"before": before, "after": after, "report": report})
