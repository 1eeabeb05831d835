"""The registry file: what it holds, and each fault with its line."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from streams.core.ledger import Ledger
from streams.core.source_registry import Registry, Source
from streams.files.source_registry import SourcesError, default_sources, parse_sources, read_sources
from streams.observability.unknown_sources import UnknownSourceLog
from streams.operations.importers.base import horizon_of
from tests.operations.importers.imports import ARMAZ, PALESTINE_HISTORY, RUSSIAN_HISTORY, UCDP, cells, fold, imported
from tests.support.paths import ROOT


def sources(text: str) -> dict[str, Source]:
    return parse_sources(text.encode(), "s.yaml").sources


def refused(text: str | bytes) -> list[str]:
    with pytest.raises(SourcesError) as error:
        parse_sources(text if isinstance(text, bytes) else text.encode(), "s.yaml")
    return str(error.value).splitlines()


def test_a_source_has_a_name_a_kind_and_perhaps_a_party() -> None:
    text = "mod: {name: Ministry, kind: official, affiliation: north}\nwatch: {name: Watch, kind: monitor}\n"
    assert sources(text) == {"mod": Source("Ministry", "official", "north"), "watch": Source("Watch", "monitor")}


@pytest.mark.parametrize("word", ["null", "~", "", "none"])
def test_no_party_can_be_written_in_several_ways(word: str) -> None:
    assert sources(f"a:\n  name: A\n  kind: ngo\n  affiliation: {word}\n") == {"a": Source("A", "ngo")}


def test_words_are_read_as_written() -> None:
    """YAML would read some as other types."""
    assert sources("no: {name: 2022, kind: ngo, affiliation: on}") == {"no": Source("2022", "ngo", "on")}


def test_json_is_a_registry_and_an_empty_file_an_empty_one() -> None:
    assert sources(json.dumps({"a": {"name": "A", "kind": "igo", "affiliation": None}})) == {"a": Source("A", "igo")}
    assert sources("# nobody yet\n") == {}


def test_a_source_that_nobody_registered_is_told_of_once() -> None:
    with structlog.testing.capture_logs() as told:
        strangers = UnknownSourceLog(Registry({"mod": Source("Ministry", "official", "north")}))
        for sources in (["mod"], ["b", "a", "b", "mod"], ["a"], ["c"]):
            strangers.observe(sources)
        UnknownSourceLog(Registry()).observe(["a"])
    assert [(line["log_level"], line["source"]) for line in told] == [("info", "a"), ("info", "b"), ("info", "c")]


def test_every_fault_is_named_with_its_line() -> None:
    text = (
        "a:\n  name: A\n  kind: radio\n  colour: red\n"
        "Bad Slug:\n  name: x\n  kind: media\n"
        "a:\n  name: [1]\n  kind: media\n  affiliation: Foo Bar\n"
        "b: 7\n"
        "c:\n  kind: ngo\n  kind: ngo\n  affiliation: all\n"
    )
    names = "name, kind, affiliation, partial, also, names"
    slug = "lower-case letters, digits, '.', '_' and '-', at most 80, a letter or digit first"
    assert refused(text) == [
        "s.yaml:3: 'a': unknown kind 'radio'; the kinds are official, media, ngo, igo, monitor",
        "s.yaml:4: 'a': unknown field 'colour'; the fields are name, kind, affiliation, partial, also, names",
        f"s.yaml:5: 'Bad Slug' is not a slug: {slug}",
        "s.yaml:8: 'a' is given twice, first in line 1",
        "s.yaml:9: 'a': name must be one text, not a list or mapping",
        f"s.yaml:11: 'a': affiliation 'Foo Bar' is not a slug: {slug}",
        f"s.yaml:12: 'b' must have the fields {names}, as in b: {{name: …, kind: official}}",
        "s.yaml:13: 'c': name is missing",
        "s.yaml:15: 'c': kind is given twice",
        "s.yaml:16: 'c': affiliation 'all' means all sides together; leave it out for a source of no side",
    ]


@pytest.mark.parametrize("text", ["a: [", "- x", "a:\n\tb: c", "a: b\n---\nc: d", b"\xff", b"\x00", "[" * 500_000])
def test_what_is_no_mapping_of_yaml_is_refused_with_a_line(text: str | bytes) -> None:
    assert refused(text)[0].startswith("s.yaml:")


def test_the_shipped_registry_has_the_storys_sources() -> None:
    vector = json.loads((ROOT / "tests" / "vectors" / "seed-article.json").read_text())
    known = default_sources().sources
    assert {slug: known[slug] for slug in vector["sources"]} == {
        slug: Source(**fields) for slug, fields in vector["sources"].items()
    }
    story = (ROOT / "streams" / "defaults" / "story.jsonl").read_text()
    assert story.splitlines() == vector["input"]


@pytest.mark.parametrize(
    ("kind", "path", "parties"),
    [
        ("armaz", ARMAZ, {"armenia", "azerbaijan"}),
        ("palestine-datasets", PALESTINE_HISTORY, {"palestine"}),
        ("russian-losses", RUSSIAN_HISTORY, {"ukraine"}),
    ],
)
def test_the_shipped_registry_has_the_data_sets_sources(kind: str, path: Path, parties: set[str]) -> None:
    known = default_sources().sources
    sources = {report["source"] for report in imported(kind, path)}
    assert sources - known.keys() == set()
    assert {known[source].affiliation for source in sources} - {None} == parties


def test_ucdp_sources_speak_for_parties_of_the_sample() -> None:
    """Hundreds of sources are not in the registry; those that are speak for parties under UCDP's names, or for none."""
    known = default_sources().sources
    reports = imported("ucdp-ged", UCDP)
    ledger, _ = fold(reports)
    parties = {party for episode in ledger.episodes() for _, party, _ in cells(ledger, episode)}
    spoken_for = {known[report["source"]].affiliation for report in reports if report["source"] in known}
    assert {"government-of-ukraine", "dpr", None} <= spoken_for
    assert spoken_for <= parties | {None}


