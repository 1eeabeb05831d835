"""The folder of a local Kafka: nothing in it is deleted that this program did not make."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from streams.kafka.local.cluster import KafkaUnavailable, LocalKafka
from streams.kafka.local.node import Node


def contents(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def filled(folder: Path) -> set[str]:
    """Put other people's files into a folder, one of them named like a node's."""
    (folder / "thesis").mkdir(parents=True)
    (folder / "thesis" / "chapter").write_text("one")
    (folder / "node-1").mkdir()
    (folder / "precious.txt").write_text("precious")
    return contents(folder)


def test_a_folder_with_files_is_refused_and_kept(tmp_path: Path) -> None:
    before = filled(tmp_path)
    with pytest.raises(KafkaUnavailable, match="is neither empty nor the folder of a local Kafka"):
        LocalKafka.create(tmp_path)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("existed", [True, False])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_a_failed_layout_deletes_only_its_own_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException], existed: bool
) -> None:
    """Ctrl-C, or a full disk, in the middle of formatting the second node, while other files came in."""
    folder = tmp_path / "kafka"
    if existed:
        folder.mkdir()
    format_ = Node.format

    def interrupted(node: Node, *args: Any) -> subprocess.Popen[bytes]:
        if node.address.number == 2:
            (folder / "precious.txt").write_text("precious")
            raise error
        return format_(node, *args)

    monkeypatch.setattr(Node, "format", interrupted)
    with pytest.raises(error):
        LocalKafka.create(folder, nodes=3)
    assert contents(folder) == {"precious.txt"}


@pytest.mark.kafka
def test_wiping_deletes_only_what_was_laid_out(tmp_path: Path) -> None:
    folder = tmp_path / "kafka"
    LocalKafka.create(folder)
    (folder / "precious.txt").write_text("precious")
    found = LocalKafka.open(folder)
    assert found is not None
    found.remove()
    assert contents(folder) == {"precious.txt"}
    assert LocalKafka.open(folder) is None


@pytest.mark.kafka
def test_wiping_removes_a_folder_that_is_empty_then(tmp_path: Path) -> None:
    LocalKafka.create(tmp_path / "kafka").remove()
    assert not (tmp_path / "kafka").exists()
