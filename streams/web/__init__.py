"""HTTP in and out, the same over Kafka and over one SQLite file."""

from streams.web.app import create_app

__all__ = ["create_app"]
