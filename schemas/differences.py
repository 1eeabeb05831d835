"""The JSON of `truceline diff`: changes of an episode between two times (docs/how-to/time-travel.md)."""

from typing import Literal, NotRequired

from pydantic import TypeAdapter, with_config
from typing_extensions import TypedDict

from schemas.changes import (
    CeasefireView,
    CellValue,
    CountChange,
    Moment,
    Persons,
    StatementChange,
    StatusChange,
    ViewName,
)
from schemas.reports import Group, Outcome, Population, Slug

__all__ = ["DIFFERENCE", "Difference"]

_OUT = with_config(use_attribute_docstrings=True, extra="ignore")
Correction = Literal["withdrawn", "revised", "lowered"]


@_OUT
class CountChangeInBetween(CountChange):
    """A change of a running count; its version is that of this fold."""

    correction: Correction | None
    """The kind of correction; null if it is not one."""
    repeats: NotRequired[str]
    """The earlier report whose total a lower figure repeats, after the source has raised it: no correction."""


@_OUT
class StatusChangeInBetween(StatusChange):
    """A change of the status of a ceasefire; its version is that of this fold."""

    correction: Correction | None
    """The kind of correction; null if it is not one."""


@_OUT
class StatementChangeInBetween(StatementChange):
    """A statement published, changed or withdrawn; its version is that of this fold."""

    correction: Correction | None
    """The kind of correction; null if it is not one."""


@_OUT
class CellDifference(TypedDict):
    """A running count that is not as it was, or was something else in between."""

    source: Slug
    party: Slug
    outcome: Outcome
    population: Population
    group: NotRequired[Group]
    scope: NotRequired[Slug]
    before: CellValue | None
    after: CellValue | None
    changes: list[CountChangeInBetween]


@_OUT
class TotalValue(TypedDict):
    """The sum of the parties' own figures."""

    best: Persons
    parts: dict[Slug, Persons]
    """By party."""
    missing: list[Slug]
    """The parties of which there is a figure, but none of their own."""


@_OUT
class TotalDifference(TypedDict):
    """A total that is not as it was."""

    outcome: Outcome
    population: Population
    group: NotRequired[Group]
    scope: NotRequired[Slug]
    before: TotalValue | None
    after: TotalValue | None


@_OUT
class ViewDifference(TypedDict):
    """A view of a ceasefire that is not as it was, or was something else in between."""

    ceasefire: Slug
    view: ViewName
    before: CeasefireView | None
    after: CeasefireView | None
    changes: list[StatusChangeInBetween]


#: By the functional form, since `from` is a keyword.
Difference = TypedDict(
    "Difference",
    {
        "episode": Slug,
        "from": Moment,
        "to": Moment,
        "cells": list[CellDifference],
        "totals": list[TotalDifference],
        "ceasefires": list[ViewDifference],
        "statements": list[StatementChangeInBetween],
    },
)
DIFFERENCE = TypeAdapter(Difference)
