"""The nearest allowed word or field for one that the contract does not know."""

import re
from collections import Counter
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from schemas.reports import (
    CasualtiesShape,
    CeasefireShape,
    CountShape,
    DocumentShape,
    ReferenceShape,
    ReportShape,
    StatementShape,
)

__all__ = ["count_ignored", "describe_unknown_field", "ignored_fields", "nearest_word"]

#: Words of the press and of data sets, and the contract's word for each.
_SYNONYMS: Final = {
    "killed": "dead death deaths die died deceased fatal fatality fatalities kia kill kills killings martyred slain",
    "wounded": "injured injuries injury hurt wia wounds",
    "missing": "disappeared mia lost unaccounted",
    "captured": "detained hostage hostages kidnapped pow pows prisoner prisoners taken abducted",
    "killed_or_wounded": "casualties losses",
    "military": "army combatant combatants fighter fighters serviceman servicemen soldier soldiers troops",
    "civilian": "civil civilians noncombatant noncombatants people",
    "unknown": "any unspecified na none",
    "children": "child kids minor minors boys girls",
    "women": "woman female females",
    "elderly": "old seniors pensioners",
    "medics": "doctor doctors medic medical nurses paramedics health_workers",
    "press": "journalist journalists media reporter reporters",
    "aid_workers": "aid aidworkers humanitarian humanitarians rescuers",
    "about": "almost_exactly approx approximate approximately around ca circa estimated roughly",
    "at_least": "least min minimum",
    "more_than": "above exceeds more over",
    "up_to": "at_most max maximum most",
    "nearly": "almost close_to",
    "exact": "exactly precise",
    "cumulative": "running so_far sum_total to_date total",
    "incremental": "daily delta increment increments new",
    "derived": "added computed sum summed",
    "called_for": "call calls urged",
    "proposed": "offer offered proposal",
    "agreed": "accepted agreement signed",
    "announced": "declared",
    "took_effect": "began effective entered_into_force in_effect start started",
    "holding": "hold holds observed respected",
    "extended": "extension prolonged renewed",
    "suspended": "halted paused",
    "postponed": "delayed",
    "ended": "end ends over terminated",
    "collapsed": "broke broken failed",
    "violation_alleged": "breach breached violated violation",
    "casualties": "casualty count figure figures losses",
    "ceasefire": "armistice truce",
    "statement": "claim denial",
    "asserted": "said says stated",
    "denied": "deny denies denial",
    "accused": "accuses blamed",
}
_WORDS: Final = [(synonym, word) for word, synonyms in _SYNONYMS.items() for synonym in synonyms.split()]
_INDEX: Final = re.compile(r"\[\d+\]")
_CLAIM_SHAPES: Final = (CasualtiesShape, CeasefireShape, StatementShape)
#: The fields at each path; claims of any kind have those of all kinds.
_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "": tuple(ReportShape.__annotations__),
    "document": tuple(DocumentShape.__annotations__),
    "claims": tuple(dict.fromkeys(name for shape in _CLAIM_SHAPES for name in shape.__annotations__)),
    "claims.count": tuple(CountShape.__annotations__),
    "claims.refers_to": tuple(ReferenceShape.__annotations__),
}
_LONGEST: Final = 40
#: Unknown fields of one report that an answer names, and their greatest length.
_MAX_NAMED: Final = 20
_MAX_PATH: Final = 100
#: Different unknown fields that a command counts.
_MAX_COUNTED: Final = 1000


def nearest_word(word: Any, allowed: Iterable[str]) -> str | None:
    """Return the allowed word that another most likely means, None without a likely one."""
    if not isinstance(word, str) or len(word) > _LONGEST:
        return None
    plain = re.sub(r"[^a-z0-9]+", "_", word.lower()).strip("_")
    words = list(allowed)
    if plain in words:
        return plain
    for synonym, meant in _WORDS:
        if synonym == plain and meant in words:
            return meant
    return next(iter(get_close_matches(plain, words, n=1, cutoff=0.7)), None)


@lru_cache(maxsize=1024)
def describe_unknown_field(path: str) -> str:
    """Return an ignored field's path, and the known field that it most likely means, if any.

    As in `claims[0].pupulation (population?)`: for the lists of ignored fields that shells show.
    """
    parent, _, name = path.rpartition(".")
    fields = _FIELDS.get(_INDEX.sub("", parent), ())
    near = get_close_matches(name.lower()[:_LONGEST], fields, n=1, cutoff=0.7)
    if not near and fields:
        # Perhaps it is in the wrong place: a claim's field beside the claims.
        elsewhere = {f"{place}.{field}".removeprefix("."): field for place, names in _FIELDS.items() for field in names}
        found = get_close_matches(name.lower()[:_LONGEST], elsewhere.values(), n=1, cutoff=0.8)
        near = [place for place, field in elsewhere.items() if found and field == found[0]]
    return f"{path} ({near[0]}?)" if near else path


def ignored_fields(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the descriptions of a report's first unknown fields; a long name is cut."""
    named = (path if len(path) <= _MAX_PATH else f"{path[:_MAX_PATH]}…" for path in paths)
    return tuple(map(describe_unknown_field, islice(named, _MAX_NAMED)))


def count_ignored(counts: Counter[str], described: Iterable[str]) -> None:
    """Add the ignored fields of a report to `counts`, by description without the claim's number."""
    for each in described:
        name = _INDEX.sub("", each)
        if name in counts or len(counts) < _MAX_COUNTED:
            counts[name] += 1
