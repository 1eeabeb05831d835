"""The HTTP server, the same on Kafka and on SQLite."""

from streams.web.app import create_app

__all__ = ["create_app"]
