"""Check gold files against the coding guide: `python -m tests.reading.check_gold [--contexts DIR] FILE...`.

Prints each problem as `id: problem`, then totals; the exit status is 1 if there is a problem.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

from tests.reading.check_context import Context
from tests.reading.gold_terms import (
    ACTS,
    DAY,
    DOCUMENT,
    DOCUMENT_OPTIONAL,
    ENTRY,
    ENUMS,
    FIELDS,
    INSTITUTIONS,
    KINDS,
    MINUTE,
    ONE_PLACE,
    PHENOMENA,
    SCOPE,
    SLUG,
    VIOLATIONS,
    WHY,
)
from tests.reading.number_words import numbers, spans, values

Fields = dict[str, Any]

CONTEXTS = Path(__file__).parent / "gold" / "contexts"
WITHOUT_BOUND = 10**9 + 1


def whole(document: Fields) -> str:
    """Return title, line feed and text: evidence is quoted from there."""
    return f"{document['title']}\n{document['text']}"


def instant(time: str) -> datetime:
    """Return the first instant of a day (UTC), or a minute with offset; raise ValueError for any other form."""
    if DAY.fullmatch(time):
        return datetime.fromisoformat(time).replace(tzinfo=UTC)
    if MINUTE.fullmatch(time):
        return datetime.fromisoformat(time)
    raise ValueError(f"not a day, nor a minute with offset: {time!r}")


def bounds(count: Fields, qualifier: str) -> tuple[int, int, int]:
    """Return low, best and high of a count; an unknown bound is as wide as a count can be."""
    best = count["best"] + (qualifier == "more_than")
    low = best if qualifier in {"exact", "at_least", "more_than"} else 0
    high = best if qualifier in {"exact", "up_to", "nearly"} else WITHOUT_BOUND
    return count.get("low", low), best, count.get("high", high)


def legal(count: Fields, qualifier: str) -> bool:
    """Return true if the count has legal names and integers with low ≤ best ≤ high."""
    if set(count) - {"best", "low", "high"} or any(type(n) is not int for n in count.values()):
        return False
    low, best, high = bounds(count, qualifier)
    return 0 <= low <= best <= high <= WITHOUT_BOUND


def source_problems(slug: str, document: Fields, context: Context) -> Iterator[str]:
    """A source is in the registry, or the outlet, or `<party>-<institution>`, or the slug of a name in the text."""
    if slug in context.sources or slug == document["outlet"]:
        return
    party = next((name for name in context.parties if slug.startswith(f"{name}-")), slug)
    in_text = f"-{slug}-" in re.sub(r"[^a-z0-9]+", "-", f" {whole(document)} ".lower())
    if slug[len(party) + 1 :] not in INSTITUTIONS and not in_text:
        yield f"source {slug} is not in the registry and follows no slug rule"


def casualty_problems(claim: Fields, evidence: Fields, context: Context, published: datetime) -> Iterator[str]:
    """Party, count, scope and time of a casualty claim."""
    count = claim["count"]
    if claim["party"] not in {*context.parties, "all", "civilians"}:
        yield f"party {claim['party']} is not in the atlas"
    if not legal(count, claim["qualifier"]):
        yield f"count {count} is not legal for {claim['qualifier']}"
    if missing := set(count.values()) - values(evidence.get("count", "")):
        yield f"count evidence {evidence.get('count')!r} does not say {sorted(missing)}"
    if "scope" in claim and (claim["basis"] != "cumulative" or not SCOPE.fullmatch(claim["scope"])):
        yield f"scope {claim['scope']} is no since-DAY, or not on a cumulative figure"
    if "as_of" in claim and instant(claim["as_of"]) > published + timedelta(hours=24):
        yield "as_of is more than 24 h after published_at"


def ceasefire_problems(claim: Fields, kind: str | None, published: datetime) -> Iterator[str]:
    """Acts and times of a ceasefire claim by a source of this kind."""
    act = claim["act"]
    if "against" in claim and act not in VIOLATIONS:
        yield "against belongs to violations"
    if act == "violation_confirmed" and kind != "monitor":
        yield "violation_confirmed by a source that is no monitor"
    if "at" in claim and instant(claim["at"]) > published:
        yield "at is after published_at"
    if {"effective_at", "expires_at"} <= set(claim) and instant(claim["expires_at"]) <= instant(claim["effective_at"]):
        yield "expires_at is not after effective_at"
    if act == "took_effect" and "effective_at" in claim and instant(claim["effective_at"]) > published:
        yield "took_effect in the future"


def form_problems(entry: Fields, document: Fields, context: Context) -> Iterator[str]:
    """Names, words and evidence of a claim, whatever its type."""
    claim, evidence, text = entry["claim"], entry["evidence"], whole(document)
    needed, optional = FIELDS[claim["type"]]
    yield from (f"unknown key {key}" for key in set(entry) - ENTRY)
    yield from (f"claim without {key}" for key in needed - set(claim))
    yield from (f"unknown field {key}" for key in set(claim) - needed - optional - {"type"})
    yield from (
        f"evidence is not in the text: {quote!r}" for quote in evidence.values() if not quote or quote not in text
    )
    for key, words in ENUMS.items():
        if key in claim and claim[key] not in words:
            yield f"{key} {claim[key]} is no word of the guide"
    if "act" in claim and claim["act"] not in ACTS[claim["type"]]:
        yield f"act {claim['act']} is no word of the guide"
    named = [entry["source"], *(claim[key] for key in ("party", "by", "against", "ceasefire") if key in claim)]
    named += [*claim.get("parties", []), *claim.get("mediators", [])]
    yield from (f"not a slug: {slug!r}" for slug in named if not SLUG.fullmatch(slug))
    for key in ("by", "against"):
        if key in claim and claim[key] not in context.parties:
            yield f"{key} {claim[key]} is no party"
    yield from (f"phenomenon {n} is none of the 40" for n in entry.get("phenomena", []) if n not in PHENOMENA)
    yield from source_problems(entry["source"], document, context)


def claim_problems(entry: Fields, document: Fields, context: Context) -> Iterator[str]:
    """Problems of one claim; the fields of its type are checked once its form is right."""
    if found := list(form_problems(entry, document, context)):
        yield from found
        return
    claim, published = entry["claim"], instant(document["published_at"])
    if claim["type"] == "casualties":
        yield from casualty_problems(claim, entry["evidence"], context, published)
    if claim["type"] == "ceasefire":
        yield from ceasefire_problems(claim, context.sources.get(entry["source"], {}).get("kind"), published)


def coverage_problems(document: Fields) -> Iterator[str]:
    """Numbers of the text, in digits or words, that are in no evidence and no left_out."""
    text = whole(document)
    parts = [quote for entry in document["claims"] for quote in entry["evidence"].values()]
    parts += [each["text"] for each in document["left_out"]]
    covered = [span for part in parts for span in spans(text, part)]
    for start, end in numbers(text):
        if not any(a <= start and end <= b for a, b in covered):
            yield f"number not accounted for: {text[max(0, start - 25) : end + 25]!r}"


def place_problems(document: Fields) -> Iterator[str]:
    """A count is quoted from one place, and its number is not left out as well."""
    text = whole(document)
    left = [span for each in document["left_out"] for span in spans(text, each["text"])]
    for quote in (e["evidence"].get("count") for e in document["claims"] if e["claim"].get("type") == "casualties"):
        places = spans(text, quote or "")
        if len(places) > 1:
            yield f"count evidence occurs {len(places)} times: {quote!r}"
        claimed = [span for span in numbers(text) if any(a <= span[0] and span[1] <= b for a, b in places)]
        if any(a <= start and end <= b for start, end in claimed for a, b in left):
            yield f"number both claimed and left out: {quote!r}"


def repeat_problems(document: Fields) -> Iterator[str]:
    """Required claims that are one claim coded twice; two increments of a day may be two incidents."""
    seen = Counter(
        (entry["source"], *(entry["claim"].get(key) for key in ONE_PLACE))
        for entry in document["claims"]
        if not entry.get("optional") and entry["claim"].get("basis") != "incremental"
    )
    yield from (f"coded twice: {key}" for key, n in seen.items() if n > 1)


def shape_problems(document: Fields) -> Iterator[str]:
    """Keys and types of a gold line."""
    yield from (
        f"{key} is missing or of the wrong type"
        for key, of in DOCUMENT.items()
        if not isinstance(document.get(key), of)
    )
    yield from (f"unknown key {key}" for key in set(document) - set(DOCUMENT) - DOCUMENT_OPTIONAL)


@cache
def context_in(folder: Path) -> Context:
    """Return the context of a folder, read once."""
    return Context.load(folder)


def check(document: Fields, contexts: Path = CONTEXTS) -> list[str]:
    """Return the problems of one gold line."""
    if found := list(shape_problems(document)):
        return found
    context = context_in(contexts / document["context"])
    if document["kind"] not in KINDS:
        found.append(f"kind {document['kind']}")
    if not MINUTE.fullmatch(document["published_at"]) or not SLUG.fullmatch(document["outlet"]):
        found.append("published_at or outlet malformed")
    if document["episode"] not in context.episodes and (document["claims"] or document["episode"] is not None):
        found.append(f"episode {document['episode']} is not in the atlas")
    for n, entry in enumerate(document["claims"]):
        try:
            found += [
                f"claim {n} ({entry['source']}): {problem}" for problem in claim_problems(entry, document, context)
            ]
        except (KeyError, TypeError, ValueError) as error:
            found.append(f"claim {n}: {error!r}")
    for each in document["left_out"]:
        if not spans(whole(document), each["text"]):
            found.append(f"left_out {each['text']!r}: not in the text")
        if each["why"] not in WHY:
            found.append(f"left_out {each['text']!r}: reason {each['why']}")
    return [*found, *coverage_problems(document), *place_problems(document), *repeat_problems(document)]


def read(files: Iterable[Path]) -> list[Fields]:
    """Return the gold lines of the files, in order; raise ValueError with file and line if one is no JSON."""
    documents = []
    for path in files:
        for number, row in enumerate(path.read_text("utf-8").rstrip("\n").split("\n"), 1):
            try:
                documents.append(cast("Fields", json.loads(row)))
            except ValueError as error:
                raise ValueError(f"{path}:{number}: not JSON: {error}") from error
    return documents


def problems(documents: list[Fields], contexts: Path = CONTEXTS) -> list[str]:
    """Return the problems of all gold lines as `id: problem`."""
    repeated = [
        f"{key}: {n} documents have this id" for key, n in Counter(d.get("id") for d in documents).items() if n > 1
    ]
    return repeated + [f"{d.get('id')}: {problem}" for d in documents for problem in check(d, contexts)]


def line(name: str, words: Iterable[object]) -> str:
    """Return how often each word occurs, as one line."""
    return f"{name}: " + ", ".join(f"{word} {n}" for word, n in sorted(Counter(map(str, words)).items()))


def phenomena(documents: list[Fields]) -> Counter[int]:
    """Return how often each of the 40 phenomena is marked, on documents and claims."""
    marked = [n for d in documents for part in (d, *d["claims"]) for n in part.get("phenomena", [])]
    return Counter(marked)


def totals(documents: list[Fields]) -> list[str]:
    """Return the counts of the gold, a line each."""
    entries = [entry for d in documents for entry in d["claims"]]
    required = [e["claim"] for e in entries if not e.get("optional")]
    counted = phenomena(documents)
    return [
        f"documents {len(documents)}, without a claim {sum(not d['claims'] for d in documents)}",
        f"claims {len(entries)}, optional {len(entries) - len(required)}",
        *(line(key, (d[key] for d in documents)) for key in ("kind", "context", "lang")),
        *(line(key, (c[key] for c in required if key in c)) for key in ("type", *ENUMS)),
        line("act", (f"{c['type']} {c['act']}" for c in required if "act" in c)),
        line("left_out", (each["why"] for d in documents for each in d["left_out"])),
        "phenomena: " + ", ".join(f"{n}×{counted[n]}" for n in PHENOMENA),
    ]


def main() -> int:
    """Print problems and totals; return 1 if there is a problem."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--contexts", type=Path, default=CONTEXTS)
    arguments = parser.parse_args()
    documents = read(arguments.files)
    found = problems(documents, arguments.contexts)
    sys.stdout.write("\n".join([*found, *([] if found else totals(documents)), f"problems: {len(found)}", ""]))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
