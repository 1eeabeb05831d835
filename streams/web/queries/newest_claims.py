"""The newest claims of an explanation: a figure may rest on thousands, of which a reader wants the last few."""

from itertools import islice
from typing import Any

__all__ = ["newest_claims", "read_limit"]

LIMIT_MAX = 1_000_000
#: The lists of claims that do not count in the figure.
_UNCOUNTED = ("superseded", "replaced", "refused")


def read_limit(text: str | None) -> int | None:
    """Return the `limit` of a query, None where it has none. Raises ValueError."""
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and int(text) <= LIMIT_MAX):
        raise ValueError(f"{text!r} is not a number from 0 to {LIMIT_MAX:,}")
    return int(text)


def newest_claims(explanation: dict[str, Any], limit: int | None) -> dict[str, Any]:
    """Return a cell's explanation with at most `limit` uncounted claims and changes; `left` counts the other claims.

    The counted ones are all there: they are what the figure is made of.
    """
    if limit is None:
        return explanation
    claims = [(claim["published_at"], at, name) for name in _UNCOUNTED for at, claim in enumerate(explanation[name])]
    kept = {(name, at) for _, at, name in islice(sorted(claims, reverse=True), limit)}
    newest = {name: [claim for at, claim in enumerate(explanation[name]) if (name, at) in kept] for name in _UNCOUNTED}
    changes = explanation["changes"][-limit:] if limit else []
    return explanation | newest | {"changes": changes, "left": len(claims) - len(kept)}
