"""The atlas: names as a file has them, and every fault with its line (contract section 8)."""

from datetime import date
from pathlib import Path

import pytest

from streams.core.atlas import Atlas, AtlasEpisode, AtlasParty, AtlasPlace
from streams.files.atlas import AtlasError, default_atlas, parse_atlas, read_atlas

EXAMPLE = """
parties:
  armenia: {name: Armenia, names: {hy: Հայաստան}, also: [Armenian, Yerevan], zone: Asia/Yerevan}
  no: {name: "No, a party"}
episodes:
  border-2022: {title: "Clashes, 2022", titles: {fr: Accrochages}, parties: [armenia], from: 2022-09-12, to: 2022-09-30}
  open: {title: Open, summary: It is not over.}
places:
  jermuk: {name: Jermuk, lat: 39.84, lon: 45.67, pcode: AM09, within: armenia}
"""


def test_an_atlas_is_read() -> None:
    atlas = parse_atlas(EXAMPLE.encode(), "atlas.yaml")
    assert atlas == Atlas(
        {
            "armenia": AtlasParty("Armenia", {"hy": "Հայաստան"}, ("Armenian", "Yerevan"), "Asia/Yerevan"),
            "no": AtlasParty("No, a party"),
        },
        {
            "border-2022": AtlasEpisode(
                "Clashes, 2022",
                {"fr": "Accrochages"},
                parties=("armenia",),
                first_day=date(2022, 9, 12),
                last_day=date(2022, 9, 30),
            ),
            "open": AtlasEpisode("Open", summary="It is not over."),
        },
        {"jermuk": AtlasPlace("Jermuk", lat=39.84, lon=45.67, pcode="AM09", within="armenia")},
    )
    assert atlas.as_record()["episodes"]["border-2022"]["from"] == "2022-09-12"


def test_names_fall_back_to_the_name_then_the_slug() -> None:
    atlas = parse_atlas(EXAMPLE.encode(), "atlas.yaml")
    assert [atlas.party("armenia", lang) for lang in (None, "hy", "hy-AM", "fr")] == [
        "Armenia", "Հայաստան", "Հայաստան", "Armenia",
    ]  # fmt: skip
    assert (atlas.episode("border-2022", "fr"), atlas.episode("x"), atlas.place("jermuk"), atlas.place("x")) == (
        "Accrochages", "x", "Jermuk", "x",
    )  # fmt: skip


@pytest.mark.parametrize("content", ["", "# nothing\n", "parties:\nplaces: {}\n", "null"])
def test_an_empty_file_is_an_empty_atlas(content: str) -> None:
    assert parse_atlas(content.encode(), "atlas.yaml") == Atlas()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("- a", "1: the file is a mapping with parties, episodes, places"),
        ("party: {}", "1: unknown section 'party'; the sections are parties, episodes, places"),
        ("parties: [a]", "1: parties is a mapping from a slug to its fields"),
        ("parties:\n  Armenia: {name: A}", "2: 'Armenia' is not a slug: lower-case letters"),
        ("parties:\n  all: {name: A}", "2: 'all' is reserved for all sides together"),
        ("parties:\n  a: {name: A}\n  a: {name: B}", "3: 'a' is there twice, first in line 2"),
        ("parties:\n  a: A", "2: 'a' must be a mapping with name, names, also, zone"),
        ("parties:\n  a: {}", "2: 'a': name is missing"),
        ("parties:\n  a: {name: ''}", "2: 'a': name is empty"),
        ("parties:\n  a: {name: A,\n    nmae: B}", "3: 'a': unknown field 'nmae'; the fields are name, names"),
        ("parties:\n  a: {name: A, zone: Yerevan}", "2: 'a': zone 'Yerevan' is not a time zone: Asia/Yerevan"),
        ("parties:\n  a: {name: A, zone: ../../etc/passwd}", "2: 'a': zone '../../etc/passwd' is not a time zone"),
        ("parties:\n  a: {name: A, also: B}", "2: 'a': also is a list: [a, b]"),
        ("parties:\n  a: {name: A, names: [b]}", "2: 'a': names is a mapping from a language to a text: {hy: …}"),
        ("parties:\n  a: {name: A, names: {h y: b}}", "2: 'a': names 'h y' is not a language"),
        ('parties:\n  a: {name: "A\\e[2J"}', "2: 'a': name has a control character"),
        ("episodes:\n  e: {title: E, from: 2022-9-1}", "2: 'e': from '2022-9-1' is not a day: YYYY-MM-DD"),
        ("episodes:\n  e: {title: E, from: 2022-09-12, to: 2022-09-11}", "2: 'e': to 2022-09-11 is before from"),
        ("parties: {a: {name: A}}\nepisodes:\n  e: {title: E, parties: [b]}", "3: 'e': the party 'b' is not in"),
        ("places:\n  p: {name: P, lat: 91, lon: 0}", "2: 'p': lat '91' is not in degrees, -90 to 90"),
        ("places:\n  p: {name: P, lat: nan, lon: 0}", "2: 'p': lat 'nan' is not in degrees"),
        ("places:\n  p: {name: P, lat: 1}", "2: 'p': lat and lon come together"),
        ("places:\n  p: {name: P, within: q}", "2: 'p': within 'q': no such party or place in this file"),
    ],
)
def test_each_fault_has_its_line(content: str, fault: str) -> None:
    with pytest.raises(AtlasError) as refused:
        parse_atlas(content.encode(), "a.yaml")
    assert str(refused.value).startswith(f"a.yaml:{fault}")


def test_all_faults_are_reported_together() -> None:
    with pytest.raises(AtlasError) as refused:
        parse_atlas(b"parties:\n  a: {zone: X}\nplaces:\n  p: {name: P, lat: 99, lon: 999}\n", "a.yaml")
    assert [fault.line for fault in refused.value.faults] == [2, 2, 4, 4]


def test_the_shipped_atlas_covers_the_demo(tmp_path: Path) -> None:
    assert default_atlas().episode("armenia-azerbaijan-2022-09") == "Armenia and Azerbaijan, September 2022"
    path = tmp_path / "atlas.yaml"
    path.write_text(EXAMPLE, encoding="utf-8")
    assert read_atlas(path) == parse_atlas(EXAMPLE.encode(), "x")
