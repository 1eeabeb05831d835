"""Hand-coded claims of the press on Armenia and Azerbaijan, 2020 to 2023 (claims.jsonl, one a line).

The coding is kept, with these readings, each counted as a change:

- A figure that an outlet made (derived totals, a rounding, "dead and missing" retold as "killed") is the outlet's
  own. It is not a claim of the ministry that it mentions.
- A figure that was announced but not given, a background remark and "fire has ceased, no agreement" are statements.
- A page with no day of its own ("by 19 September", "October") counts as published on the last day that it can be.
- A claim about a time later in its day is published at that time. The ceasefire rows of one day are in the order
  in which they were coded, which is the order of the day.
"""

import calendar
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

from schemas.reports import (
    CasualtiesShape,
    CeasefireAct,
    CeasefireShape,
    ClaimShape,
    Qualifier,
    ReportShape,
    StatementShape,
    StatementSubject,
)
from streams.operations.importers.base import ImportKind, ImportOptions, LeftOutRows, SourceReading
from streams.operations.importers.data_files import DataRow, json_lines
from streams.operations.importers.dates import latest, midnight, utc
from streams.operations.importers.slugs import slug

PREFIX = "armaz"

EPISODES = {
    "AM-AZ border Sept 2022": "armenia-azerbaijan-2022-09",
    "2020 Nagorno-Karabakh war": "nagorno-karabakh-2020",
    "2023 Karabakh operation": "karabakh-2023-09",
}
# Claimant → slug, and the party for which it acts.
CLAIMANTS: dict[str, tuple[str, str | None]] = {
    "Armenia MoD": ("armenia-mod", "armenia"),
    "Armenia MoD (Torosyan)": ("armenia-mod", "armenia"),
    "Armenia MoH (A. Nikoghosyan)": ("armenia-moh", "armenia"),
    "Armenia PM Pashinyan": ("armenia-pm", "armenia"),
    "Armenia PM Pashinyan (CIS summit, Astana)": ("armenia-pm", "armenia"),
    "Armenia Security Council": ("armenia-security-council", "armenia"),
    "Secretary of Armenia Security Council (A. Grigoryan)": ("armenia-security-council", "armenia"),
    "Armenian Unified Information Centre": ("armenian-unified-information-centre", "armenia"),
    "Azerbaijan": ("azerbaijan-officials", "azerbaijan"),
    "Azerbaijan (unspecified)": ("azerbaijan-officials", "azerbaijan"),
    "Azerbaijan MoD": ("azerbaijan-mod", "azerbaijan"),
    "Azerbaijan MoD briefing": ("azerbaijan-mod", "azerbaijan"),
    "Azerbaijan MoH": ("azerbaijan-moh", "azerbaijan"),
    "Azerbaijani media": ("azerbaijani-media", None),
    "Azerbaijani media (Trend)": ("trend", None),
    "Russia MFA": ("russia-mfa", None),
}
# Outlets with more than one name; other names become slugs.
OUTLETS = {
    "Al Jazeera via rationalreview": "al-jazeera",
    "RFE/RL Azatutyun": "rfe-rl",
    "cmio.org": "cmio",
    "newslive.com": "newslive",
}
PARTIES = {
    "Armenia": "armenia",
    "Armenia/Artsakh": "armenia",
    "Azerbaijan": "azerbaijan",
    "AM": "armenia",
    "AZ": "azerbaijan",
    "both": "all",
}
QUALIFIERS: dict[str, Qualifier] = {
    "nearly/rounded": "nearly",
    "at least": "at_least",
    "more than": "more_than",
}
# As coded → the act, and whether effective_at is when it was done.
ACTS: dict[str, tuple[CeasefireAct, bool]] = {
    "announced": ("announced", False),
    "announced_retroactive": ("announced", False),
    "broke_down": ("collapsed", False),
    "failed": ("collapsed", False),
    "holding": ("holding", False),
    "not_confirmed": ("not_confirmed", False),
    "took_effect": ("took_effect", True),
}
STATEMENTS = ("background", "fire_ceased")

OUTLETS_OWN = "made or retold by an outlet: the outlet is the source"
NO_FIGURE = "a claim without a figure: a statement"
NO_ACT = "about the fighting or the truce, without an act: a statement"
NO_DAY = "the page has no day: the last day that it can be"
LATER_THAT_DAY = "published at the time that it mentions, or at that of an earlier row of the day"
NO_ADDRESS = "the page has no address on record: no url"
WITH_ARTSAKH = "Armenia/Artsakh is read as the party armenia"

_OUTLET = re.compile(r"^\(|\(as relayed\)$")
_AGAINST = re.compile(r"^(violated_by|violation_alleged_by:\w+ against|denial_of):(\w+)")
_DAY = re.compile(r"^(?:by )?(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2})?")
_MONTH = re.compile(r"^(\d{4})-(\d{2})\b")


def read(files: Sequence[Path], options: ImportOptions) -> Iterator[SourceReading]:
    """Yield the result of each coded claim."""
    for path in files:
        # Latest time of the ceasefire rows so far, by episode and day.
        so_far: dict[tuple[str, str], str] = {}
        for row in json_lines(path):
            reading = SourceReading(row.where)
            try:
                reading.reports.append(_report(row, so_far, options, reading.changed))
            except LeftOutRows as why:
                reading.leave_out(why)
            except (KeyError, TypeError, ValueError) as error:
                reading.faulty = True
                reading.leave_out(LeftOutRows("a field is missing or not what it should hold", repr(error)))
            yield reading


