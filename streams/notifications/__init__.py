"""Notifications of alerts by mail, Slack, Telegram, webhooks …, sent by Apprise (the extra `truceline[notify]`).

Target addresses are secrets: they come from the environment or a file, and are never logged.
"""

from streams.notifications.notifier import DeliveryFailure, Notifier, create_notifier, undelivered
from streams.notifications.targets import NotificationTarget, NotSent, targets

__all__ = ["DeliveryFailure", "NotSent", "NotificationTarget", "Notifier", "create_notifier", "targets", "undelivered"]
