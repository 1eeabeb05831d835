"""The documentation as a site: it builds with no broken link, has every page, and says what the code says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from schemas.topics import TOPICS
from streams.cli import app
from streams.settings import PREFIX, Settings
from streams.web.status_codes import ErrorCode
from tests.docs.drawing import FILE as DRAWING
from tests.docs.drawing import drawing, stages
from tests.docs.reference import DOCS, PAGES, leaves
from tests.support.paths import ROOT
from tools import imports

COMMANDS = dict(leaves(typer.main.get_command(app), "truceline"))


class Loose(yaml.SafeLoader):
    """mkdocs.yml may name Python objects; none is needed here."""


Loose.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)


def pages(nav: Any) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    else:
        for entry in nav.values() if isinstance(nav, dict) else nav:
            yield from pages(entry)


def test_site_builds_with_no_broken_link(tmp_path: Path) -> None:
    """It fetches nothing from elsewhere, and its search index is a script, which also loads from disk."""
    shutil.copytree(DOCS, tmp_path / "docs")
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    zensical = [sys.executable, "-m", "zensical", "build", "--strict"]
    run = subprocess.run(zensical, cwd=tmp_path, capture_output=True, check=False, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    site = tmp_path / ".build" / "site"
    pages = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    assert {page.with_suffix(".html").relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")} <= pages
    fetched = [
        address
        for page in site.rglob("*.html")
        for address in re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=\"(https?://[^\"]+)", page.read_text())
    ]
    assert fetched == []
    assert list(site.rglob("search.js"))


def test_every_page_is_in_the_navigation() -> None:
    """A new page gets a line under `nav` in mkdocs.yml."""
    nav = yaml.load((ROOT / "mkdocs.yml").read_text(), Loose)["nav"]  # noqa: S506 - a SafeLoader
    listed = list(pages(nav))
    assert sorted(listed) == sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md"))
    assert len(set(listed)) == len(listed)


@pytest.mark.parametrize("page", PAGES)
def test_generated_page_is_up_to_date(page: str) -> None:
    """`python -m tests.docs.reference` writes it again."""
    assert (DOCS / page).read_text(encoding="utf-8") == PAGES[page]()


def test_drawing_is_up_to_date() -> None:
    """`python -m tests.docs.drawing` draws it again."""
    assert DRAWING.read_text(encoding="utf-8") == drawing()
    assert stages() == ["intake", "casualties", "ceasefires"]


def test_import_picture_shows_the_contracts() -> None:
    """`python -m tools.imports` draws it again."""
    assert imports.FILE.read_text(encoding="utf-8") == imports.drawing()


def test_commands_settings_topics_and_codes_are_documented() -> None:
    commands = (DOCS / "reference/commands.md").read_text()
    assert [path for path in COMMANDS if f"## {path}\n" not in commands] == []
    settings = (DOCS / "reference/settings.md").read_text()
    assert [name for name in Settings.model_fields if f"`{PREFIX}{name.upper()}`" not in settings] == []
    contract = (DOCS / "reference/contract.md").read_text()
    assert [name for name in TOPICS if f"`truceline.{name}`" not in contract] == []
    assert [code for code in ErrorCode if f"`{code}`" not in contract] == []
