"""A claim as a person writes it on a command line: `killed=71 party=azerbaijan population=military`."""

import shlex
from typing import Any, get_args

from schemas.reports import Outcome, StatementAct
from streams.reading.numbers import read_count

__all__ = ["claim_of"]

_OUTCOMES = get_args(Outcome)
_STATEMENTS = get_args(StatementAct)
_NUMBERS = ("low", "high")
_FLAGS = {"true": True, "false": False, "yes": True, "no": False}
_LISTS = ("parties", "mediators")


def claim_of(text: str) -> dict[str, Any]:
    """Return the claim in words `NAME=VALUE`, with the field names of the contract.

    An outcome takes its count: `killed=71`, `wounded=36-38`, `missing=19+`. Its kind follows from an outcome or an
    act. Raises ValueError; fields and values are checked where the report is.
    """
    claim: dict[str, Any] = {}
    for word in shlex.split(text):
        name, separator, value = word.partition("=")
        if not separator or not value:
            raise ValueError(f"{word!r} is not NAME=VALUE, as in killed=71 or party=azerbaijan")
        if name in _OUTCOMES:
            claim |= {"outcome": name, **_count(name, value)}
        elif name in _NUMBERS:
            claim.setdefault("count", {})[name] = _number(name, value)
        elif name == "final":
            claim["final"] = _flag(value)
        elif name in _LISTS:
            claim[name] = [each for each in value.split(",") if each]
        else:
            claim[name] = value
    kind = claim.pop("type", None) or _kind(claim)
    defaults = {"population": "unknown"} if kind == "casualties" else {}
    return {"type": kind, **defaults, **claim}


def _count(name: str, value: str) -> dict[str, Any]:
    count = read_count(value)
    if count is None:
        raise ValueError(f"{name}={value}: not a number such as 71, 1,204, 36-38 or 19+")
    given = {"best": count.best, "low": count.low, "high": count.high}
    bounds = {part: number for part, number in given.items() if number is not None}
    return {"count": bounds} | ({} if count.qualifier == "exact" else {"qualifier": count.qualifier})


def _number(name: str, value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise ValueError(f"{name}={value}: not a whole number") from None


def _flag(value: str) -> bool:
    if value not in _FLAGS:
        raise ValueError(f"final={value}: must be true or false")
    return _FLAGS[value]


def _kind(claim: dict[str, Any]) -> str:
    if "act" in claim:
        return "statement" if claim["act"] in _STATEMENTS else "ceasefire"
    if "outcome" in claim:
        return "casualties"
    raise ValueError(f"name a count ({', '.join(f'{outcome}=N' for outcome in _OUTCOMES[:3])}, …) or act=ACT")
