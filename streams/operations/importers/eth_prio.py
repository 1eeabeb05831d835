"""Declarations of the ETH/PRIO Civil Conflict Ceasefire Dataset, one row a declaring actor and ceasefire.

A row gives up to two reports: the actor's declaration on its day (with the day it takes effect, its end where its
time is fixed, the other parties and the mediators), and its end on its day. A ceasefire of several actors is one
ceasefire, named by `uniq_id`, with a declaration by each; the country is the episode.

The meaning of the codes of `ended` is inferred from the data: 1 is with fixed times that ran out on their last day,
2 with an end of another kind, 3 with ceasefires that have no day of effect, 4 (96 % of them) with a day on which
the actor entered another ceasefire, 0 with no end, -1 with what is not clear.

The data carries no licence: none of it is kept here.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from schemas.reports import CeasefireShape, ReportShape
from streams.operations.importers.base import ImportKind, ImportOptions, LeftOutRows, SourceReading
from streams.operations.importers.data_files import DataRow, csv_rows
from streams.operations.importers.dates import midnight
from streams.operations.importers.slugs import slug

PREFIX = "eth-prio"
CODERS = "eth-prio-ceasefires"
UNKNOWN = ("", "0", "-1")

COLUMNS = ("id", "uniq_id", "location", "actor_name", "side", "fixed", "fixed_time", "mediator_nego",
           "mediator_send", "ended", *(f"{what}_{part}" for what in ("cf_dec", "cf_effect", "end")
                                       for part in ("yr", "month", "day")))  # fmt: skip

NO_DAY_DECLARED = "no day of declaration: the day of its effect is used"
MONTH_DECLARED = "no day of declaration, only a month: its first day"
NO_EFFECT = "no full date of effect: effective_at is left open"
NEVER_EFFECTIVE = "ended is 3 (never took effect): no day is known for that, so the end is left open"
NO_FIXED_DAYS = "fixed time not in days: taken from the end where it ran out, else left open"
MONTH_ENDED = "no day of its end, only a month: its last day"
NO_END = "ended, but no date: the end is left open"
ENDED_ANYWAY = "ended is 0 (did not end) beside an end date: the date is left out"

ENDS = {
    "-1": "ended; how is not clear (ETH/PRIO: ended -1)",
    "2": "terminated (ETH/PRIO: ended 2)",
    "3": "did not take effect (ETH/PRIO: ended 3)",
    "4": "replaced by another ceasefire (ETH/PRIO: ended 4)",
}

# Commas and semicolons separate mediators, but not within brackets: "Mandela (South Africa), UN".
_BETWEEN_MEDIATORS = re.compile(r"[,;](?![^()]*\))")


def read(files: Sequence[Path], options: ImportOptions) -> Iterator[SourceReading]:
    """Yield the result of each row."""
    rows = [row for path in files for row in csv_rows(path, columns=COLUMNS)]
    parties: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.fields["actor_name"]:
            parties[row.fields["uniq_id"]].add(slug(row.fields["actor_name"]))
    for row in rows:
        reading = SourceReading(row.where)
        try:
            reading.reports.extend(_reports(row, sorted(parties[row.fields["uniq_id"]]), options, reading.changed))
        except LeftOutRows as why:
            reading.leave_out(why)
        except ValueError as error:
            reading.faulty = True
            reading.leave_out(LeftOutRows("a field is not what its column should hold", str(error)))
        yield reading


def _reports(row: DataRow, parties: list[str], options: ImportOptions, changed: list[str]) -> Iterator[ReportShape]:
    fields: Mapping[str, str] = row.fields
    declared, effective = _declared(fields, changed), _day(fields, "cf_effect")
    end = _end(fields, changed)
    if effective is None:
        changed.append(NO_EFFECT)
    declaration: CeasefireShape = {
        "type": "ceasefire",
        "ceasefire": slug(fields["uniq_id"]),
        # Side 1 is a single actor; 2 and 3 are agreements of two and of several.
        "act": "announced" if fields["side"] == "1" else "agreed",
        "by": slug(fields["actor_name"]),
        "parties": parties,
    }
    mediators = _mediators(fields)
    if mediators:
        declaration["mediators"] = mediators
    if effective:
        declaration["effective_at"] = midnight(effective)
    expires = _expires(fields, effective or declared, end, changed)
    if expires:
        declaration["expires_at"] = midnight(expires)
    yield _report(fields, options, declared, declaration)
    if end and fields["ended"] in ENDS:
        ending: CeasefireShape = {
            "type": "ceasefire",
            "ceasefire": declaration["ceasefire"],
            "act": "ended",
            "text": ENDS[fields["ended"]],
        }
        yield _report(fields, options, max(end, declared), ending)


def _report(fields: Mapping[str, str], options: ImportOptions, on: date, claim: CeasefireShape) -> ReportShape:
    ended = claim["act"] == "ended"
    return {
        "report_id": f"{PREFIX}-{fields['id']}-{'ended' if ended else 'declared'}",
        "revision": options.revision,
        "episode": options.episode or slug(fields["location"]),
        # The actor made the declaration; the coders found the end.
        "source": CODERS if ended else claim["by"] or CODERS,
        "relayed_by": CODERS,
        "published_at": midnight(on),
        "claims": [claim],
    }


def _day(fields: Mapping[str, str], what: str) -> date | None:
    """Return a full date, None if a part of it is unknown or there is no such day."""
    parts = [fields[f"{what}_{part}"] for part in ("yr", "month", "day")]
    if any(part in UNKNOWN for part in parts):
        return None
    try:
        return date(*map(int, parts))
    except ValueError:
        return None


def _month(fields: Mapping[str, str], what: str) -> date | None:
    year, month = fields[f"{what}_yr"], fields[f"{what}_month"]
    return None if year in UNKNOWN or month in UNKNOWN else date(int(year), int(month), 1)


def _declared(fields: Mapping[str, str], changed: list[str]) -> date:
    full, effective, month = _day(fields, "cf_dec"), _day(fields, "cf_effect"), _month(fields, "cf_dec")
    if full:
        return full
    if effective:
        changed.append(NO_DAY_DECLARED)
        return effective
    if month is None:
        raise LeftOutRows("no date of declaration, not even a month")
    changed.append(MONTH_DECLARED)
    return month


def _end(fields: Mapping[str, str], changed: list[str]) -> date | None:
    """Return the day of the end, if the row has one and its code allows it."""
    full, month = _day(fields, "end"), _month(fields, "end")
    if fields["ended"] == "0":
        if month:
            changed.append(ENDED_ANYWAY)
        return None
    if full:
        return full
    if month:
        changed.append(MONTH_ENDED)
        return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    if fields["ended"] == "3":
        changed.append(NEVER_EFFECTIVE)
    elif fields["ended"] in {"1", "2", "4"}:
        changed.append(NO_END)
    return None


def _expires(fields: Mapping[str, str], start: date, end: date | None, changed: list[str]) -> date | None:
    """Return the day after a fixed period; the data has its last day."""
    if fields["fixed"] != "1":
        return None
    if fields["fixed_time"].isdigit() and fields["fixed_time"] != "0":
        return start + timedelta(days=int(fields["fixed_time"]))
    changed.append(NO_FIXED_DAYS)
    if fields["ended"] == "1" and end and end >= start:
        return end + timedelta(days=1)
    return None


def _mediators(fields: Mapping[str, str]) -> list[str]:
    if fields["mediator_nego"] != "1" or fields["mediator_send"] in UNKNOWN:
        return []
    names = (name.strip() for name in _BETWEEN_MEDIATORS.split(fields["mediator_send"]))
    return sorted({slug(name) for name in names if name})


KIND = ImportKind(PREFIX, "declarations and ends of ceasefires (ETH/PRIO)", read)
