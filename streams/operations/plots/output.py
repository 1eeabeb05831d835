"""Writing a picture: SVG, PNG, or one HTML page that holds both themes and the table."""

import base64
import html
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl

from streams.operations.plots.history import PlottedHistory
from streams.operations.plots.table import HEADINGS, rows, words
from streams.operations.plots.theme import DPI, THEMES
from streams.operations.plots.timeline import draw, style

__all__ = ["FORMATS", "form_of", "picture"]


def form_of(path: str) -> str | None:
    """Return the format that a file's name asks for, None for one that is not known."""
    form = Path(path).suffix.lower().removeprefix(".")
    return form if form in FORMATS else None


def picture(story: PlottedHistory, form: str, *, width_px: int = 700, theme: str = "light", scale: int = 2) -> bytes:
    """Return the picture of a story in one of `FORMATS`; the same story gives the same bytes.

    A PNG has `scale` dots a pixel. An HTML page follows the reader's light or dark and takes no `theme`.
    """
    return FORMATS[form](story, width_px, theme, scale)


def _svg(story: PlottedHistory, width_px: int, theme: str, _scale: int) -> bytes:
    # No date: it would be the time of drawing.
    metadata = {"Date": None, "Creator": "truceline", "Title": story.episode}
    return _saved(story, width_px, theme, format="svg", metadata=metadata)


def _png(story: PlottedHistory, width_px: int, theme: str, scale: int) -> bytes:
    metadata = {"Software": "truceline", "Title": story.episode}
    return _saved(story, width_px, theme, format="png", dpi=DPI * scale, metadata=metadata)


def _saved(story: PlottedHistory, width_px: int, theme: str, **how: Any) -> bytes:
    content = io.BytesIO()
    with mpl.rc_context(style(THEMES[theme])):
        draw(story, width_px=width_px, theme=theme).savefig(content, **how)
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


def _html(story: PlottedHistory, width_px: int, _theme: str, _scale: int) -> bytes:
    light, dark = (base64.b64encode(_svg(story, width_px, theme, 1)).decode() for theme in ("light", "dark"))
    body = "\n".join(
        f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>" for cells in words(rows(story))
    )
    headings = "".join(f"<th>{html.escape(heading)}</th>" for heading in HEADINGS)
    title = html.escape(story.episode)
    page = _PAGE.format(title=title, width=width_px, light=light, dark=dark, headings=headings, rows=body)
    return page.encode()


FORMATS: dict[str, Callable[[PlottedHistory, int, str, int], bytes]] = {"svg": _svg, "png": _png, "html": _html}
