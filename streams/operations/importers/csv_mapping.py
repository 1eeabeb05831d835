"""The mapping file of `truceline import csv`, from columns to fields (example: docs/how-to/importers.md)."""

import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from schemas.reports import MAX_CLAIMS, Slug
from streams.files.jsonl import InputUnreadable


class _Loader(yaml.SafeLoader):
    """YAML as people mean it: `no` is a column, 2024-01-01 a text; only true, false, null and integers are more."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}  # type: ignore[misc]


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(null|~|)$"), ["n", "~", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^(0|[1-9][0-9]*)$"), list("0123456789"))


class MappingError(ValueError):
    """A mapping file that is refused: a line for each fault, with the path of the field."""


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"no such time zone: {name!r}; write for example Asia/Baku or UTC") from None
    return name


Zone = Annotated[str, AfterValidator(_known_zone)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FromColumn(_Strict):
    """A value that stands in a column, or is put together from several (`template`)."""

    column: str | None = None
    template: str | None = None
    table: str | None = None
    format: str | list[str] | None = None
    zone: Zone | None = None
    split: str | None = None
    default: str | int | bool | None = None

    @model_validator(mode="after")
    def _one_place(self) -> "FromColumn":
        if (self.column is None) == (self.template is None):
            raise ValueError("give either column or template")
        return self

    @property
    def formats(self) -> list[str]:
        """The date formats (strptime) to try, in order; none: ISO 8601."""
        return [self.format] if isinstance(self.format, str) else self.format or []


Value = str | int | bool | FromColumn


class CountMapping(_Strict):
    """Where a count's three figures stand."""

    best: Value
    low: Value | None = None
    high: Value | None = None


class CasualtiesMapping(_Strict):
    """A casualty claim; it is not made for a row whose `count.best` is empty."""

    type: Literal["casualties"]
    party: Value
    outcome: Value
    count: CountMapping
    population: Value | None = None
    qualifier: Value | None = None
    basis: Value | None = None
    as_of: Value | None = None
    since: Value | None = None
    final: Value | None = None
    incident: Value | None = None


class CeasefireMapping(_Strict):
    """A ceasefire claim; it is not made for a row whose `act` is empty."""

    type: Literal["ceasefire"]
    act: Value
    ceasefire: Value | None = None
    at: Value | None = None
    by: Value | None = None
    against: Value | None = None
    effective_at: Value | None = None
    expires_at: Value | None = None
    parties: Value | None = None
    mediators: Value | None = None
    text: Value | None = None


class StatementMapping(_Strict):
    """A statement; it is not made for a row whose `act` is empty, or whose `text` is where it is mapped."""

    type: Literal["statement"]
    act: Value
    about: Value
    against: Value | None = None
    text: Value | None = None


ClaimMapping = Annotated[CasualtiesMapping | CeasefireMapping | StatementMapping, Field(discriminator="type")]


class ReportMapping(_Strict):
    """The fields of a report but its id and claims."""

    episode: Value
    source: Value
    published_at: Value
    relayed_by: Value | None = None
    url: Value | None = None
    headline: Value | None = None
    lang: Value | None = None
    revision: Value | None = None
    withdrawn: Value | None = None


class TableFormat(_Strict):
    """How the file is written."""

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    encoding: str = "utf-8-sig"
    empty: list[str] = ["", "NA", "n/a", "-"]
    thousands: str = ""
    zone: Zone = "UTC"


class CsvMapping(_Strict):
    """A whole mapping file: `name` and the `row` columns make the report id."""

    name: Slug
    row: Annotated[list[str], Field(min_length=1)]
    report: ReportMapping
    claims: Annotated[list[ClaimMapping], Field(min_length=1, max_length=MAX_CLAIMS)]
    file: TableFormat = TableFormat()
    only: dict[str, list[str]] = {}
    tables: dict[str, dict[str, str | int | bool]] = {}

    @model_validator(mode="after")
    def _tables_are_there(self) -> "CsvMapping":
        used = {value.table for value in self.values() if isinstance(value, FromColumn) and value.table}
        if missing := sorted(used - self.tables.keys()):
            raise ValueError(f"no table {', '.join(missing)} under tables")
        return self

    def values(self) -> list[Value]:
        """Return every value that the mapping names."""
        found: list[Value] = []
        for part in (self.report, *self.claims):
            for name, value in _fields(part).items():
                if isinstance(value, CountMapping):
                    found.extend(figure for figure in dict(value).values() if figure is not None)
                elif value is not None and name != "type":
                    found.append(value)
        return found

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the file must have."""
        named = {value.column for value in self.values() if isinstance(value, FromColumn) and value.column}
        return tuple(sorted(named | set(self.row) | self.only.keys()))


def read_mapping(path: Path) -> CsvMapping:
    """Return the mapping in a YAML file.

    Raises MappingError where it is refused (its message has one `file:line: field: reason` a line), InputUnreadable.
    """
    try:
        text = path.read_text("utf-8")
        root = yaml.compose(text, Loader=_Loader)
        content = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except OSError as error:
        raise InputUnreadable(f"{path} cannot be read: {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise MappingError(f"{path}:{line}: not YAML: {error.problem}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise MappingError(f"{path}:1: not YAML: {error}") from error
    try:
        return CsvMapping.model_validate(content)
    except ValidationError as error:
        faults = [(_line(root, fault["loc"]), _path(fault["loc"]), fault["msg"]) for fault in error.errors()]
        raise MappingError("\n".join(f"{path}:{line}: {place}: {why}" for line, place, why in faults)) from error


def _line(node: yaml.Node | None, location: tuple[int | str, ...]) -> int:
    """Return the line of the innermost part of a location that stands in the file."""
    line = node.start_mark.line + 1 if node and node.start_mark else 1
    for part in location:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        elif isinstance(node, yaml.MappingNode):
            # What is not a key is the name of a shape that pydantic tried.
            for key, value in node.value:
                if key.value == str(part):
                    line, node = key.start_mark.line + 1, value
                    break
    return line


def _fields(part: BaseModel) -> dict[str, Any]:
    return dict(part)


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "the mapping"
