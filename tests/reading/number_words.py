"""Numbers in a phrase, in digits or English words, and the places of a phrase in a text."""

from __future__ import annotations

import re

UNITS = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
WORDS = {word: n for n, word in enumerate(UNITS)} | {word: 10 * n for n, word in enumerate(TENS, 2)}
SCALES = {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 10**6}
SHORT = {"k": 1000, "m": 10**6, "million": 10**6}
PLURALS = {"tens": 10, "dozens": 12, "scores": 20, "hundreds": 100, "thousands": 1000}
NOUGHTS = dict.fromkeys(["no", "not", "nobody", "none", "any"], 0)
VAGUE = PLURALS | NOUGHTS | {"a": 1, "an": 1, "both": 2, "couple": 2, "several": 3, "few": 3}

#: "one" is left out: it is a pronoun as often as a number.
NUMBER_WORD = re.compile(rf"(?i)\b(?!one\b|tens\b(?! of))(?:{'|'.join([*WORDS, *SCALES, *PLURALS])})\b")
GROUPED = re.compile(r"\d+(?:[,.،\u00a0\u202f ]\d{3})*")
SHORTENED = re.compile(r"(\d+(?:\.\d+)?) ?(k|m|million)\b")


def spelled(phrase: str) -> set[int]:
    """Return each running value of the number words, so that "a hundred and six" gives 1, 100 and 106."""
    found: set[int] = set()
    total = 0
    for word in re.findall(r"[a-z]+", phrase.lower()):
        if word in VAGUE:
            found.add(VAGUE[word])
            continue
        if word in SCALES:
            total = max(total, 1) * SCALES[word]
        elif word in WORDS:
            total = total + WORDS[word] if total >= 20 and WORDS[word] < total else WORDS[word]
        else:
            continue
        found.add(total)
    return found


def values(phrase: str) -> set[int]:
    """Return all numbers that a phrase may mean; a noun with no number ("Soldier killed") means one."""
    found = {int(re.sub(r"\D", "", match)) for match in GROUPED.findall(phrase)}
    found |= {round(float(number) * SHORT[unit]) for number, unit in SHORTENED.findall(phrase)}
    found |= {6} if "half a dozen" in phrase.lower() else set()
    found |= spelled(phrase)
    return found or ({1} if phrase else set())


def spans(text: str, part: str) -> list[tuple[int, int]]:
    """Return the places of `part` in `text`, without those inside a longer number."""
    found = [(m.start(), m.start() + len(part)) for m in re.finditer(f"(?={re.escape(part)})", text)] if part else []
    return [
        (start, end)
        for start, end in found
        if not (part[0].isdigit() and re.search(r"\d[.,]?$", text[:start]))
        and not (part[-1].isdigit() and re.match(r"[.,]?\d", text[end:]))
    ]


def numbers(text: str) -> list[tuple[int, int]]:
    """Return the places of all numbers of a text, in digits or words."""
    return [match.span() for pattern in (re.compile(r"\d+"), NUMBER_WORD) for match in pattern.finditer(text)]
