"""The fields of a class of the core, interpreted or compiled."""

from typing import Any

__all__ = ["fields_of"]


def fields_of(kind: type[Any]) -> list[str]:
    """Return the names of the fields of a class with slots; of one that has neither, none."""
    names: list[str] = [*getattr(kind, "__mypyc_attrs__", getattr(kind, "__slots__", ()))]
    return sorted(name for name in names if not name.startswith("__"))
