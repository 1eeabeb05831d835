"""For mkdocs: links from a page to files of the repository that are no pages become their names, if they exist.

On the site there is nothing to link to; a link to a file that is gone is an error here as there.
"""

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
OUTSIDE = re.compile(r"(?<!!)\[([^\]]*)\]\((\.\./[^)#\s]*)(#[^)\s]*)?\)")


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Return the page with its links out of docs/ as plain words."""

    def name(link: re.Match[str]) -> str:
        target = (Path(page.file.abs_src_path).parent / link[2]).resolve()
        if not target.exists():
            raise FileNotFoundError(f"{page.file.src_path} links to {link[2]}, which is not there")
        named = target.relative_to(ROOT.resolve()).as_posix()
        return link[1] if named in link[1] else f"{link[1]} (`{named}`)"

    return OUTSIDE.sub(name, markdown)
