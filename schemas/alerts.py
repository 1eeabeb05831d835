"""The record of an alert on its topic; streams/alerts has the rules that raise one."""

from typing import Any, Literal, get_args

from typing_extensions import TypedDict

#: As CAP 1.2 grades them, the least first.
Severity = Literal["minor", "moderate", "severe", "extreme"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
State = Literal["raised", "resolved"]


class Alert(TypedDict):
    """One alert event. The same change under the same rule makes the same id, whenever it is seen."""

    #: Identifies repeats: `<rule>:<its origin>`, with `/resolved` appended when it is over.
    alert_id: str
    rule: str
    state: State
    #: The ids of the alerts that are over with this one; empty where it raises.
    resolves: list[str]
    severity: Severity
    episode: str
    #: The episode's clock when it was raised, in event time; null where no time is known yet.
    at: str | None
    #: Which condition of the rule held: crosses, rises …
    condition: str
    #: Its subject: source, party, outcome and population, or ceasefire and view.
    subject: dict[str, str]
    message: str
    #: The values in the message.
    facts: dict[str, Any]
    #: The number of alerts of its group suppressed since the last one.
    suppressed: int
    topic: Literal["casualties", "ceasefires"]
    #: The change at which it came up, and that change's cause (contract section 6).
    change_id: str
    cause: dict[str, Any]


class Undelivered(TypedDict):
    """An alert that somebody did not get, however often it was tried. Ids repeat where a delivery does."""

    alert_id: str
    #: The name of the target; its address is secret.
    target: str
    tries: int
    reason: str
    alert: Alert
