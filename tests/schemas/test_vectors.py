"""The vectors the tests run from are the shared ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.paths import ROOT

COPY = ROOT / "tests" / "vectors"
SHARED = ROOT.parent / "shared" / "vectors-2"


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.glob("*.json")}


@pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared/vectors-2 beside this checkout")
def test_the_copy_is_the_shared_set() -> None:
    assert contents(COPY) == contents(SHARED)


def test_there_are_vectors() -> None:
    assert len(contents(COPY)) >= 26
