"""Reviews: a person's decision on a draft, the resulting reports, and their effect (contract section 9)."""

from streams.review.decisions import Decided, Review, ReviewRefused, parse_review, reports_of
from streams.review.effect import Effect, effects, read_report

__all__ = ["Decided", "Effect", "Review", "ReviewRefused", "effects", "parse_review", "read_report", "reports_of"]
