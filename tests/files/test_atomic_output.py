"""Files that commands write: packed as their names say, and there whole or not at all."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.files.atomic_output import output
from streams.files.zstd import zstd

LINES = b"one\ntwo\n"


@pytest.mark.parametrize(
    ("name", "unpacked"), [("a.jsonl", bytes), ("a.jsonl.gz", gzip.decompress), ("a.jsonl.zst", zstd.decompress)]
)
def test_a_file_is_compressed_by_its_name(tmp_path: Path, name: str, unpacked: Callable[[bytes], bytes]) -> None:
    """The same content gives the same bytes."""
    path = tmp_path / name
    written = []
    for _ in range(2):
        with output(str(path)) as file:
            file.write(LINES)
        written.append(path.read_bytes())
    assert unpacked(written[0]) == LINES
    assert written[0] == written[1]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst"])
def test_an_error_leaves_what_was_there(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"before")

    def midway() -> None:
        with output(str(path)) as file:
            file.write(LINES)
            raise ValueError("midway")

    with pytest.raises(ValueError, match="midway"):
        midway()
    assert [(path, path.read_bytes())] == [(each, each.read_bytes()) for each in tmp_path.iterdir()]
