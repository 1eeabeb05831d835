"""The socket that is listened on."""

from __future__ import annotations

import socket

from streams.web.server import listen


def test_connections_send_without_waiting_for_acks() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
