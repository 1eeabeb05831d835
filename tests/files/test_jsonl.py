"""Reading lines: numbering, compression, what breaks off, and what counts as wrapped."""

from __future__ import annotations

import gzip
import io
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from streams.core.log_record import Record
from streams.core.parse import Refusal
from streams.core.times import parse_time, read_time
from streams.core.wire import unwrap
from streams.files.jsonl import InputUnreadable, Lines
from streams.files.zstd import zstd


def read(*paths: str | Path) -> list[tuple[str, int, bytes]]:
    lines = Lines(paths)
    return [(Path(lines.path).name, lines.number, line) for line in lines]


def test_blank_lines_are_skipped_but_numbered(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(b"a\n\n \t\r\nb\r\n\nc")
    assert read(path) == [("r.jsonl", 1, b"a"), ("r.jsonl", 4, b"b\r"), ("r.jsonl", 6, b"c")]


@pytest.mark.parametrize(
    ("content", "records"),
    [
        (b'[{"a": 1},\n {"b":\n  2},\n 3]\n', [(1, b'{"a": 1}'), (2, b'{"b":   2}'), (4, b"3")]),
        (b"[]\n", []),
        (b"[1]\n[2]\n", [(1, b"[1]"), (2, b"[2]")]),
        (b'{\n "a": {\n  "b": 1\n }\n}\n{"c": 2}\n', [(1, b'{  "a": {   "b": 1  } }'), (6, b'{"c": 2}')]),
        (b'{\n "a":\n\n{"c": 2}\n', [(1, b"{"), (2, b' "a":'), (4, b'{"c": 2}')]),
        (b"\xef\xbb\xbfa\nb", [(1, b"a"), (2, b"b")]),
    ],
)
def test_arrays_and_records_over_several_lines(
    tmp_path: Path, content: bytes, records: list[tuple[int, bytes]]
) -> None:
    """Each record has the number of the line that it begins on; what is no JSON is read line by line."""
    path = tmp_path / "r.json"
    path.write_bytes(content)
    assert [(number, line) for _, number, line in read(path)] == records


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"a": 1}\n'.encode("utf-16"), "it is UTF-16 text: save it as UTF-8"),
        ('{"a": 1}\n'.encode("utf-16-le"), "it is UTF-16 text: save it as UTF-8"),
        (b"PK\x03\x04", "it is a zip archive or a spreadsheet"),
    ],
)
def test_a_file_of_another_format_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "r"
    path.write_bytes(content)
    with pytest.raises(InputUnreadable, match=said):
        read(path)


@pytest.mark.parametrize("name", ["r.gz", "r.zst", "gz", "zst"])
def test_a_file_is_unpacked_by_its_name_or_its_first_bytes(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    pack = gzip.compress if name.endswith("gz") else zstd.compress
    path.write_bytes(pack(b"a\n") + pack(b"b\n"))
    assert [line for _, _, line in read(path)] == [b"a", b"b"]


def test_standard_input_and_files_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(b"a\nb\n")
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"c\n")))
    assert read(path, "-", path) == [
        ("r.jsonl", 1, b"a"), ("r.jsonl", 2, b"b"), ("-", 1, b"c"), ("r.jsonl", 1, b"a"), ("r.jsonl", 2, b"b"),
    ]  # fmt: skip


def test_a_named_pipe_is_read_to_its_end_as_a_file_is(tmp_path: Path) -> None:
    pipe, path = tmp_path / "pipe", tmp_path / "r.jsonl"
    os.mkfifo(pipe)
    path.write_bytes(b"c\n")
    with ThreadPoolExecutor(1) as pool:
        pool.submit(pipe.write_bytes, b"a\nb\n")
        lines = Lines([pipe, path])
        assert list(lines) == [b"a", b"b", b"c"]
    assert lines.bytes_total is None


@pytest.mark.parametrize("name", ["r.gz", "r.zst"])
def test_a_file_that_breaks_off_is_unreadable(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    content = b"".join(b"%d\n" % n for n in range(100_000))
    packed = gzip.compress(content) if name == "r.gz" else zstd.compress(content)
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(InputUnreadable, match=rf"{name} cannot be read.*: Compressed file ended before"):
        read(path)


@pytest.mark.parametrize("name", ["r.gz", "r.zst"])
def test_a_file_that_is_not_what_its_name_says_is_unreadable(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b'{"report_id": "plain"}\n')
    with pytest.raises(InputUnreadable, match=name):
        read(tmp_path / name)


def test_a_missing_file_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    """So is a folder."""
    with pytest.raises(InputUnreadable, match="No such file"):
        Lines([tmp_path / "none"])
    with pytest.raises(InputUnreadable, match="directory"):
        Lines([tmp_path])


def test_how_far_is_told_in_bytes_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(b"a\nb\n")
    lines = Lines([path, path])
    assert (lines.bytes_done, lines.bytes_total) == (0, 8)
    list(lines)
    assert lines.bytes_done == 8


REPORT = '{"report_id": "a", "value": {"report_id": "b"}}'
NOON = parse_time("2022-09-13T12:00:00Z")


@pytest.mark.parametrize(
    ("line", "record"),
    [
        pytest.param('{"value": {"a":1} , "key": "k"}', Record(b'{"a":1}'), id="value cut out as it stands"),
        pytest.param('{"value": 1, "value": {"a": [2]}}', Record(b'{"a": [2]}'), id="of equal keys the last"),
        pytest.param('{"\\u0076alue": 7}', Record(b"7"), id="a key with an escape"),
        pytest.param(
            '{"timestamp": "2022-09-13T16:00:00+04:00", "value": {}}', Record(b"{}", NOON), id="with a timestamp"
        ),
        pytest.param('{"timestamp": null, "value": {}}', Record(b"{}"), id="a null timestamp is none"),
        pytest.param(REPORT, Record(REPORT.encode()), id="a report with a field called value"),
        pytest.param('{"tick": "t", "value": 1}', Record(b'{"tick": "t", "value": 1}'), id="a tick with one"),
        pytest.param('{"tick": null, "value": 1}', Record(b"1"), id="no tick"),
        pytest.param('{"value": 1', Record(b'{"value": 1'), id="not JSON"),
        pytest.param('["value"]', Record(b'["value"]'), id="no object"),
    ],
)
def test_what_is_wrapped(line: str, record: Record) -> None:
    assert unwrap(line.encode()) == record


def test_however_deep_a_line_is_nested_it_is_left_to_the_parser() -> None:
    line = b'{"value": 1, "key": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert unwrap(line) == Record(line)


@pytest.mark.parametrize("stamp", ["2022-09-13", 5, "0001-01-01T00:00:00+01:00", {}])
def test_a_wrapping_with_no_time_is_invalid(stamp: object) -> None:
    with pytest.raises(Refusal) as refused:
        unwrap(json.dumps({"timestamp": stamp, "value": {}}).encode())
    assert refused.value.code == "invalid"
    assert refused.value.message.startswith("timestamp: ")


def test_a_time_is_spelt_as_the_contract_says() -> None:
    assert read_time("2022-09-13T16:00:00+04:00") == NOON
    with pytest.raises(ValueError, match="RFC 3339"):
        read_time("2022-09-13 16:00")
