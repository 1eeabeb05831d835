"""Accepted reports that a new one may repeat: a warning to the person who sends it. Pure."""

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from typing import Final, NamedTuple

from streams.core.model import Casualty, Report
from streams.core.times import format_time

__all__ = ["LOOK_ALIKES_MAX", "LookAlike", "look_alikes"]

LOOK_ALIKES_MAX: Final = 5
#: The most time between two publications.
_NEAR_US: Final = 2 * 86_400_000_000
#: Numbers are near within a twentieth.
_NEAR_SHARE: Final = 20
#: Headlines are alike from this ratio of common characters on.
_ALIKE: Final = 0.8


class LookAlike(NamedTuple):
    """An accepted report, and why it may be the same: the figure, or the headline."""

    report_id: str
    source: str
    published_at: str
    url: str | None
    headline: str | None
    why: str


def look_alikes(report: Report, accepted: Iterable[Report]) -> tuple[LookAlike, ...]:
    """Return the accepted reports that `report` may repeat, the newest first, up to LOOK_ALIKES_MAX.

    Another report, published within two days, with the same party and outcome and a near number; or with a like
    headline.
    """
    near = (
        other
        for other in accepted
        if other.report_id != report.report_id
        and not other.withdrawn
        and abs(other.published_at - report.published_at) <= _NEAR_US
    )
    found = [(other, why) for other in near if (why := _why(report, other))]
    found.sort(key=lambda each: (-each[0].published_at, each[0].report_id))
    return tuple(
        LookAlike(other.report_id, other.source, format_time(other.published_at), other.url, other.headline, why)
        for other, why in found[:LOOK_ALIKES_MAX]
    )


def _why(report: Report, other: Report) -> str | None:
    for claim in _figures(report):
        for said in _figures(other):
            if (claim.party, claim.outcome) == (said.party, said.outcome) and _is_near(claim.best, said.best):
                return f"{said.party} {said.outcome}: {said.best:,}"
    if report.headline and other.headline:
        ratio = SequenceMatcher(None, report.headline.lower(), other.headline.lower()).ratio()
        return "headline" if ratio >= _ALIKE else None
    return None


def _figures(report: Report) -> Iterator[Casualty]:
    return (claim for claim in report.claims if isinstance(claim, Casualty))


def _is_near(one: int, other: int) -> bool:
    return abs(one - other) * _NEAR_SHARE <= max(one, other)
