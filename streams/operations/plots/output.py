"""Writing a picture: SVG, PNG, or one HTML page that holds both themes and the table."""

import base64
import dataclasses
import html
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl

from streams.operations.plots.caption import Caption
from streams.operations.plots.history import PlottedHistory
from streams.operations.plots.table import HEADINGS, rows, words
from streams.operations.plots.theme import DPI, THEMES
from streams.operations.plots.timeline import draw, style

__all__ = ["FORMATS", "form_of", "picture"]


def form_of(path: str) -> str | None:
    """Return the format that a file's name asks for, None for one that is not known."""
    form = Path(path).suffix.lower().removeprefix(".")
    return form if form in FORMATS else None


def picture(
    story: PlottedHistory,
    form: str,
    *,
    width_px: int = 700,
    theme: str = "light",
    scale: int = 2,
    caption: Caption | None = None,
) -> bytes:
    """Return the picture of a story in one of `FORMATS`; the same story gives the same bytes.

    A PNG has `scale` dots a pixel. An HTML page follows the reader's light or dark and takes no `theme`.
    """
    return FORMATS[form](Drawing(story, width_px, theme, scale, caption or Caption()))


@dataclass(frozen=True, slots=True)
class Drawing:
    """A history with its size, background and words."""

    story: PlottedHistory
    width_px: int
    theme: str
    scale: int
    caption: Caption

    @property
    def title(self) -> str:
        """Return the title that the file names itself by."""
        return self.caption.title or self.caption.names.episode(self.story.episode)


def _svg(drawing: Drawing) -> bytes:
    # No date: it would be the time of drawing.
    metadata = {"Date": None, "Creator": "truceline", "Title": drawing.title}
    return _saved(drawing, format="svg", metadata=metadata)


def _png(drawing: Drawing) -> bytes:
    metadata = {"Software": "truceline", "Title": drawing.title}
    return _saved(drawing, format="png", dpi=DPI * drawing.scale, metadata=metadata)


def _saved(drawing: Drawing, **how: Any) -> bytes:
    content = io.BytesIO()
    with mpl.rc_context(style(THEMES[drawing.theme])):
        figure = draw(drawing.story, width_px=drawing.width_px, theme=drawing.theme, caption=drawing.caption)
        figure.savefig(content, **how)
    return content.getvalue()


_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }}
body {{ margin: 0 auto; max-width: {width}px; background: light-dark(#ffffff, #14171a); }}
img {{ width: 100%; height: auto; }}
details {{ padding: 0 10px 2em; }}
table {{ border-collapse: collapse; font-size: 13px; }}
td, th {{ border-bottom: 1px solid light-dark(#e2e2e2, #32373d); padding: 2px 8px; text-align: left; }}
td:nth-child(4) {{ text-align: right; white-space: nowrap; }}
</style>
<picture>
<source media="(prefers-color-scheme: dark)" srcset="data:image/svg+xml;base64,{dark}">
<img alt="{title}: running counts and ceasefires over time; the table below holds the same" \
src="data:image/svg+xml;base64,{light}">
</picture>
<details>
<summary>The same as a table</summary>
<table>
<thead><tr>{headings}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
</details>
</html>
"""


def _html(drawing: Drawing) -> bytes:
    light, dark = (
        base64.b64encode(_svg(dataclasses.replace(drawing, theme=theme))).decode() for theme in ("light", "dark")
    )
    body = "\n".join(
        f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>" for cells in words(rows(drawing.story))
    )
    headings = "".join(f"<th>{html.escape(heading)}</th>" for heading in HEADINGS)
    title = html.escape(drawing.title)
    page = _PAGE.format(title=title, width=drawing.width_px, light=light, dark=dark, headings=headings, rows=body)
    return page.encode()


FORMATS: dict[str, Callable[[Drawing], bytes]] = {"svg": _svg, "png": _png, "html": _html}