def test_gaza_ministry_own_side_general_staff_other_side() -> None:
    """The ministry's figures are self-reported, those of the General Staff are the other party's."""
    classes = {}
    for kind, path in (("palestine-datasets", PALESTINE_HISTORY), ("russian-losses", RUSSIAN_HISTORY)):
        reports = imported(kind, path)
        ledger = Ledger(default_sources(), horizon_us=horizon_of(reports) // timedelta(microseconds=1))
        fold(reports, ledger)
        row = ledger.picture(reports[0]["episode"])["parties"][-1 if kind == "russian-losses" else 0]
        classes[row["party"], row["outcome"]] = {name for name in CLASSES if row[name]}
    assert classes == {
        ("palestine", "killed"): {"self_reported", "third_party"},
        ("russia", "killed"): {"other_party_claimed"},
    }


CLASSES = ("self_reported", "other_party_claimed", "third_party")


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text("a: {name: A, kind: ngo}")
    assert read_sources(path).digest == Registry({"a": Source("A", "ngo")}).digest
    with pytest.raises(FileNotFoundError):
        read_sources(tmp_path / "none")


def test_partial_also_and_names_are_read() -> None:
    """A source may speak for one service alone, and have other names and names by language."""
    text = "a: {name: A, kind: official, affiliation: x, partial: true, also: [B, C], names: {hy: D, zh-Hans: E}}\n"
    registry = parse_sources(text.encode(), "s.yaml")
    assert registry.sources["a"] == Source("A", "official", "x", True, ("B", "C"), {"hy": "D", "zh-Hans": "E"})
    plain = parse_sources(b"a: {name: A, kind: official, partial: null, also: null, names: null}", "s.yaml")
    assert plain.sources["a"] == Source("A", "official")


def test_faults_of_partial_also_and_names_have_their_lines() -> None:
    text = "a:\n  name: A\n  kind: media\n  partial: maybe\n  also: B\n  names: {hy: '', x_y: E}\n"
    more = "b:\n  name: B\n  kind: media\n  partial: [true]\n  also: [B,\n   [C]]\n  names: C\n"
    assert refused(text + more) == [
        "s.yaml:4: 'a': partial must be true or false",
        "s.yaml:5: 'a': also must be a list of names",
        "s.yaml:6: 'a': names: 'x_y' is not a language tag such as hy or zh-Hans",
        "s.yaml:6: 'a': names: hy must be a text of 1 to 500 characters",
        "s.yaml:10: 'b': partial must be true or false",
        "s.yaml:12: 'b': also must have a text of 1 to 500 characters",
        "s.yaml:13: 'b': names must be a mapping from a language to a name",
    ]
