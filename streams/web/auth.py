"""Access: a bearer token to post, and no other web site through a visitor's browser."""

import hmac
import re
from ipaddress import ip_address

from pydantic import SecretStr
from starlette.requests import Request

from streams.web.status_codes import ErrorCode, RequestRefused

#: A name or address in brackets, and a port (RFC 9110 section 7.2).
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]/@\s]+)(?::[0-9]{1,5})?")

__all__ = ["Guard", "is_loopback"]


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine's loopback."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Guard:
    """Checks requests; every check raises RequestRefused."""

    def __init__(self, token: SecretStr | None, *, loopback: bool) -> None:
        """Require the token to post; without one, posting is allowed only on loopback."""
        self._token = None if token is None else token.get_secret_value().encode()
        self._loopback = loopback

    def check(self, request: Request) -> None:
        """Refuse a foreign Host on loopback (by DNS rebinding any web page could read through it), or another site."""
        self.check_site(request)
        if self._loopback and not is_loopback(_host(request.headers.get("host", ""))):
            raise RequestRefused(
                ErrorCode.FOREIGN_HOST, "unknown Host: this server answers to localhost, 127.0.0.1 and [::1] only"
            )

    def check_site(self, request: Request) -> None:
        """Refuse a request that a page of another site makes in the background; following a link is allowed.

        Otherwise an image on any page could have this server fold histories. Pages under /embed/ may be framed.
        """
        headers = request.headers
        if headers.get("sec-fetch-site") != "cross-site":
            return
        followed = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") in {None, "document"}
        if not followed and not request.url.path.startswith("/embed/"):
            raise RequestRefused(ErrorCode.FOREIGN_ORIGIN, "requests by pages of other sites are not answered")

    def check_write(self, request: Request) -> None:
        """Refuse a post from a page of another site, or without the token."""
        origin = request.headers.get("origin")
        if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
            raise RequestRefused(ErrorCode.FOREIGN_ORIGIN, "posts from pages of other sites are not accepted")
        if self._token is None:
            if not self._loopback:
                raise RequestRefused(
                    ErrorCode.TOKEN_NEEDED,
                    "POST /reports is closed: other machines can reach this server and it has no token; start it with"
                    " TRUCELINE_TOKEN",
                )
            return
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self._token):
            raise RequestRefused(
                ErrorCode.UNAUTHORIZED, "wrong or missing token: send Authorization: Bearer <TRUCELINE_TOKEN>"
            )


def _host(header: str) -> str:
    """Return the host of a Host header in lower case, empty where the header is malformed."""
    match = _HOST.fullmatch(header)
    return "" if match is None else match[1].lower().removesuffix(".")
