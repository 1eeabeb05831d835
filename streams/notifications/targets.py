"""Targets: where alerts are sent on to, one Apprise URL each.

In the environment or the file they stand one a line, with a name before it or not:

    # the desk on duty
    duty=mailtos://user:password@example.org?to=duty@example.org
    slack://TokenA/TokenB/TokenC
"""

import asyncio
import re
from collections.abc import Iterator
from typing import Any, Protocol

from streams.notifications.redaction import reasons, redact_address
from streams.settings import SettingsError

__all__ = ["AppriseTarget", "NotSent", "NotificationTarget", "targets"]

#: For one try. Apprise itself waits four seconds for a connection and four for an answer, mail longer.
SEND_S = 60.0
MAX_TARGETS = 50

_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]{0,39})=(?=[A-Za-z][A-Za-z0-9+.-]*://)")


class NotSent(Exception):
    """A target has not taken a notification; the message says why, and nothing secret."""


class NotificationTarget(Protocol):
    """Whom alerts are sent to."""

    #: What it is called in logs; never its address.
    name: str

    async def send(self, title: str, body: str, kind: str) -> None:
        """Send a notification of a kind, info, success, warning or failure; raises NotSent."""
        ...


class AppriseTarget:
    """One Apprise URL."""

    def __init__(self, name: str, url: str) -> None:
        """Raise SettingsError where Apprise knows no such address, or is not there."""
        self.name = name
        self._redaction = redact_address(url)
        try:
            import apprise  # noqa: PLC0415 - an extra, and half a second
        except ImportError:
            raise SettingsError("alerts are sent on by Apprise: pip install 'truceline[notify]'") from None
        self._text = apprise.NotifyFormat.TEXT
        self._plugin: Any = apprise.Apprise.instantiate(url)
        if self._plugin is None:
            scheme = url.partition("://")[0]
            raise SettingsError(
                f"TRUCELINE_NOTIFY_URLS: {name} is no {scheme}:// address that Apprise knows how to use"
            )

    async def send(self, title: str, body: str, kind: str) -> None:
        """Send a notification from a thread of its own."""
        said: list[str] = []
        reasons.set(said)
        try:
            async with asyncio.timeout(SEND_S):
                sent = await asyncio.to_thread(
                    self._plugin.notify, title=title, body=body, notify_type=kind, body_format=self._text
                )
        except TimeoutError:
            raise NotSent(f"no end of it after {SEND_S:.0f} s") from None
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything, and another try may do
            raise NotSent(self._redaction.redact(f"{type(error).__name__}: {error}")) from None
        finally:
            reasons.set(None)
        if not sent:
            raise NotSent("; ".join(said) or "refused, with no reason given")


def targets(text: str) -> list[NotificationTarget]:
    """Return the targets that a text names; raises SettingsError, with nothing secret in it."""
    named = list(_urls(text))
    if len(named) > MAX_TARGETS:
        raise SettingsError(f"TRUCELINE_NOTIFY_URLS: {len(named)} addresses, at most {MAX_TARGETS}")
    names = [name for name, _ in named]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SettingsError(f"TRUCELINE_NOTIFY_URLS: two addresses are called {', '.join(twice)}")
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
                raise SettingsError(f"TRUCELINE_NOTIFY_URLS: the {number}. address is no URL such as mailto://…")
            yield (f"{scheme}-{number}" if name is None else name[1]), url
