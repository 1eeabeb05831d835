"""Records compared with the shapes that the schemas publish."""

from __future__ import annotations

from typing import Any

import orjson

from schemas.json_schema import SHAPES


def assert_fits(name: str, record: Any) -> None:
    """Assert that a record has exactly the fields and types of a published shape."""
    plain = orjson.loads(orjson.dumps(record))
    assert SHAPES[name].adapter.validate_python(plain, strict=True) == plain
