"""JSON encoded in parts is what orjson encodes at once."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from streams.web import json_parts
from streams.web.json_parts import dumps_in_parts


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        [],
        {"a": 1, "b": []},
        list(range(11)),
        {
            "cells": [{"claims": list(range(7)), "name": "é"}, {"claims": [], "more": {"x": [1, 2, 3, 4]}}],
            "clock": None,
        },
        [[1, 2, 3, 4], {"a": [{"b": [1, 2, 3, 4]}] * 5}],
    ],
)
def test_parts_join_to_the_same_bytes(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_parts, "PART_ITEMS", 3)
    assert b"".join(dumps_in_parts(value)) == orjson.dumps(value)
