"""A struct takes what its shape takes: the same fields, with the same bounds, but for patterns and other fields."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from pydantic import TypeAdapter

from schemas.msgspec_structs import struct_of
from schemas.reports import ReportShape
from tests.support.report_json import FULL_REPORT, MINIMAL_REPORT

#: Keywords that a struct leaves to its caller, that only describe, or that name the kind of a claim.
LEFT_OUT = {"pattern", "additionalProperties", "title", "description", "default", "discriminator"}


def said(schema: Any) -> Any:
    """A JSON Schema without what is left out, in one spelling."""
    if isinstance(schema, list):
        return sorted((said(item) for item in schema), key=str)
    if not isinstance(schema, dict):
        return schema
    plain = {name: said(value) for name, value in schema.items() if name not in LEFT_OUT}
    if "const" in plain:
        plain["enum"] = [plain.pop("const")]
    if "enum" in plain:
        plain.pop("type", None)
    if "oneOf" in plain:
        plain["anyOf"] = plain.pop("oneOf")
    return dict(sorted(plain.items()))


def test_a_struct_has_the_fields_and_the_bounds_of_its_shape() -> None:
    shape = TypeAdapter(ReportShape).json_schema()
    struct = msgspec.json.schema(struct_of(ReportShape))["$defs"]
    assert said(struct) == said({"ReportShape": shape} | shape.pop("$defs"))
    assert set(struct) == {
        "ReportShape",
        "CasualtiesShape",
        "CountShape",
        "CeasefireShape",
        "StatementShape",
        "ReferenceShape",
        "DocumentShape",
    }


@pytest.mark.parametrize("report", [FULL_REPORT, MINIMAL_REPORT], ids=["every field", "what must be there"])
def test_a_report_is_read_at_once(report: dict[str, Any]) -> None:
    """Or else every report would go the long way, unseen."""
    read = msgspec.json.decode(msgspec.json.encode(report), type=struct_of(ReportShape))
    assert len(read.claims) == len(report["claims"])


def test_a_field_that_nobody_knows_is_not_passed_over() -> None:
    """It is counted, which only the exact way does."""
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert({**MINIMAL_REPORT, "note": ""}, struct_of(ReportShape))
