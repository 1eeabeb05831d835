"""Slugs for names in data sets, by one rule (contract section 1)."""

import hashlib
import re

from anyascii import anyascii

from schemas.reports import SLUG

MAX_SLUG = 80
_CUT = MAX_SLUG - 9

_IS_SLUG = re.compile(SLUG)
_BETWEEN_WORDS = re.compile(r"[^a-z0-9]+")


def slug(name: str) -> str:
    """Return a slug for a name: the name if it is a slug, else its letters and digits joined by hyphens.

    Other scripts are transliterated (`Міноборони` → `minoboroni`). A name of more than 80 characters is
    cut, and ends in eight digits of its SHA-256, so that two long names stay two. Raises ValueError for a
    name with no letter or digit.
    """
    if _IS_SLUG.fullmatch(name):
        return name
    words = _BETWEEN_WORDS.sub("-", anyascii(name).lower()).strip("-")
    if not words:
        raise ValueError(f"no letter or digit to make a slug of: {name!r}")
    if len(words) <= MAX_SLUG:
        return words
    return f"{words[:_CUT].rstrip('-')}-{hashlib.sha256(words.encode()).hexdigest()[:8]}"
