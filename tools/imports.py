"""Draw the import contracts of pyproject.toml: `python -m tools.imports` writes docs/explanation/imports.svg.

A box may import from every box below it, and from none beside or above it.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "docs" / "explanation" / "imports.svg"
WIDTH, ROW, BOX, GAP = 900, 46, 30, 12
LEFT, TOP = 20, 44
#: Beside the rooms, with the schemas below both.
CORE_LEFT, CORE_WIDTH = 500, 380
ROOMS_WIDTH = 440

STYLE = (
    "text{font:13px sans-serif;fill:#223;text-anchor:middle}.head{font-weight:bold}.note{font-size:11px;fill:#556}"
    ".room{fill:#fff;stroke:#447}.core{fill:#e8f1fb;stroke:#447}.schema{fill:#f5efe0;stroke:#765}"
)


def layers(contract: str) -> list[list[str]]:
    """Return the rows of a layers contract, from the top. Raises KeyError if pyproject.toml has no such contract."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found: dict[str, Any] = {each["id"]: each for each in settings["tool"]["importlinter"]["contracts"]}
    return [[name.strip() for name in row.split("|")] for row in found[contract]["layers"]]


def drawing() -> str:
    """Return the SVG: the rooms of streams on the left, the inside of the core on the right, the schemas below."""
    rooms, core = layers("rooms"), layers("core")
    height = TOP + ROW * max(len(rooms), len(core))
    parts = [
        _text(LEFT + ROOMS_WIDTH / 2, 26, "streams", "head"),
        _text(CORE_LEFT + CORE_WIDTH / 2, 26, "streams.core", "head"),
    ]
    for number, row in enumerate(rooms):
        parts += _row(row, LEFT, ROOMS_WIDTH, TOP + ROW * number, "room")
    for number, row in enumerate(core):
        parts += _row(row, CORE_LEFT, CORE_WIDTH, TOP + ROW * number, "core")
    parts += _row(["schemas"], LEFT, CORE_LEFT + CORE_WIDTH - LEFT, height, "schema")
    parts.append(
        _text(WIDTH / 2, height + BOX + 26, "Imports point down; boxes in one row do not import each other.", "note")
    )
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height + BOX + 40}" role="img">\n'
        f"<title>Imports between the rooms of streams, and inside its core</title>\n<style>{STYLE}</style>\n"
        f'<rect width="{WIDTH}" height="{height + BOX + 40}" fill="#fff"/>\n{body}\n</svg>\n'
    )


def _row(names: list[str], left: float, width: float, top: float, kind: str) -> list[str]:
    letters = [len(name) + 4 for name in names]
    room = width - GAP * (len(names) - 1)
    parts, x = [], float(left)
    for name, share in zip(names, letters, strict=True):
        each = room * share / sum(letters)
        parts.append(f'<rect x="{x:g}" y="{top:g}" width="{each:g}" height="{BOX}" rx="4" class="{kind}"/>')
        parts.append(_text(x + each / 2, top + BOX / 2 + 5, name, ""))
        x += each + GAP
    return parts


def _text(x: float, y: float, words: str, kind: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{kind}">{escape(words)}</text>'


if __name__ == "__main__":
    FILE.write_text(drawing(), encoding="utf-8")
