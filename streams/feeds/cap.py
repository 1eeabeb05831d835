"""CAP 1.2 (OASIS Common Alerting Protocol): an alert as an Alert, Update or Cancel message."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

from streams.core.phrases import Names, plain
from streams.feeds.entries import EPOCH
from streams.feeds.xml import add, document

__all__ = ["cap"]

_NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
_SEVERITIES = {"minor": "Minor", "moderate": "Moderate", "severe": "Severe", "extreme": "Extreme"}


def cap(
    alert: Mapping[str, Any],
    names: Names,
    page_url: str,
    *,
    sent_at: Mapping[str, str | None],
    sender: str = "truceline",
) -> bytes:
    """Return a CAP message of an alert (`schemas.alerts.Alert`).

    Alert where it raises; Update where it raises after one of the same rule that it resolves; Cancel where it
    resolves. References name the messages that it ends, as far as `sent_at` (alert_id to `at`) knows them.
    """
    sent = _time(alert["at"])
    raised, resolves = alert["state"] == "raised", alert["resolves"]
    kind = "Alert" if raised and not resolves else "Update" if raised else "Cancel"
    root = ET.Element("alert", xmlns=_NAMESPACE)
    add(root, "identifier", _identifier(alert["alert_id"]))
    add(root, "sender", sender)
    add(root, "sent", sent)
    add(root, "status", "Actual")
    add(root, "msgType", kind)
    add(root, "scope", "Public")
    ended = [f"{sender},{_identifier(each)},{_time(sent_at[each])}" for each in resolves if each in sent_at]
    if ended:
        add(root, "references", " ".join(ended))
    info = add(root, "info")
    add(info, "category", "Security")
    add(info, "event", f"{names.episode(alert['episode'])}: {alert['rule']}")
    add(info, "urgency", "Unknown" if raised else "Past")
    add(info, "severity", _SEVERITIES[alert["severity"]])
    add(info, "certainty", "Unknown")
    add(info, "senderName", "truceline")
    add(info, "headline", plain(alert["message"])[:160])
    add(info, "description", plain(alert["message"]))
    add(info, "web", page_url)
    for name, value in sorted(
        {"episode": alert["episode"], "change_id": alert["change_id"], **alert["subject"]}.items()
    ):
        parameter = add(info, "parameter")
        add(parameter, "valueName", name)
        add(parameter, "value", str(value))
    add(add(info, "area"), "areaDesc", names.episode(alert["episode"]))
    return document(root)


def _identifier(alert_id: str) -> str:
    """Return an alert's id without the characters that CAP forbids: spaces, commas, `<` and `&`."""
    return quote(alert_id, safe="/@:.-_")


def _time(text: str | None) -> str:
    """Return a time as CAP writes it: whole seconds and a numeric offset."""
    return f"{(text or EPOCH)[:19]}-00:00"
