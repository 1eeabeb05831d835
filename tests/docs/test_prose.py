"""tools/prose finds banned phrases where a person reads them, and nowhere else."""

from __future__ import annotations

import pytest

from tools.prose import check, rules

BANNED = rules()


def found(path: str, text: str) -> list[tuple[int, str]]:
    return [(finding.line, finding.message.partition(":")[0]) for finding in check(path, text, BANNED)]


def test_contributing_has_the_list() -> None:
    assert len(BANNED) > 15
    assert found("docs/a.md", "It holds them against the log.\n") == [(1, "'holds them against'")]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('"""Return it.\n\nIt goes on.\n"""\n', [1]),
        ("x = 1  # it goes on\n", [1]),
        ("# it goes\n# on and on\n", [1]),
        ('print("it goes on here")\n', [1]),
        ('x = "goes on"\n', []),
        ("goes_on = 1\n", []),
    ],
)
def test_docstrings_comments_and_long_strings_are_read(text: str, lines: list[int]) -> None:
    assert [line for line, _ in found("streams/a.py", text)] == lines


def test_strings_of_tests_are_data() -> None:
    assert found("tests/a.py", 'x = "and so it goes on"  # it goes on\n') == [(1, "'goes on'")]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("What it does is clear.\n", [1]),
        ("What is it?\n", []),
        ("## What it does\n", []),
        ("It works. It is fast.\n", [1]),
        ("It works, e.g. Kafka.\n", []),
        ("| it works. It is fast | a |\n", []),
        ("```text\nIt goes on.\n```\n", []),
        ("Use `goes on` here.\n", []),
        ("<!-- topics: begin -->\nIt goes on.\n<!-- topics: end -->\nIt goes on.\n", [4]),
    ],
)
def test_markdown_is_read_outside_code_and_generated_parts(text: str, lines: list[int]) -> None:
    assert [line for line, _ in found("docs/a.md", text)] == lines
