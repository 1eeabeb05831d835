"""The tables that leave the system: one definition each (contract section 11).

CSV, JSON lines, Parquet, spreadsheets and GeoJSON are written from these columns, and the JSON Schemas and the
reference page are generated from them. Columns keep their names and their order; new ones come last.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

__all__ = ["EPISODE_TABLES", "MEDIA_TYPES", "TABLES", "Column", "Kind", "Table", "formats_of", "table_schema"]


class Kind(StrEnum):
    """The values of a column. A cell of any kind may be empty."""

    TEXT = "text"
    #: A whole number of persons, claims or reports.
    INTEGER = "integer"
    #: Degrees of latitude or longitude.
    NUMBER = "number"
    BOOLEAN = "boolean"
    #: RFC 3339 in UTC.
    TIME = "time"
    #: Texts, joined by a space in formats that have no lists; slugs have no spaces.
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, the kind of its values, and one sentence on what they are."""

    name: str
    kind: Kind
    says: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its name, one sentence on its rows, and its columns in order."""

    name: str
    rows: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)


def _columns(text: str) -> tuple[Column, ...]:
    rows = (line.split(maxsplit=2) for line in text.splitlines() if line.strip())
    return tuple(Column(name, Kind(kind), says) for name, kind, says in rows)


_CELL = """
    source      text     Who makes the claim: a slug of the source registry.
    party       text     Whose losses: a slug; `all` for all sides together.
    outcome     text     killed, wounded, missing, captured, killed_or_missing or killed_or_wounded.
    population  text     military, civilian, mixed or unknown.
    group       text     The part of the population that the figure is of: children, women, …; empty for the whole.
    scope       text     What the count covers where that is not the whole episode; empty for the whole.
"""
_VALUE = """
    best        integer  The figure, persons.
    low         integer  The lower bound, persons; empty where it is unknown.
    high        integer  The upper bound, persons; empty where it is unknown.
"""
_REPORT = """
    report_id   text     The report that the row rests on.
    revision    integer  The revision of that report.
    url         text     The address of that report.
    permalink   text     The address of the episode's page at that time.
"""
_PUBLISHED = """
    published_at time    When the report was published.
    relayed_by  text     The outlet that carried it.
