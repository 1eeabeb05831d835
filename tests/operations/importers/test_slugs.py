"""Names as slugs: one rule, the same every time, and two names never one by being cut."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.reports import SLUG
from streams.operations.importers.slugs import slug


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Government of Ukraine", "government-of-ukraine"),
        ("RFE/RL", "rfe-rl"),
        ("babel.ua", "babel.ua"),
        ("  Sant'Egidio  ", "sant-egidio"),
        ("Міноборони", "minoboroni"),
        ("Köln, Ägypten", "koln-agypten"),
        ("x" * 80, "x" * 80),
    ],
)
def test_a_name_becomes_its_letters_and_digits(name: str, expected: str) -> None:
    assert slug(name) == expected


def test_long_names_are_cut_and_stay_apart() -> None:
    one, other = slug("word " * 40 + "one"), slug("word " * 40 + "other")
    assert one != other
    assert len(one) <= 80


def test_a_name_with_no_letter_or_digit_is_refused() -> None:
    with pytest.raises(ValueError, match="no letter or digit"):
        slug(" – ")


@given(st.text(max_size=200))
def test_what_comes_out_is_a_slug_and_stays_itself(name: str) -> None:
    try:
        made = slug(name)
    except ValueError:
        return
    assert re.fullmatch(SLUG, made)
    assert slug(made) == made
