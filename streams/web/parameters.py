"""Parts of a query that several addresses take."""

from starlette.requests import Request

from streams.core.times import read_time
from streams.web.status_codes import ErrorCode, RequestRefused

__all__ = ["time_us"]


def time_us(request: Request, name: str) -> int | None:
    """Return a time of the query in microseconds, None where it is missing; raises RequestRefused."""
    text = request.query_params.get(name)
    try:
        return None if text is None else read_time(text)
    except ValueError as fault:
        raise RequestRefused(ErrorCode.INVALID, f"{name}: {fault}") from None
