"""The page at / and the files of `static`, under a version made from their content.

There is no build step. Files of a version may be cached for ever; the page itself is revalidated.
"""

import gzip
import hashlib
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

__all__ = ["SECURITY_HEADERS", "StaticPage"]

#: Only files of this server run, and no text becomes markup: trusted types forbid innerHTML.
_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
)
SECURITY_HEADERS = {
    "Content-Security-Policy": "; ".join(_POLICY),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_FOR_EVER = "public, max-age=31536000, immutable"
_MEDIA = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".html": "text/html",
    ".json": "application/json",
}
_PLAIN = "text/plain"
_INDEX = "index.html"
_NOT_FOUND = "404.html"
_VERSION = b"VERSION"


class _Asset(NamedTuple):
    body: bytes
    packed: bytes
    media: str
    etag: str


class StaticPage:
    """The page and its files, loaded once."""

    def __init__(self) -> None:
        """Load the files of the package."""
        found = dict(_walk(files("streams.web").joinpath("static"), ""))
        digest = hashlib.sha256()
        for name, body in sorted(found.items()):
            digest.update(b"%s\0%d\0%s" % (name.encode(), len(body), body))
        #: Path segment of the files of this version.
        self.version = digest.hexdigest()[:16]
        pages = {name: found.pop(name).replace(_VERSION, self.version.encode()) for name in (_INDEX, _NOT_FOUND)}
        self._assets = {name: _asset(name, body) for name, body in found.items()}
        self._index = _asset(_INDEX, pages[_INDEX])
        self._not_found = pages[_NOT_FOUND]

    async def index(self, request: Request) -> Response:
        """Answer `GET /`."""
        return _answer(request, self._index, "no-cache")

    def not_found(self, request: Request) -> Response | None:
        """Return a page that leads back to the start, for a browser; None for other clients."""
        if not _accepts_html(request):
            return None
        return Response(self._not_found, 404, media_type="text/html", headers={**SECURITY_HEADERS})

    async def static(self, request: Request) -> Response:
        """Answer `GET /static/{version}/{path}`; other versions are not found."""
        asset = self._assets.get(request.path_params["path"])
        if asset is None or request.path_params["version"] != self.version:
            return Response("no such file", 404, media_type=_PLAIN, headers={**SECURITY_HEADERS})
        return _answer(request, asset, _FOR_EVER)


def _accepts_html(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _walk(entry, f"{prefix}{entry.name}/")
        else:
            found.append((prefix + entry.name, entry.read_bytes()))
    return found


def _asset(name: str, body: bytes) -> _Asset:
    media = _MEDIA.get(name[name.rfind(".") :] if "." in name else "", _PLAIN)
    return _Asset(body, gzip.compress(body, mtime=0), media, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def _answer(request: Request, asset: _Asset, cache: str) -> Response:
    headers = {**SECURITY_HEADERS, "Cache-Control": cache, "ETag": asset.etag, "Vary": "Accept-Encoding"}
    if asset.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    body = asset.body
    if "gzip" in request.headers.get("accept-encoding", ""):
        body = asset.packed
        headers["Content-Encoding"] = "gzip"
    return Response(body, media_type=asset.media, headers=headers)
