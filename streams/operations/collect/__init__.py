"""Feeds that are followed: what is new in them becomes documents."""

from streams.operations.collect.collector import Collector
from streams.operations.collect.feeds_file import Feed, FeedsError, read_feeds
from streams.operations.collect.journal import Journal

__all__ = ["Collector", "Feed", "FeedsError", "Journal", "read_feeds"]
