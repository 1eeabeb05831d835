"""A shape as a msgspec struct, which decodes and validates JSON in one step, about ten times as fast as pydantic.

A struct accepts no other fields, and does not check patterns: the caller checks those. JSON that it rejects may still
fit the shape: pydantic decides, and explains why not.
"""

from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, Literal, NotRequired, get_args, get_origin, get_type_hints

import msgspec
from pydantic.fields import FieldInfo
from typing_extensions import is_typeddict

__all__ = ["struct_of"]

#: The field whose value names the kind of a claim.
TAG = "type"
_BOUNDS = ("ge", "le", "lt", "max_length")


@cache
def struct_of(shape: type) -> Any:
    """Return the struct of a TypedDict with pydantic's constraints: what is not required is None where not given."""
    required: list[Any] = []
    optional: list[Any] = []
    options: dict[str, Any] = {}
    for name, hint in get_type_hints(shape, include_extras=True).items():
        if name == TAG:
            options = {"tag_field": TAG, "tag": get_args(hint)[0]}
        elif get_origin(hint) is NotRequired:
            optional.append((name, _type(get_args(hint)[0]), None))
        else:
            required.append((name, _type(hint)))
    return msgspec.defstruct(
        shape.__name__, required + optional, frozen=True, gc=False, forbid_unknown_fields=True, **options
    )


def _type(hint: Any) -> Any:
    if is_typeddict(hint):
        return struct_of(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is None or origin is Literal:
        return hint
    if origin is Annotated:
        bounds = _bounds(arguments[1:])
        return Annotated[_type(arguments[0]), msgspec.Meta(**bounds)] if bounds else _type(arguments[0])
    if origin is list:
        return list[_type(arguments[0])]  # type: ignore[misc]
    return reduce(or_, map(_type, arguments))


def _bounds(constraints: tuple[Any, ...]) -> dict[str, Any]:
    """Return what pydantic's constraints say of a number or a length, by msgspec's names: they are the same."""
    bounds: dict[str, Any] = {}
    for constraint in constraints:
        for part in constraint.metadata if isinstance(constraint, FieldInfo) else [constraint]:
            bounds |= {name: bound for name in _BOUNDS if (bound := getattr(part, name, None)) is not None}
    return bounds
