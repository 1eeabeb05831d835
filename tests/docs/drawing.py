"""Draw docs/explanation/architecture.svg from the tables of the code: `python -m tests.docs.drawing`."""

from __future__ import annotations

from xml.sax.saxutils import escape

import faust

from schemas.topics import TOPICS
from streams.agents import add_folding_agents
from streams.core.model import Report
from streams.processing.takeover import OUTPUTS
from tests.support.paths import ROOT

FILE = ROOT / "docs" / "explanation/architecture.svg"
WIDTH, LINE = 1020, 34
INPUT = "reports"


def stages() -> list[str]:
    """Return the stages of a batch in order: the intake, and the agents that fold."""
    app = faust.App("drawn", broker="kafka://127.0.0.1:1", web_enabled=False)
    add_folding_agents(app)
    return ["intake", *(name.rpartition(".")[2] for name in app.agents)]


def drawing() -> str:
    """The SVG: the log on the left, a worker in the middle, what it writes on the right."""
    outputs = [name for name in TOPICS if name in OUTPUTS]
    others = [name for name in TOPICS if name not in OUTPUTS and name != INPUT]
    top = 90
    height = top + LINE * (len(outputs) + len(others)) + 70
    middle = top + LINE * len(outputs) / 2
    parts = [
        _box(20, middle - 24, (150, 48), "sources, outlets", "POST /reports, send"),
        _arrow(170, middle, 210),
        _topic(210, middle - 14, 120, INPUT),
        _arrow(330, middle, 372),
        f'<rect x="372" y="{top - 50}" width="330" height="{LINE * len(outputs) + 62}" class="worker"/>',
        _text(537, top - 28, "a worker: one transaction per batch", "head"),
    ]
    names = stages()
    gap = (LINE * len(outputs)) / len(names)
    for number, name in enumerate(names):
        y = top + gap * number + (gap - 40) / 2
        note = {"intake": f"repeats, revisions, rejections of a {Report.__name__.lower()}"}.get(name, "Faust agent")
        parts.append(_box(402, y, (270, 40), name, note))
        if number:
            parts.append(f'<path d="M537 {y - gap + 40} V{y - 2}" class="arrow"/>')
    for number, name in enumerate(outputs):
        y = top + LINE * number
        parts += [_arrow(702, y + 13, 742), _topic(742, y, 120, name), _text(874, y + 18, TOPICS[name].value, "note")]
    below = top + LINE * len(outputs) + 40
    parts.append(_text(372, below + 18, "by plain Faust agents, from the changes:", "note"))
    parts.append(_text(372, below + 34, "at least once, with ids that show repeats", "note"))
    for number, name in enumerate(others):
        y = below + LINE * number
        parts += [_topic(742, y, 120, name), _text(874, y + 18, TOPICS[name].value, "note")]
    told = "Filled: a Kafka topic. State and the next offset are in the ledger, in the same transaction."
    parts.append(_text(20, height - 16, told, "note"))
    return _svg(height, parts)


def _svg(height: float, parts: list[str]) -> str:
    style = (
        "text{font:13px sans-serif;fill:#223}.head{font-weight:bold;text-anchor:middle}.middle{text-anchor:middle}"
        ".note{font-size:11px;fill:#556}.mid{text-anchor:middle}.box{fill:#fff;stroke:#447}"
        ".topic{fill:#cfe3f7;stroke:#447}.worker{fill:#f4f6fa;stroke:#99a;stroke-dasharray:5 4}"
        ".arrow{stroke:#447;fill:none;marker-end:url(#tip)}"
    )
    tip = (
        '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 L8 4 L0 8 z" fill="#447"/></marker>'
    )
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img">\n'
        f"<title>Reports in, one transaction, changes out</title>\n<style>{style}</style>\n<defs>{tip}</defs>\n"
        f'<rect width="{WIDTH}" height="{height:.0f}" fill="#fff"/>\n{body}\n</svg>\n'
    )


def _box(x: float, y: float, size: tuple[float, float], name: str, note: str) -> str:
    width, height = size
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="4" class="box"/>'
        + _text(x + width / 2, y + height / 2 - 3, name, "middle")
        + _text(x + width / 2, y + height / 2 + 13, note, "note mid")
    )


def _topic(x: float, y: float, width: float, name: str) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="26" rx="13" class="topic"/>' + _text(
        x + width / 2, y + 17, name, "middle"
    )


def _arrow(x: float, y: float, to: float) -> str:
    return f'<path d="M{x:g} {y:g} H{to - 2:g}" class="arrow"/>'


def _text(x: float, y: float, words: str, kind: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{kind}">{escape(words)}</text>'


if __name__ == "__main__":
    FILE.write_text(drawing(), encoding="utf-8")
