"""Access: a writer's token to post, and no other web site through a visitor's browser (contract section 10)."""

import hmac
import re
from ipaddress import ip_address

from pydantic import SecretStr
from starlette.requests import Request

from streams.files.writers import Role, Writer, Writers
from streams.web.status_codes import ErrorCode, RequestRefused

#: A name or address in brackets, and a port (RFC 9110 section 7.2).
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]/@\s]+)(?::[0-9]{1,5})?")

__all__ = ["COOKIE", "ONE_ADMIN", "Guard", "is_loopback"]

#: The cookie in which a browser keeps the token; HttpOnly and SameSite=Strict.
COOKIE = "truceline_token"
#: The writer of a server without a file of writers: the holder of its token, or the user of this machine.
ONE_ADMIN = Writer("admin", "admin")


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

    def __init__(self, token: SecretStr | None, *, loopback: bool, writers: Writers | None = None) -> None:
        """Require the token, or that of a writer, to post; without any, posting is allowed only on loopback."""
        self._token = None if token is None else token.get_secret_value().encode()
        self._loopback = loopback
        self._writers = writers

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

    def check_write(self, request: Request, role: Role = "writer") -> Writer:
        """Return who writes. Refuse a page of another site, an unknown token, and a writer with fewer rights."""
        self.check_origin(request)
        writer = self.writer(request)
        if not writer.may(role):
            raise RequestRefused(ErrorCode.FORBIDDEN, f"{writer.name} is a {writer.role}: this takes a {role}")
        return writer

    def check_origin(self, request: Request) -> None:
        """Refuse a post by a page of another site; its browser always says where it comes from."""
        origin = request.headers.get("origin")
        if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
            raise RequestRefused(ErrorCode.FOREIGN_ORIGIN, "posts from pages of other sites are not accepted")

    def writer(self, request: Request) -> Writer:
        """Return the holder of the request's token. Raises RequestRefused without a known one."""
        if self._token is None and self._writers is None:
            if not self._loopback:
                raise RequestRefused(
                    ErrorCode.TOKEN_NEEDED,
                    "POST /reports is closed: other machines can reach this server and it has no token; start it with"
                    " TRUCELINE_TOKEN or --writers FILE",
                )
            return ONE_ADMIN
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        token = given.strip() if scheme.lower() == "bearer" else request.cookies.get(COOKIE, "")
        if (writer := self.holder(token)) is None:
            raise RequestRefused(
                ErrorCode.UNAUTHORIZED, "wrong or missing token: send Authorization: Bearer <TRUCELINE_TOKEN>"
            )
        return writer

    def reader(self, request: Request) -> str | None:
        """Return the name of who reads, None for somebody without a token or where there is no file of writers."""
        try:
            return self.author(self.writer(request))
        except RequestRefused:
            return None

    def holder(self, token: str) -> Writer | None:
        """Return who holds a token; compared in constant time."""
        known = None if self._writers is None else self._writers.holder(token)
        if self._token is not None and hmac.compare_digest(token.encode(), self._token):
            return ONE_ADMIN
        return known

    def author(self, writer: Writer) -> str | None:
        """Return the name that is kept with what a writer puts in; None where there is no file of writers."""
        return None if self._writers is None else writer.name


def _host(header: str) -> str:
    """Return the host of a Host header in lower case, empty where the header is malformed."""
    match = _HOST.fullmatch(header)
    return "" if match is None else match[1].lower().removesuffix(".")
