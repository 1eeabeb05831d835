"""Who may speak to the server: bearer token, and no other site through a reader's browser."""

import hmac
from ipaddress import ip_address

from pydantic import SecretStr
from starlette.requests import Request

__all__ = ["Forbidden", "Guard", "is_loopback"]


class Forbidden(Exception):
    """A request is not allowed: `status` is 401 or 403, `code` names the reason."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine alone."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Guard:
    """Lets a request pass, or raises Forbidden."""

    def __init__(self, token: SecretStr | None, *, loopback: bool) -> None:
        """Whoever writes must know the token; with none, nobody may but where only this machine is listened to."""
        self._token = None if token is None else token.get_secret_value().encode()
        self._loopback = loopback

    def check(self, request: Request) -> None:
        """Refuse a name that points here from elsewhere (DNS rebinding): no web page may read through it."""
        if self._loopback and not is_loopback(_host(request.headers.get("host", ""))):
            raise Forbidden(403, "foreign_host", "this server answers to localhost, 127.0.0.1 and [::1] alone")

    def check_write(self, request: Request) -> None:
        """Refuse who may not post: a page of another site, or a missing or wrong token."""
        origin = request.headers.get("origin")
        if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
            raise Forbidden(403, "foreign_origin", "reports are not taken from pages of other sites")
        if self._token is None:
            if not self._loopback:
                raise Forbidden(
                    403, "token_needed", "others reach this address: POST /reports opens once TRUCELINE_TOKEN is set"
                )
            return
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self._token):
            raise Forbidden(401, "unauthorized", "POST /reports asks for Authorization: Bearer <TRUCELINE_TOKEN>")


def _host(header: str) -> str:
    if header.startswith("["):
        return header.partition("]")[0] + "]"
    return header.partition(":")[0]