def _report(
    row: DataRow, so_far: dict[tuple[str, str], str], options: ImportOptions, changed: list[str]
) -> ReportShape:
    fields = row.fields
    source, party = _source(fields, changed)
    published_at = _published(fields["reported_at"], changed)
    if fields["kind"] == "ceasefire_claim":
        claims = _ceasefire(fields, party, changed)
        done_at = fields["effective_at"] if any("at" in claim or _is_done_then(claim) for claim in claims) else None
        published_at = _in_order(fields, published_at, done_at, so_far, changed)
    else:
        claims = [_casualties(fields, changed)]
    report: ReportShape = {
        "report_id": f"{PREFIX}-{int(fields['seq']):03}",
        "revision": options.revision,
        "episode": options.episode or EPISODES.get(fields["episode"]) or slug(fields["episode"]),
        "source": source,
        "relayed_by": _outlet(fields),
        "published_at": published_at,
        "claims": claims,
    }
    if fields["url"].startswith("http"):
        report["url"] = fields["url"]
    else:
        changed.append(NO_ADDRESS)
    return report


def _source(fields: Mapping[str, Any], changed: list[str]) -> tuple[str, str | None]:
    claimant = fields["claimant"]
    if _OUTLET.search(claimant) or fields["kind"] == "derived_total":
        changed.append(OUTLETS_OWN)
        return _outlet(fields), None
    return CLAIMANTS.get(claimant) or (slug(claimant), None)


def _outlet(fields: Mapping[str, Any]) -> str:
    return OUTLETS.get(fields["relayed_by"]) or slug(fields["relayed_by"])


def _published(reported: str, changed: list[str]) -> str:
    found = _DAY.match(reported)
    if found:
        if len(found[0]) != len(reported) or reported.startswith("by"):
            changed.append(NO_DAY)
        return utc(datetime.fromisoformat(found[1] + (found[2] or "")).replace(tzinfo=UTC))
    month = _MONTH.match(reported)
    if month is None:
        raise LeftOutRows("reported_at is no day and no month", reported)
    changed.append(NO_DAY)
    year, number = int(month[1]), int(month[2])
    return midnight(date(year, number, calendar.monthrange(year, number)[1]))


def _in_order(
    fields: Mapping[str, Any],
    published_at: str,
    done_at: str | None,
    so_far: dict[tuple[str, str], str],
    changed: list[str],
) -> str:
    place = fields["episode"], published_at[:10]
    moved = latest(published_at, so_far.get(place, published_at), done_at or published_at)
    if moved != published_at:
        changed.append(LATER_THAT_DAY)
    so_far[place] = moved
    return moved


def _is_done_then(claim: ClaimShape) -> bool:
    return claim["type"] == "ceasefire" and claim["act"] == "took_effect"


def _ceasefire(fields: Mapping[str, Any], party: str | None, changed: list[str]) -> list[ClaimShape]:
    coded: str = fields["act"]
    if coded in STATEMENTS:
        changed.append(NO_ACT)
        return [_statement("ceasefire", fields["note"] or coded)]
    return [_act(part, fields, party) for part in coded.split(" then ")]


def _act(coded: str, fields: Mapping[str, Any], party: str | None) -> CeasefireShape:
    claim = _bare_act(coded, fields)
    if party:
        claim["by"] = party
    if fields["mediator_as_stated"]:
        claim["mediators"] = [slug(fields["mediator_as_stated"])]
    if fields["parties_as_stated"]:
        claim["parties"] = [PARTIES.get(name) or slug(name) for name in fields["parties_as_stated"].split(",")]
    if fields["note"]:
        claim["text"] = fields["note"]
    return claim


def _bare_act(coded: str, fields: Mapping[str, Any]) -> CeasefireShape:
    against = _AGAINST.match(coded)
    if against is None:
        act, _ = ACTS[coded]
        claim: CeasefireShape = {"type": "ceasefire", "act": act}
        if fields["effective_at"]:
            claim["effective_at"] = _time(fields["effective_at"])
        return claim
    if against[1] == "denial_of":
        # The party that denies is the accused one.
        accused = "AM" if against[2] == "AZ" else "AZ"
        return {"type": "ceasefire", "act": "violation_denied", "against": PARTIES[accused]}
    claim = {"type": "ceasefire", "act": "violation_alleged", "against": PARTIES[against[2]]}
    if fields["effective_at"]:
        claim["at"] = _time(fields["effective_at"])
    return claim


def _time(text: str) -> str:
    return text if "T" in text else midnight(date.fromisoformat(text))


def _casualties(fields: Mapping[str, Any], changed: list[str]) -> ClaimShape:
    if fields["value"] is None:
        changed.append(NO_FIGURE)
        return _statement("casualties", fields["note"])
    if fields["about_side"] == "Armenia/Artsakh":
        changed.append(WITH_ARTSAKH)
    claim: CasualtiesShape = {
        "type": "casualties",
        "party": PARTIES[fields["about_side"]],
        "outcome": fields["outcome"],
        "population": fields["population"],
        "count": {"best": fields["value"]},
        "basis": fields["basis"],
    }
    if fields["kind"] == "derived_total" or fields["claimant"] == "(outlet paraphrase)":
        claim["basis"] = "derived"
    for bound in ("low", "high"):
        if fields[bound] is not None:
            cast("dict[str, Any]", claim["count"])[bound] = fields[bound]
    if fields["qualifier"]:
        claim["qualifier"] = QUALIFIERS[fields["qualifier"]]
    if fields["declared_not_final"]:
        claim["final"] = False
    return claim


def _statement(about: StatementSubject, text: str) -> StatementShape:
    return {"type": "statement", "act": "asserted", "about": about, "text": text}


KIND = ImportKind(PREFIX, "hand-coded claims of the press on Armenia and Azerbaijan, 2020 to 2023", read)
