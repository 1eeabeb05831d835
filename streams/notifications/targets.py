"""Notification targets, one Apprise URL each.

The environment variable or file has one per line, optionally with a name before it:

    # the desk on duty
    duty=mailtos://user:password@example.org?to=duty@example.org
    slack://TokenA/TokenB/TokenC
"""

import asyncio
import re
from collections.abc import Iterator
from typing import Any, Protocol

from streams.notifications.redaction import reasons, redact_address, silenced
from streams.settings import SettingsError

__all__ = ["AppriseTarget", "NotSent", "NotificationTarget", "targets"]

#: Limit of one attempt. Apprise itself waits four seconds for a connection and four for an answer, mail longer.
SEND_S = 60.0
MAX_TARGETS = 50

_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]{0,39})=(?=[A-Za-z][A-Za-z0-9+.-]*://)")


class NotSent(Exception):
    """A target refused a notification; the message holds the reason and no secret."""


class NotificationTarget(Protocol):
    """A receiver of notifications."""

    #: Its name in logs; never its address.
    name: str

    async def send(self, title: str, body: str, kind: str) -> None:
        """Send a notification of a kind, info, success, warning or failure; raises NotSent."""
        ...


class AppriseTarget:
    """One Apprise URL."""

    def __init__(self, name: str, url: str) -> None:
        """Raise SettingsError where Apprise is not installed or cannot use the address."""
        self.name = name
        self._redaction = redact_address(url)
        try:
            import apprise  # noqa: PLC0415 - an extra, and half a second
        except ImportError:
            raise SettingsError("notifications need Apprise: pip install 'truceline[notify]'") from None
        self._text = apprise.NotifyFormat.TEXT
        with silenced():
            self._plugin: Any = apprise.Apprise.instantiate(url)
        if self._plugin is None:
            scheme = url.partition("://")[0]
            raise SettingsError(f"TRUCELINE_NOTIFY_URLS: {name} is not a {scheme}:// address that Apprise can use")

    async def send(self, title: str, body: str, kind: str) -> None:
        """Send a notification from another thread; raises NotSent."""
        lines: list[str] = []
        reasons.set(lines)
        try:
            async with asyncio.timeout(SEND_S):
                sent = await asyncio.to_thread(
                    self._plugin.notify, title=title, body=body, notify_type=kind, body_format=self._text
                )
        except TimeoutError:
            raise NotSent(f"timeout after {SEND_S:.0f} s") from None
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything, and another try may do
            raise NotSent(self._redaction.redact(f"{type(error).__name__}: {error}")) from None
        finally:
            reasons.set(None)
        if not sent:
            raise NotSent("; ".join(lines) or "refused without a reason")


def targets(text: str) -> list[NotificationTarget]:
    """Return the targets in a text; raises SettingsError, whose message holds no secret."""
    named = list(_urls(text))
    if len(named) > MAX_TARGETS:
        raise SettingsError(f"TRUCELINE_NOTIFY_URLS: {len(named)} addresses, at most {MAX_TARGETS}")
    names = [name for name, _ in named]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SettingsError(f"TRUCELINE_NOTIFY_URLS: two targets are named {', '.join(twice)}")
    return [AppriseTarget(name, url) for name, url in named]


def _urls(text: str) -> Iterator[tuple[str, str]]:
    number = 0
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            continue
        for word in line.split():
            number += 1
            name = _NAMED.match(word)
            url = word if name is None else word[name.end() :]
            scheme, sign, _ = url.partition("://")
            if not sign:
                raise SettingsError(f"TRUCELINE_NOTIFY_URLS: address {number} is not a URL such as mailto://…")
            yield (f"{scheme}-{number}" if name is None else name[1]), url
