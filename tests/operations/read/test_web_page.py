"""Pages from addresses, fetched from a server of the tests' own."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from streams.operations.read import web_page
from streams.operations.read.web_page import FetchFailed, fetch


class Pages(BaseHTTPRequestHandler):
    """Answers of every kind."""

    hold = threading.Event()

    def do_GET(self) -> None:
        match self.path:
            case "/page":
                self.answer(200, self.headers["Host"].encode())
            case "/moved":
                self.answer(302, b"", Location="/page")
            case "/loop":
                self.answer(302, b"", Location="/loop")
            case "/inside":
                self.answer(302, b"", Location="http://169.254.169.254/latest/meta-data")
            case "/elsewhere":
                self.answer(302, b"", Location="file:///etc/passwd")
            case "/large":
                self.answer(200, b"x" * 200_000)
            case "/slow":
                self.hold.wait(60)
            case _:
                self.answer(404, b"")

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    Pages.hold.set()
    server.shutdown()
    server.server_close()


async def test_a_page_is_fetched_and_redirects_are_followed(url: str) -> None:
    host = url.removeprefix("http://").encode()
    assert await fetch(f"{url}/page", allow_private=True) == (host, f"{url}/page")
    assert await fetch(f"{url}/moved", allow_private=True) == (host, f"{url}/page")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/loop", "more than 5 redirects"),
        ("/elsewhere", "file:///etc/passwd is not an http or https address"),
        ("/missing", "the server answered 404 Not Found"),
    ],
)
async def test_a_page_that_cannot_be_had_says_why(url: str, path: str, reason: str) -> None:
    with pytest.raises(FetchFailed, match=reason):
        await fetch(f"{url}{path}", allow_private=True)


async def test_private_addresses_are_refused(url: str) -> None:
    """Also by a name, and as the target of a redirect."""
    for address in (f"{url}/page", url.replace("127.0.0.1", "localhost"), "http://[::1]/", "http://10.0.0.1/"):
        with pytest.raises(FetchFailed, match="is not a public address; --allow-private takes it"):
            await fetch(address)


async def test_a_large_page_is_cut_off(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_page, "MAX_BYTES", 100_000)
    with pytest.raises(FetchFailed, match="longer than"):
        await fetch(f"{url}/large", allow_private=True)


async def test_a_server_that_does_not_answer_is_left(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_page, "LIMIT_S", 0.2)
    with pytest.raises(FetchFailed, match=r"no answer within|ReadTimeout"):
        await fetch(f"{url}/slow", allow_private=True)


@pytest.mark.parametrize("address", ["ftp://a.example/", "http://", "a.txt", "http:///x"])
async def test_only_web_addresses_are_fetched(address: str) -> None:
    with pytest.raises(FetchFailed, match="is not an http or https address"):
        await fetch(address)
