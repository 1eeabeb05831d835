"""Alerts sent on to people: mail, Slack, Telegram, webhooks … by Apprise (the extra `truceline[notify]`).

Where to is secret: the addresses come from the environment or from a file, and stand in no log line.
"""

from streams.notifications.notifier import DeliveryFailure, Notifier, create_notifier, undelivered
from streams.notifications.targets import NotificationTarget, NotSent, targets

__all__ = ["DeliveryFailure", "NotSent", "NotificationTarget", "Notifier", "create_notifier", "targets", "undelivered"]
