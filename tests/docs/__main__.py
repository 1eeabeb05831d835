"""Write every generated part of the docs: `python -m tests.docs`."""

from __future__ import annotations

from tests.docs import alerts, drawing, reference, security, semantics
from tools import imports


def main() -> None:
    """Write the pages and pictures that the tests compare with the code."""
    for name, made in reference.PAGES.items():
        (reference.DOCS / name).write_text(made(), encoding="utf-8")
    drawing.FILE.write_text(drawing.drawing(), encoding="utf-8")
    imports.FILE.write_text(imports.drawing(), encoding="utf-8")
    for page in (alerts, security, semantics):
        page.PAGE.write_text(page.written(page.PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
