"""Reviews: decisions on drafts, the reports that they send, their effect, how often drafts are right (section 9)."""

from streams.review.decisions import Decided, Review, ReviewRefused, parse_review, reports_of
from streams.review.effect import Effect, effects, read_report
from streams.review.gold import coded_document
from streams.review.quality import Quality

__all__ = [
    "Decided",
    "Effect",
    "Quality",
    "Review",
    "ReviewRefused",
    "coded_document",
    "effects",
    "parse_review",
    "read_report",
    "reports_of",
]