"""

_TABLES = (
    Table(
        "episodes",
        "An episode, by name.",
        _columns(
            """
            episode     text     The episode: a slug.
            title       text     Its title in the atlas; the slug where it has none.
            clock       time     The newest publication or tick of the episode.
            status      text     The joint status of the ceasefire `main`, empty where there is none.
            since       time     When that status began.
            cells       integer  How many cells have a value.
            permalink   text     The address of the episode's page.
            """
        ),
    ),
    Table(
        "cells",
        "A cell: the running count of one source for one party, outcome, population, group and scope.",
        _columns(
            "episode text The episode: a slug.\n"
            + _CELL
            + _VALUE
            + """
            as_of       time     When the figure is said to hold.
            final       boolean  Whether the source called it final.
            disputed_by list     The sources that deny a claim of the cell.
            version     integer  The number of published changes of the cell.
            """
            + _REPORT
        ),
    ),
    Table(
        "changes",
        "A published change of a count, a ceasefire view or a statement, in the order of publication.",
        _columns(
            """
            change_id   text     The id of the change; it never comes twice.
            topic       text     casualties, ceasefires or statements.
            episode     text     The episode: a slug.
            version     integer  The version of the cell, view or statement, from 1.
            kind        text     Of a count: first, up, down, bounds, final, disputed, … (contract section 6).
            """
            + _CELL
            + """
            before      integer  The best figure before, persons.
            """
            + _VALUE
            + """
            delta       integer  The best figure after less the one before, persons.
            as_of       time     When the figure is said to hold.
            final       boolean  Whether the source called it final.
            disputed_by list     The sources that deny a claim of the cell.
            ceasefire   text     Of a status: the ceasefire's slug.
            view        text     Of a status: joint, or source:SLUG.
            status_before text   The status before.
            status      text     The status after; empty where no claim is left.
            since       time     When that status began.
            effective_at time    When the ceasefire takes or took effect.
            expires_at  time     When it expires.
            declared_by list     The parties that declared it.
            not_confirmed_by list The sources that say it is not confirmed.
            mediators   list     The mediators that claims name.
            alleged     integer  Claims of a violation.
            denied      integer  Denials of a violation.
            confirmed   integer  Confirmations of a violation.
            act         text     Of a statement: asserted, denied or accused.
            about       text     Of a statement: territory, casualties, ceasefire, conduct or other.
            against     text     Of a statement: the party that it is against.
            text        text     Of a statement: its words.
            """
            + _PUBLISHED
            + """
            headline    text     The headline of the report.
            tick        time     The tick that moved a timer, where no report did.
            """
            + _REPORT
        ),
    ),
    Table(
        "series",
        "A cell and a window of time: the persons added in it, negative for a correction.",
        _columns(
            "episode text The episode: a slug.\n"
            + _CELL
            + """
            from        time     The window's first moment.
            to          time     The first moment after the window.
            """
            + _VALUE
        ),
    ),
    Table(
        "reports",
        "An accepted report in its latest revision, in the order of the log.",
        _columns(
            """
            report_id   text     The report.
            revision    integer  Its latest revision.
            withdrawn   boolean  Whether it is withdrawn.
            episode     text     The episode: a slug.
            source      text     Who makes its claims: a slug of the source registry.
            relayed_by  text     The outlet that carried it.
            published_at time    When it was published.
            lang        text     Its language, a BCP 47 tag.
            headline    text     Its headline.
            claims      integer  How many claims it makes.
            url         text     Its address.
            permalink   text     The address of the episode's page at that time.
            """
        ),
    ),
    Table(
        "claims",
        "A claim of a standing report, in the order of the log.",
        _columns(
            """
            report_id   text     The report that makes the claim.
            revision    integer  The revision of that report.
            claim       integer  The number of the claim in its report, from 0.
            episode     text     The episode: a slug.
            source      text     Who makes the claim: a slug of the source registry.
            relayed_by  text     The outlet that carried it.
            published_at time    When the report was published.
            type        text     casualties, ceasefire or statement.
            party       text     Of casualties: whose losses.
            outcome     text     Of casualties: killed, wounded, missing, captured, killed_or_missing and so on.
            population  text     Of casualties: military, civilian, mixed or unknown.
            group       text     Of casualties: the part of the population that the figure is of.
            scope       text     Of casualties: what the count covers.
            """
            + _VALUE
            + """
            qualifier   text     Of casualties: exact, about, at_least, more_than, up_to or nearly.
            basis       text     Of casualties: cumulative, incremental or derived.
            as_of       time     Of casualties: when the figure is said to hold.
            since       time     Of casualties: when the count began.
            final       boolean  Of casualties: whether the source called the figure final.
            incident    text     Of casualties: the incident; increments with one incident count once.
            place       text     Where it happened: a slug of the atlas.
            ceasefire   text     Of a ceasefire: its slug.
            act         text     Of a ceasefire or statement: the act.
            by          text     Of a ceasefire: the acting party.
            against     text     The accused party.
            at          time     Of a ceasefire: when the act was done.
            effective_at time    Of a ceasefire: when it takes effect.
            expires_at  time     Of a ceasefire: when it expires.
            parties     list     Of a ceasefire: its parties.
            mediators   list     Of a ceasefire: its mediators.
            about       text     Of a statement: territory, casualties, ceasefire, conduct or other.
            text        text     The words of a statement or of a ceasefire claim.
            refers_to   text     Of a statement: the claim that it is about, as REPORT_ID#CLAIM.
            quote       text     The words that the claim rests on.
            url         text     The address of the report.
            permalink   text     The address of the episode's page at that time.
            """
        ),
    ),
    Table(
        "places",
        "A place: the sum of the standing increments there, by source, party, outcome, population and group.",
        _columns(
            """
            episode     text     The episode: a slug.
            place       text     The place: a slug of the atlas.
            name        text     Its name in the atlas; the slug where it has none.
            lat         number   Latitude, degrees north.
            lon         number   Longitude, degrees east.
            pcode       text     Its administrative code.
            source      text     Who makes the claims: a slug of the source registry.
            party       text     Whose losses: a slug.
            outcome     text     killed, wounded, missing, captured, killed_or_missing or killed_or_wounded.
            population  text     military, civilian, mixed or unknown.
            group       text     The part of the population that the figure is of.
            """
            + _VALUE
            + """
            incidents   integer  How many increments are added up.
            scope       text     What the count covers; empty for the whole episode.
            """
        ),
    ),
)

#: Each table by its name.
TABLES: Mapping[str, Table] = MappingProxyType({table.name: table for table in _TABLES})

#: The tables of one episode over HTTP: `/episodes/{episode}/{table}.{format}`.
EPISODE_TABLES = ("cells", "changes", "series", "reports", "claims", "places")
#: The media type of each format.
MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "csv": "text/csv; charset=utf-8; header=present",
        "json": "application/json",
        "jsonl": "application/jsonl",
        "parquet": "application/vnd.apache.parquet",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "geojson": "application/geo+json",
    }
)


def formats_of(table: str) -> list[str]:
    """Return the formats of a table: GeoJSON where its rows have coordinates."""
    return [name for name in MEDIA_TYPES if name != "geojson" or "lat" in TABLES[table].names]


_JSON_TYPES: Mapping[Kind, dict[str, Any]] = {
    Kind.TEXT: {"type": ["string", "null"]},
    Kind.INTEGER: {"type": ["integer", "null"]},
    Kind.NUMBER: {"type": ["number", "null"]},
    Kind.BOOLEAN: {"type": ["boolean", "null"]},
    Kind.TIME: {"type": ["string", "null"], "format": "date-time"},
    Kind.LIST: {"type": ["array", "null"], "items": {"type": "string"}},
}


def table_schema(table: Table) -> dict[str, Any]:
    """Return the JSON Schema of a row of a table, as JSON and JSON lines write it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": table.name,
        "description": table.rows,
        "type": "object",
        "properties": {
            column.name: {**_JSON_TYPES[column.kind], "description": column.says} for column in table.columns
        },
        "required": list(table.names),
        "additionalProperties": False,
    }
