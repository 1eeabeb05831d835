"""Send an alert as a notification to every target, with exponential backoff."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from schemas.alerts import SEVERITIES, Alert, Severity, Undelivered
from streams.core.times import SECOND_US, parse_time
from streams.notifications.targets import NotificationTarget, NotSent, targets
from streams.observability import metrics
from streams.settings import Settings, read_secret

__all__ = ["DeliveryFailure", "Notifier", "create_notifier", "undelivered"]

PAUSE_FIRST_S = 1.0
PAUSE_MOST_S = 60.0
#: Ids of sent alerts to remember; the oldest are dropped. Repeats come close together.
SENT_IDS_MAX = 10_000

_KINDS = {"minor": "info", "moderate": "warning", "severe": "warning", "extreme": "failure"}

#: Mentions (`@all`, `@everyone`) begin with this in every chat; a zero-width space after it breaks them.
_DEFUSED = str.maketrans({"@": "@\u200b"})

_log = structlog.get_logger(__name__)


class DeliveryFailure(NamedTuple):
    """An alert that a target refused on every attempt."""

    target: str
    tries: int
    reason: str


class Notifier:
    """Sends each alert to all targets, once within this process."""

    def __init__(
        self,
        to: Sequence[NotificationTarget],
        *,
        tries: int = 6,
        max_age_us: int | None = None,
        least: Severity = "minor",
        now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`tries` is per target; alerts older than `max_age_us` or below the severity `least` are not sent."""
        self.targets = tuple(to)
        self._tries = tries
        self._max_age_us = max_age_us
        self._severities = SEVERITIES[SEVERITIES.index(least) :]
        self._now_us = now_us
        self._sleep = sleep
        self._sent: dict[str, None] = {}
        #: Targets whose last alert failed; each gets a single attempt until it accepts one.
        self._down: set[str] = set()

    async def deliver(self, alert: Alert) -> list[DeliveryFailure]:
        """Send an alert to every target; return the failures.

        Repeats, old alerts and alerts of a low severity are not sent.
        """
        alert_id = alert["alert_id"]
        if alert_id in self._sent or not self._is_wanted(alert):
            return []
        ends = await asyncio.gather(*(self._send(target, alert) for target in self.targets))
        for end in ends:
            metrics.NOTIFICATIONS.labels("delivered" if end is None else "undelivered").inc()
        self._sent[alert_id] = None
        if len(self._sent) > SENT_IDS_MAX:
            del self._sent[next(iter(self._sent))]
        return [end for end in ends if end is not None]

    def _is_wanted(self, alert: Alert) -> bool:
        if alert["severity"] not in self._severities:
            return False
        if self._max_age_us is None or alert["at"] is None:
            return True
        if self._now_us() - parse_time(alert["at"]) <= self._max_age_us:
            return True
        _log.debug("alert_too_old", alert_id=alert["alert_id"], at=alert["at"])
        return False

    async def _send(self, target: NotificationTarget, alert: Alert) -> DeliveryFailure | None:
        title, body, kind = notification(alert)
        tries = 1 if target.name in self._down else self._tries
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(NotSent),
            stop=stop_after_attempt(tries),
            wait=wait_exponential_jitter(initial=PAUSE_FIRST_S, max=PAUSE_MOST_S),
            sleep=self._sleep,
            before_sleep=lambda state: _note(target, alert, state),
            reraise=True,
        )
        try:
            await retrying(target.send, title, body, kind)
        except NotSent as error:
            self._down.add(target.name)
            _log.error("alert_undelivered", target=target.name, alert_id=alert["alert_id"], reason=str(error))
            return DeliveryFailure(target.name, tries, str(error))
        self._down.discard(target.name)
        return None


def undelivered(alert: Alert, lost: DeliveryFailure) -> Undelivered:
    """Return the record of an alert that a target did not get."""
    return {
        "alert_id": alert["alert_id"], "target": lost.target, "tries": lost.tries, "reason": lost.reason, "alert": alert
    }  # fmt: skip


def create_notifier(settings: Settings) -> Notifier | None:
    """Return the notifier of the settings, None without targets.

    Raises SettingsError, whose message holds no secret.
    """
    urls = read_secret(settings.notify_urls, settings.notify_urls_file, "address")
    if urls is None:
        return None
    return Notifier(
        targets(urls),
        tries=settings.notify_tries,
        max_age_us=int(settings.notify_max_age.total_seconds()) * SECOND_US,
        least=settings.notify_severity,
    )


def notification(alert: Alert) -> tuple[str, str, str]:
    """Return the title, text and kind of an alert's notification."""
    over = alert["state"] == "resolved"
    title = f"{'Over' if over else alert['severity'].capitalize()}: {alert['episode']}"
    cause = alert["cause"]
    lines = [defused(alert["message"])]
    if alert["suppressed"]:
        lines.append(f"({alert['suppressed']} more suppressed)")
    lines += ["", f"{alert['at'] or ''} {alert['rule']}".strip()]
    if cause.get("source"):
        relayed = f", relayed by {cause['relayed_by']}" if cause["relayed_by"] else ""
        lines.append(f"reported by {cause['source']}{relayed}")
    if cause.get("url"):
        lines.append(defused(cause["url"]))
    lines.append(alert["alert_id"])
    return title, "\n".join(lines), "success" if over else _KINDS[alert["severity"]]


def defused(text: str) -> str:
    """Return a text in which `@all`, `<!channel>` and chat links have no effect."""
    return text.translate(_DEFUSED).replace("<!", "<\u200b!").replace("](", "]\u200b(")


def _note(target: NotificationTarget, alert: Alert, state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    _log.warning(
        "notification_failed",
        target=target.name,
        alert_id=alert["alert_id"],
        attempt=state.attempt_number,
        retrying=True,
        reason=str(error),
    )
