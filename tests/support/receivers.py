"""A web hook and a mail server on this machine, and an alert to send them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.smtp import SMTP

from schemas.alerts import Alert
from streams.core.times import parse_time
from tests.support.build import at

AT = at(14, 12)
NOW_US = parse_time(at(14, 13))


class Hook:
    """A web hook that answers with the codes it is given, then with 200."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answers: list[int] = []
        self.posted: list[dict[str, Any]] = []

    def url(self, path: str = "") -> str:
        """Its address as Apprise writes it."""
        return f"json://127.0.0.1:{self.port}/{path}"


@contextlib.contextmanager
def hook() -> Iterator[Hook]:
    """A web hook that runs while the block does."""

    class Post(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiving.posted.append(json.loads(body))
            self.send_response(receiving.answers.pop(0) if receiving.answers else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Post)
    receiving = Hook(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiving
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Mailbox:
    """A mail server that takes everything, but for the next `refusing` mails."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refusing = 0
        self.port = 0

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.refusing:
            self.refusing -= 1
            return "451 try again later"
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"

    def url(self) -> str:
        """Its address as Apprise writes it."""
        return f"mailto://127.0.0.1:{self.port}?from=watch@example.org&to=duty@example.org&mode=insecure&format=text"


@contextlib.asynccontextmanager
async def mailbox() -> AsyncIterator[Mailbox]:
    """A mail server that runs while the block does, on the test's own loop."""
    receiving = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(receiving, loop=loop), "127.0.0.1", 0)
    receiving.port = server.sockets[0].getsockname()[1]
    try:
        yield receiving
    finally:
        server.close()


def alert(alert_id: str = "r:war/mod@1", **fields: Any) -> Alert:
    """An alert, raised at noon of the 14th."""
    cause = {
        "report_id": "r-1", "revision": 1, "withdrawn": False, "source": "mod", "relayed_by": "paper",
        "url": "https://example.org/1", "headline": "71 dead", "published_at": AT,
    }  # fmt: skip
    made: dict[str, Any] = {
        "alert_id": alert_id, "rule": "r", "state": "raised", "resolves": [], "severity": "severe", "episode": "war",
        "at": AT, "condition": "crosses", "subject": {"source": "mod"}, "message": "71 dead, says mod", "facts": {},
        "suppressed": 0, "topic": "casualties", "change_id": "war/mod@1", "cause": cause,
    }  # fmt: skip
    return {**made, **fields}  # type: ignore[typeddict-item]
