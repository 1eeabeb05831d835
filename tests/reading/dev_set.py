"""Coded texts: the project's own, and those in the folder that TRUCELINE_GOLD names, else ../shared/reading.

A third of them is held out: those whose id has a SHA-256 that three divides. Rules are written against the others.
The project's own are split in half: differences are looked at in half A, half B is scored alone.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from streams.reading import Context, Document, read

FOLDER: Final = Path(
    os.environ.get("TRUCELINE_GOLD") or Path(__file__).resolve().parents[2].parent / "shared" / "reading",
)

OWN: Final = Path(__file__).parent / "gold"
#: Texts of the project's gold that rules were written against.
TUNED: Final = frozenset({"northland"})


def is_held_out(identifier: str) -> bool:
    """Return whether a text is of the third that no rule was written against."""
    return int(hashlib.sha256(identifier.encode()).hexdigest(), 16) % 3 == 0


def half(identifier: str) -> str:
    """Return the half of the project's own gold that a text is in."""
    return "ba"[int(hashlib.sha256(identifier.encode()).hexdigest(), 16) % 2 == 0]


@cache
def context(name: str) -> Context:
    """Return a context of the project's own gold, or of the folder."""
    folder = next(each / name for each in (OWN / "contexts", FOLDER / "contexts") if (each / name).is_dir())
    files = (folder / f"{kind}.yaml" for kind in ("atlas", "sources"))
    return Context.of(*(yaml.safe_load(path.read_text(encoding="utf-8")) for path in files))


def texts(name: str, *, held_out: bool) -> Iterator[dict[str, Any]]:
    """Yield gold lines: `invented-a`, `invented-b`, or of `own` and `real` the held-out third or the others."""
    if name.startswith("invented"):
        for path in sorted(OWN.glob("*.jsonl")):
            coded = path.read_text(encoding="utf-8").splitlines() if path.stem not in TUNED else []
            yield from (line for line in map(json.loads, coded) if half(line["id"]) == name[-1])
        return
    with (FOLDER / "dev" / f"{name}.jsonl").open(encoding="utf-8") as lines:
        for line in map(json.loads, lines):
            if is_held_out(line["id"]) == held_out:
                yield line


def draft(line: dict[str, Any]) -> dict[str, Any]:
    """Return the draft of a gold line's document: without its episode, which is the reader's to find."""
    names = ("id", "title", "text", "lang", "outlet", "published_at")
    return dict(read(Document.of({name: line[name] for name in names}), context(line["context"])).content)
