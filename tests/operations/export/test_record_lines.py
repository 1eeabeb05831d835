"""A record as a line: read back it is the same record, or it is left out and said."""

from __future__ import annotations

import orjson
import pytest

from streams.core.wire import unwrap
from streams.operations.export.record_lines import SkippedRecords, line_of
from streams.stores.topic_records import TopicRecord
from tests.support.build import killed, report

NOON_US = 1_663_156_800_123_000
REPORT = report("a", killed(71))


def item(value: bytes | None, key: bytes | None = b"war") -> TopicRecord:
    return TopicRecord(3, 5, NOON_US, key, value, (("code", b"invalid"), ("trace", None)))


def test_a_record_is_wrapped_with_its_timestamp_and_key() -> None:
    line = line_of(item(b'{"tick":1}'))
    assert line == b'{"timestamp":"2022-09-14T12:00:00.123Z","key":"war","value":{"tick":1}}\n'
    assert line_of(item(b"7", key=None)._replace(timestamp_us=None)) == b'{"timestamp":null,"key":null,"value":7}\n'
    assert line_of(item(None)) == b'{"timestamp":"2022-09-14T12:00:00.123Z","key":"war","value":null}\n'


@pytest.mark.parametrize(
    "value",
    [
        orjson.dumps(REPORT),
        orjson.dumps(REPORT, option=orjson.OPT_INDENT_2),
        b' \t{"report_id": 7}\r',
        b'{"a": 1, "a": 2}',
        b'"' + b"x" * 300_000 + b'"',
    ],
    ids=["plain", "over several lines", "spaces", "a key twice", "too long"],
)
def test_a_value_is_read_back_as_it_was_but_for_white_space(value: bytes) -> None:
    line = line_of(item(value))
    assert line.count(b"\n") == 1
    record = unwrap(line[:-1])
    assert record.value == value.replace(b"\n", b" ").strip()
    assert record.timestamp_us == NOON_US


@pytest.mark.parametrize(
    "value", [b"", b"\xff", b"NaN", b'"\\ud800"', b"{", b'{"a":1}{"b":2}', b'{"a":1},"key":"x"', b"[" * 5_000]
)
def test_what_is_not_json_is_left_out(value: bytes) -> None:
    with pytest.raises(SkippedRecords, match="not JSON"):
        line_of(item(value))


def test_what_was_rejected_is_text_with_its_headers() -> None:
    assert orjson.loads(line_of(item(b'{"a"\n\xff', key=b"\xfe"), of_rejected=True)) == {
        "timestamp": "2022-09-14T12:00:00.123Z",
        "key": "�",
        "value": '{"a"\n�',
        "headers": {"code": "invalid", "trace": None},
    }
