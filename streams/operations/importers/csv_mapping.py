"""The mapping file of `truceline import csv`, from columns to fields (example: docs/how-to/importers.md)."""

import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from schemas.reports import MAX_CLAIMS, Slug
from streams.files.jsonl import InputUnreadable
from streams.operations.importers.mapping_faults import constant_faults, shape_faults


class _Loader(yaml.SafeLoader):
    """YAML in which `no` and 2024-01-01 are texts; only true, false, null and integers are not."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}  # type: ignore[misc]


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(null|~|)$"), ["n", "~", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^(0|[1-9][0-9]*)$"), list("0123456789"))


#: Name of the row's number among the columns of `row`.
ROW_NUMBER = "#"
SHAPE = "a mapping has name:, row:, report: and claims:; draft one with truceline import csv FILE --guess"


class MappingError(ValueError):
    """A mapping file with faults; its message has one fault a line."""


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"there is no time zone {name!r}; for example Asia/Baku or UTC") from None
    return name


Zone = Annotated[str, AfterValidator(_known_zone)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FromColumn(_Strict):
    """A value from a column, or put together from several (`template`)."""

    column: str | None = None
    template: str | None = None
    table: str | None = None
    format: str | list[str] | None = None
    zone: Zone | None = None
    #: The moment of the day that a date without a time means.
    day: Literal["start", "end"] | None = None
    split: str | None = None
    default: str | int | bool | None = None

    @model_validator(mode="after")
    def _one_place(self) -> "FromColumn":
        if (self.column is None) == (self.template is None):
            raise ValueError("give either column or template")
        return self

    @property
    def formats(self) -> list[str]:
        """The date formats (strptime) to try, in order; none: they are found."""
        return [self.format] if isinstance(self.format, str) else self.format or []


Value = str | int | bool | FromColumn


class CountMapping(_Strict):
    """The figures of a count: `best` with its bounds, or a `text` such as `36-38`, `19+` or `ca. 40`."""

    best: Value | None = None
    text: Value | None = None
    low: Value | None = None
    high: Value | None = None

    @model_validator(mode="after")
    def _best_or_text(self) -> "CountMapping":
        if (self.best is None) == (self.text is None):
            raise ValueError("give either best or text")
        return self


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
    group: Value | None = None
    scope: Value | None = None
    place: Value | None = None
    quote: Value | None = None


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
    place: Value | None = None
    quote: Value | None = None


class StatementMapping(_Strict):
    """A statement; it is not made for a row whose `act` is empty, or whose `text` is where it is mapped."""

    type: Literal["statement"]
    act: Value
    about: Value
    against: Value | None = None
    text: Value | None = None
    quote: Value | None = None


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


class TableMapping(_Strict):
    """The format of the file; what is left out is found from its content."""

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    encoding: str | None = None
    sheet: str | None = None
    empty: list[str] = ["", "NA", "N/A", "n/a", "-", "–", "—", "null", "None"]
    thousands: str = ""
    zone: Zone = "UTC"


class CsvMapping(_Strict):
    """A whole mapping file: `name` and the `row` columns make the report id."""

    name: Slug
    row: Annotated[list[str], Field(min_length=1)]
    report: ReportMapping
    claims: Annotated[list[ClaimMapping], Field(min_length=1, max_length=MAX_CLAIMS)]
    file: TableMapping = TableMapping()
    only: dict[str, list[str]] = {}
    tables: dict[str, dict[str, str | int | bool]] = {}

    def named_values(self) -> list[tuple[str, Value]]:
        """Return every field of the mapping with its value."""
        found: list[tuple[str, Value]] = []
        for part in (self.report, *self.claims):
            for name, value in dict(part).items():
                if isinstance(value, CountMapping):
                    found.extend((each, figure) for each, figure in dict(value).items() if figure is not None)
                elif value is not None and name != "type":
                    found.append((name, value))
        return found

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the file must have, but for those of templates."""
        named = {value.column for _, value in self.named_values() if isinstance(value, FromColumn) and value.column}
        return tuple(sorted(named | {name for name in self.row if name != ROW_NUMBER} | self.only.keys()))


def read_mapping(path: Path) -> CsvMapping:
    """Return the mapping in a YAML file.

    Raises MappingError with one `file:line: reason` a line for all its faults, InputUnreadable.
    """
    try:
        text = path.read_text("utf-8-sig")
        root = yaml.compose(text, Loader=_Loader)
        content = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except OSError as error:
        raise InputUnreadable(f"{path} cannot be read: {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise MappingError(f"{path}:{line}: not YAML: {error.problem}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise MappingError(f"{path}:1: not YAML: {error}") from error
    if not isinstance(content, dict):
        raise MappingError(f"{path}:1: {SHAPE}")
    faults = list(constant_faults(content))
    try:
        mapping = CsvMapping.model_validate(content)
    except ValidationError as error:
        faults += shape_faults(error, _fields_of)
    if faults:
        lines = sorted({(_line(root, location), reason) for location, reason in faults})
        raise MappingError("\n".join(f"{path}:{line}: {reason}" for line, reason in lines))
    return mapping


def _fields_of(location: tuple[int | str, ...]) -> list[str]:
    """Return the names of the fields of a part of the mapping."""
    shapes: dict[str, type[BaseModel]] = {
        "casualties": CasualtiesMapping,
        "ceasefire": CeasefireMapping,
        "statement": StatementMapping,
        "report": ReportMapping,
        "file": TableMapping,
        "count": CountMapping,
        "FromColumn": FromColumn,
    }
    named = [shapes[part] for part in location if isinstance(part, str) and part in shapes]
    return list((named[-1] if named else CsvMapping).model_fields)


def _line(node: yaml.Node | None, location: tuple[int | str, ...]) -> int:
    """Return the line of the innermost part of a location that is in the file."""
    line = node.start_mark.line + 1 if node and node.start_mark else 1
    for part in location:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        elif isinstance(node, yaml.MappingNode):
            # A part that is no key is the name of a shape that pydantic tried.
            for key, value in node.value:
                if key.value == str(part):
                    line, node = key.start_mark.line + 1, value
                    break
    return line
