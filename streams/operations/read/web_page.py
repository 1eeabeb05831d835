"""A page from an address, within limits of size, time and redirects, and not from private addresses."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from urllib.parse import urljoin, urlsplit

import anyio
import httpx2

__all__ = ["Answer", "FetchFailed", "fetch", "get", "status_words"]

MAX_BYTES = 10 << 20
LIMIT_S = 20.0
REDIRECTS_MAX = 5
USER_AGENT = "truceline (reads pages that a person named)"


class FetchFailed(Exception):
    """A page that was not fetched; the message names the address and the reason."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer of a server at the end of its redirects; `moved` is True if all of them were permanent."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    moved: bool = False


async def fetch(url: str, *, allow_private: bool = False) -> tuple[bytes, str]:
    """Return the body of a page and the address that it came from in the end. Raises FetchFailed."""
    answer = await get(url, allow_private=allow_private)
    if answer.status != httpx2.codes.OK:
        raise FetchFailed(f"{answer.url}: the server answered {status_words(answer.status)}")
    return answer.body, answer.url


def status_words(status: int) -> str:
    """Return a status with its phrase: `404 Not Found`."""
    return f"{status} {httpx2.codes.get_reason_phrase(status)}".strip()


async def get(url: str, *, allow_private: bool = False, headers: Mapping[str, str] | None = None) -> Answer:
    """Return the answer to a GET, whatever its status, after at most REDIRECTS_MAX redirects.

    The name is resolved once and the connection goes to that address, so that it cannot change between the check
    and the request. Raises FetchFailed.
    """
    permanent: set[bool] = set()
    try:
        with anyio.fail_after(LIMIT_S):
            for _ in range(REDIRECTS_MAX + 1):
                answer = await _get(url, headers or {}, allow_private=allow_private)
                if answer.status not in _REDIRECTS or "location" not in answer.headers:
                    return replace(answer, moved=permanent == {True})
                permanent.add(answer.status in _PERMANENT)
                url = urljoin(url, answer.headers["location"])
    except TimeoutError:
        raise FetchFailed(f"{url}: no answer within {LIMIT_S:.0f} s") from None
    except httpx2.HTTPError as error:
        raise FetchFailed(f"{url}: {str(error) or type(error).__name__}") from error
    raise FetchFailed(f"{url}: more than {REDIRECTS_MAX} redirects")


async def _get(url: str, wanted: Mapping[str, str], *, allow_private: bool) -> Answer:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FetchFailed(f"{url} is not an http or https address")
    address = await _resolve(url, parts.hostname, parts.port or _PORTS[parts.scheme], allow_private=allow_private)
    host = f"[{address}]" if ":" in address else address
    direct = parts._replace(netloc=host if parts.port is None else f"{host}:{parts.port}", fragment="").geturl()
    headers = {**wanted, "Host": parts.netloc.rpartition("@")[2], "User-Agent": USER_AGENT}
    extensions = {"sni_hostname": parts.hostname}
    async with (
        httpx2.AsyncClient(timeout=LIMIT_S, trust_env=False) as client,
        client.stream("GET", direct, headers=headers, extensions=extensions) as answer,
    ):
        body = bytearray()
        if answer.status_code == httpx2.codes.OK:
            async for piece in answer.aiter_bytes(65_536):
                body += piece
                if len(body) > MAX_BYTES:
                    raise FetchFailed(f"{url}: longer than {MAX_BYTES >> 20} MiB")
        return Answer(answer.status_code, dict(answer.headers), bytes(body), url)


_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_PORTS = {"http": 80, "https": 443}


async def _resolve(url: str, host: str, port: int, *, allow_private: bool) -> str:
    try:
        found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise FetchFailed(f"{url}: no such host: {error.strerror}") from error
    addresses = [str(each[4][0]) for each in found]
    if not allow_private and (private := [each for each in addresses if not ip_address(each).is_global]):
        raise FetchFailed(f"{url}: {private[0]} is not a public address; --allow-private takes it")
    return addresses[0]
