"""The file of feeds, and its faults, each with its line."""

from pathlib import Path

import pytest

from streams.operations.collect import Feed, FeedsError, read_feeds


def test_a_file_of_feeds_is_read(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text(
        "wire:\n  url: https://example.org/rss\n  outlet: coast-wire\n  zone: Asia/Baku\n  every: 2h\n"
        "posts:\n  telegram: export/result.json\n  lang: uk\n  episode: north-south\n"
    )
    assert read_feeds(path) == [
        Feed("wire", "url", "https://example.org/rss", "coast-wire", zone="Asia/Baku", every_s=7_200),
        Feed("posts", "telegram", str(tmp_path / "export/result.json"), "posts", episode="north-south", lang="uk"),
    ]


def test_every_fault_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text(
        "wire:\n  url: ftp://example.org/rss\n  every: 5s\n  zone: Mars/Olympus\n  colour: red\n"
        "Two Words:\n  url: https://example.org\nthree:\n  outlet: x\n"
    )
    with pytest.raises(FeedsError) as refused:
        read_feeds(path)
    assert [(fault.line, fault.reason.partition(":")[0]) for fault in refused.value.faults] == [
        (2, "url"),
        (3, "every"),
        (4, "zone"),
        (5, "colour is not a field; a feed is a name with url"),
        (6, "'Two Words' is no name of a feed"),
        (8, "three needs one of url, page, folder, telegram"),
    ]


def test_a_file_without_feeds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text("")
    with pytest.raises(FeedsError, match="no feed in it"):
        read_feeds(path)
