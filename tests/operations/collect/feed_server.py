"""A web server of feeds whose answers a test sets, and which keeps what was asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RSS = """<?xml version="1.0" encoding="{encoding}"?><rss version="2.0"><channel><title>Wire</title>
<language>en-GB</language>{items}</channel></rss>"""


def item(number: int, text: str, *, date: str = "Tue, 13 Sep 2022 09:00:00 +0400", more: str = "") -> str:
    """Return one item of RSS."""
    link = f"<link>https://example.org/{number}</link><guid>g{number}</guid>"
    when = f"<pubDate>{date}</pubDate>" if date else ""
    return f"<item><title>Item {number}</title>{link}{when}<description>{text}</description>{more}</item>"


def rss(*items: str, encoding: str = "utf-8") -> bytes:
    """Return a feed of items."""
    return RSS.format(encoding=encoding, items="".join(items)).encode(encoding)


@dataclass
class Reply:
    """Answer of the server on one path; `wait` is set when it may answer."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait: threading.Event | None = None


class FeedServer:
    """The server: replies by path, and the headers of each request."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.replies: dict[str, Reply] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.posted: list[bytes] = []


@contextmanager
def feed_server() -> Iterator[FeedServer]:
    """A server that runs while the block does."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            serving.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            reply = serving.replies.get(self.path, Reply(status=404))
            if reply.wait is not None:
                reply.wait.wait(10)
            etag = reply.headers.get("ETag")
            same = etag is not None and self.headers.get("If-None-Match") == etag
            self.send_response(304 if same else reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"" if same else reply.body)

        def do_POST(self) -> None:
            serving.posted.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(serving.replies.get(self.path, Reply(status=202)).status)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    serving = FeedServer(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield serving
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
