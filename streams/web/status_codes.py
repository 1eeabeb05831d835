"""Error codes of HTTP answers, and the status of each."""

from collections.abc import Mapping
from enum import StrEnum

__all__ = ["STATUS", "ErrorCode", "RequestRefused"]


class ErrorCode(StrEnum):
    """The `code` of an answer that is an error, or of a report that was refused."""

    # Reports (contract section 2)
    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    INVALID = "invalid"
    MISROUTED = "misrouted"
    FROM_THE_FUTURE = "from_the_future"
    TOO_LATE = "too_late"
    REVISION_CONFLICT = "revision_conflict"
    INTERNAL = "internal"
    # Requests
    BAD_MARK = "bad_mark"
    UNAUTHORIZED = "unauthorized"
    TOKEN_NEEDED = "token_needed"  # noqa: S105 - a code
    FORBIDDEN = "forbidden"
    FOREIGN_HOST = "foreign_host"
    FOREIGN_ORIGIN = "foreign_origin"
    NOT_FOUND = "not_found"
    UNKNOWN_EPISODE = "unknown_episode"
    UNKNOWN_DOCUMENT = "unknown_document"
    NO_REVIEW_DESK = "no_review_desk"
    REVIEWED = "reviewed"
    NOT_IN_EFFECT = "not_in_effect"
    UNKNOWN_ALERT = "unknown_alert"
    UNKNOWN_TABLE = "unknown_table"
    UNKNOWN_FORMAT = "unknown_format"
    MISSING_LIBRARY = "missing_library"
    TOO_LONG = "too_long"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    ENCODING = "encoding"
    TIMEOUT = "timeout"
    PAST_TOO_LONG = "past_too_long"
    TOO_MANY = "too_many"
    UNAVAILABLE = "unavailable"


STATUS: Mapping[ErrorCode, int] = {
    ErrorCode.TOO_LARGE: 413,
    ErrorCode.NOT_JSON: 400,
    ErrorCode.INVALID: 422,
    ErrorCode.MISROUTED: 422,
    ErrorCode.FROM_THE_FUTURE: 422,
    ErrorCode.TOO_LATE: 422,
    ErrorCode.REVISION_CONFLICT: 409,
    ErrorCode.INTERNAL: 500,
    ErrorCode.BAD_MARK: 400,
    ErrorCode.UNAUTHORIZED: 401,
    ErrorCode.TOKEN_NEEDED: 403,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.FOREIGN_HOST: 403,
    ErrorCode.FOREIGN_ORIGIN: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.UNKNOWN_EPISODE: 404,
    ErrorCode.UNKNOWN_DOCUMENT: 404,
    ErrorCode.NO_REVIEW_DESK: 501,
    ErrorCode.REVIEWED: 409,
    ErrorCode.NOT_IN_EFFECT: 409,
    ErrorCode.UNKNOWN_ALERT: 404,
    ErrorCode.UNKNOWN_TABLE: 404,
    ErrorCode.UNKNOWN_FORMAT: 404,
    ErrorCode.MISSING_LIBRARY: 503,
    ErrorCode.TOO_LONG: 422,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.ENCODING: 415,
    ErrorCode.TIMEOUT: 408,
    ErrorCode.PAST_TOO_LONG: 422,
    ErrorCode.TOO_MANY: 429,
    ErrorCode.UNAVAILABLE: 503,
}


class RequestRefused(Exception):
    """A request that is answered with an error code."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
