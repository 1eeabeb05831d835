"""Whatever the text: a draft, in bounded work, with every number accounted for."""

import sys
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.reading import draft_json, read
from streams.reading.left_out import is_number
from streams.reading.tokens import tokens_of
from tests.reading.build import CONTEXT, document, drafted

WORDS = (
    *(
        "71",
        "soldiers",
        "civilians",
        "were killed",
        "wounded",
        "said",
        "Tarnholm",
        "the Southern Defence Ministry",
        "and",
    ),
    *(",", ".", ";", ":", "(", ")", '"', "-", "–", "since", "on Friday", "ceasefire", "truce", "violated", "agreed"),
    *("20:00", "14/12/2025", "1,204", "at least", "between", "40", "dozens", "of", "children", "including", "them"),
    *("toll", "rose to", "missing", "prisoners", "no", "not", "denied", "if", "their", "our", "enemy", "lost", "tanks"),
    *(
        "Skarn",
        "a",
        "an",
        "2024",
        "April",
        "\u202e",
        "\u200b",
        "🔴",
        "شهداء",
        "٤٥",
        "9",
        "per cent",
        "forty-three",
        "\n",
    ),
)
REASONS = frozenset(
    {
        *("year", "date", "time", "age", "rank_or_unit", "percent", "money", "distance", "equipment", "history"),
        *("other_event", "subset", "superseded", "sum_of_parts", "ordinal", "not_people", "not_losses"),
        *("hypothetical", "period_detail"),
    },
)
HOSTILE = {
    "prose": "Eldermouth said 71 people were killed and 12 wounded in Skarn on Friday. ",
    "lines": "Killed: 5\n",
    "numbers": "5, ",
    "list": "5 soldiers and ",
    "brackets": "(",
    "quotes": '"',
    "marks": "\u202e5\u200b",
    "truce": "truce ",
    "said": "Tarnholm said ",
    "words": "twenty ",
    "hyphens": "5-",
    "capitals": "Aaa ",
    "since": "since the war ",
}


def check(content: dict[str, Any]) -> None:
    """Check that a draft accounts for every number, and points into the text alone."""
    whole = f"{content['document']['title']}\n{content['document']['text']}"
    spans = [(e["start"], e["end"]) for c in content["claims"] for e in c["evidence"]]
    spans += [(entry["start"], entry["end"]) for entry in content["left_out"]]
    assert all(0 <= start < end <= len(whole) for start, end in spans)
    numbers = [token for token in tokens_of(whole) if is_number(token)]
    loose = [t.text for t in numbers if not any(start < t.end and t.start < end for start, end in spans)]
    assert loose == []
    assert {entry["why"] for entry in content["left_out"]} <= REASONS
    for entry in content["claims"]:
        claim = content["reports"][entry["report"]]["claims"][entry["claim"]]
        assert len(claim["quote"]) <= 300
        if claim["type"] == "casualties":
            count = claim["count"]
            assert 0 <= count.get("low", 0) <= count["best"] <= count.get("high", 10**9) <= 10**9


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join))
def test_numbers_of_mixed_words_are_accounted_for(text: str) -> None:
    check(drafted(text))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200), st.text(max_size=40))
def test_numbers_of_any_characters_are_accounted_for(text: str, title: str) -> None:
    content = drafted(text, title)
    check(content)
    assert draft_json(read(document(text, title), CONTEXT))


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=200), st.sampled_from(["ar", "uk", "ru", "fr", "zz-Zzzz"]))
def test_numbers_in_other_languages_are_accounted_for(text: str, lang: str) -> None:
    check(drafted(text, lang=lang))


def test_million_digits_are_one_number_left_out() -> None:
    digits = "9" * 200_000
    assert [(entry["end"] - entry["start"], entry["why"]) for entry in drafted(digits)["left_out"]] == [
        (200_000, "not_people")
    ]


def test_lone_surrogate_becomes_a_replacement_character() -> None:
    assert drafted("5 \ud800 dead")["document"]["text"] == "5 ? dead"


def calls_of(text: str) -> int:
    """Return how many functions a reading calls: work that no busy machine changes."""
    count = 0

    def counted(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    given_document = document(text)
    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        read(given_document, CONTEXT)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE)
def test_work_grows_with_the_text_alone(unit: str) -> None:
    """Four times the text is at most about four times the work."""
    size = 3_000
    small, large = unit * (size // len(unit)), unit * (4 * size // len(unit))
    calls_of(small)
    assert calls_of(large) <= 5 * calls_of(small)
