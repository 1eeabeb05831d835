"""Feeds: changes and alerts as Atom, JSON Feed, CAP and iCalendar (contract section 12). Pure."""

from streams.feeds.atom import atom
from streams.feeds.calendar import calendar
from streams.feeds.cap import cap
from streams.feeds.entries import Entry, FeedInfo, alert_entry, change_entry
from streams.feeds.json_feed import json_feed

__all__ = ["Entry", "FeedInfo", "alert_entry", "atom", "calendar", "cap", "change_entry", "json_feed"]
