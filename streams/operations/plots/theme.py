"""The look of a picture: two themes, colours that the colour-blind can distinguish, and a style for every status.

The colours of lines are Okabe and Ito's (2008), lightened where the ground is dark. No meaning hangs on colour alone:
lines differ in dashes too, a status is written on its band, and marks differ in shape.
"""

from dataclasses import dataclass

__all__ = ["DASHES", "DPI", "MARKS", "STATUSES", "THEMES", "THIN", "Theme"]

DPI = 100

Dash = str | tuple[int, tuple[float, ...]]

DASHES: tuple[Dash, ...] = (
    "solid",
    (0, (5, 2)),
    (0, (1.5, 1.5)),
    (0, (6, 1.5, 1.5, 1.5)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (8, 3)),
)

# Statuses that are over are drawn thin: what was is past.
THIN = frozenset({"none", "ended", "expired", "rejected", "never_took_effect"})

# The words and the mark of each act of a ceasefire.
MARKS = {
    "alleged": ("violation alleged", "x"),
    "denied": ("violation denied", "o"),
    "confirmed": ("violation confirmed", "X"),
    "not_confirmed": ("not confirmed by a party", "$?$"),
}

# Status → the name of its colour in a theme, and its hatching.
STATUSES = {
    "none": ("quiet", ""),
    "called_for": ("tentative", ""),
    "proposed": ("tentative", "//"),
    "rejected": ("broken", "//"),
    "agreed": ("promised", "//"),
    "announced": ("promised", ""),
    "in_effect": ("holding", ""),
    "suspended": ("tentative", "xx"),
    "ended": ("over", ""),
    "expired": ("over", "//"),
    "collapsed": ("broken", ""),
    "never_took_effect": ("broken", ".."),
}


@dataclass(frozen=True, slots=True)
class Theme:
    """A ground, the inks on it, the colours of lines in turn, and those of statuses by name."""

    name: str
    ground: str
    ink: str
    faint: str
    grid: str
    lines: tuple[str, ...]
    statuses: dict[str, str]


THEMES = {
    "light": Theme(
        "light",
        ground="#ffffff",
        ink="#1a1a1a",
        faint="#5c5c5c",
        grid="#e2e2e2",
        lines=("#0072b2", "#d55e00", "#007a5a", "#a8437f", "#946200", "#3b3b3b", "#2f8fc4"),
        statuses={
            "quiet": "#f0f0f0",
            "tentative": "#f6dd8c",
            "promised": "#b5daf2",
            "holding": "#4fb48f",
            "over": "#c9c9c9",
            "broken": "#ec8f5e",
        },
    ),
    "dark": Theme(
        "dark",
        ground="#14171a",
        ink="#ececec",
        faint="#a9adb2",
        grid="#32373d",
        lines=("#56b4e9", "#f0853c", "#2fc795", "#e08fbd", "#e6b93c", "#d0d0d0", "#8ec9ee"),
        statuses={
            "quiet": "#24282d",
            "tentative": "#6b5a17",
            "promised": "#24587c",
            "holding": "#17704f",
            "over": "#4b5056",
            "broken": "#8f4318",
        },
    ),
}
