"""Pictures: what is drawn, that the colour-blind can read it, and that the same story gives the same bytes."""

import itertools
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from matplotlib import dates as mdates
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from streams.core.atlas import Atlas, AtlasEpisode, AtlasParty
from streams.core.phrases import Names
from streams.core.source_registry import Registry, Source
from streams.operations.plots.axis import TimeLabels
from streams.operations.plots.caption import CLAIMS, Caption
from streams.operations.plots.history import PlottedHistory
from streams.operations.plots.output import FORMATS, form_of, picture
from streams.operations.plots.theme import DASHES, MARKS, STATUSES, THEMES, Theme
from streams.operations.plots.timeline import MAX_BANDS, draw
from tests.operations.plots.stories import EPISODE, ceasefire, killed, report, story

WHOLE = (
    report("01", killed(10)),
    report("02", killed(12, low=11, high=15), killed(100, outcome="wounded")),
    report("03", killed(9)),
    report("03", killed(40, party="south"), report_id="s", source="south-mod"),
    report("04", ceasefire("announced", effective_at="2024-03-05T00:00:00Z")),
    report("06", ceasefire("violation_alleged", against="south")),
    report("07", report_id="s", revision=2, withdrawn=True, source="south-mod"),
)


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_one_legend_names_each_line_mark_and_status_once() -> None:
    figure = draw(story(*WHOLE))
    assert len(figure.legends) == 1
    assert legend(figure) == [
        "north, by mod",
        "south, by south-mod",
        "corrected downwards",
        "withdrawn",
        "range, low to high",
        "ceasefire announced",
        "ceasefire in effect",
        "violation alleged",
    ]


def test_names_and_a_silence_are_in_title_and_legend() -> None:
    """A source without a figure for 30 days ends its line; names come from atlas and registry."""
    silent = report("01", killed(3), source="south-mod", report_id="s")
    later = [report("02", killed(5)), report("01", killed(9), published_at="2024-05-01T00:00:00Z", report_id="late")]
    names = Names(
        Atlas({"north": AtlasParty("The North")}, {EPISODE: AtlasEpisode("War in the north")}),
        Registry({"mod": Source("Ministry", "official", "north")}),
    )
    figure = draw(story(silent, *later), caption=Caption(names=names))
    assert figure.texts[0].get_text() == "War in the north"
    assert legend(figure) == ["The North, by Ministry", "The North, by south-mod", "no figure for over 30 days"]
    assert sorted(text.get_text() for text in figure.axes[0].texts) == ["3", "9"]


def test_a_panel_for_each_outcome_and_the_ceasefire_below() -> None:
    figure = draw(story(*WHOLE))
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["killed, military", "wounded, military", "ceasefire"]
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["9"]  # the last figure; the withdrawn line has none


@pytest.mark.parametrize("width_px", [400, 700, 1400])
def test_it_is_as_wide_as_asked(width_px: int) -> None:
    assert draw(story(*WHOLE), width_px=width_px).get_size_inches()[0] * 100 == width_px


def test_nothing_runs_over_the_edge_at_700_pixels() -> None:
    names = ("a-ministry-with-a-very-long-name-of-its-own-that-goes-on-and-on", "b")
    reports = [
        report("01", killed(1_456_610 + at, party=f"side-{at}"), report_id=f"r{at}", source=name)
        for at, name in enumerate(names)
    ]
    figure = draw(story(*reports, *WHOLE))
    FigureCanvasAgg(figure).draw()  # type: ignore[no-untyped-call]
    width, height = figure.get_size_inches() * 100
    texts = [*figure.texts, *figure.legends[0].get_texts()]
    texts += [text for ax in figure.axes for text in (*ax.texts, *ax.get_yticklabels(), ax.title)]
    for text in texts:
        if text.get_text():
            box = text.get_window_extent()
            assert (text.get_text(), box.x0 >= 0, box.x1 <= width, box.y0 >= 0, box.y1 <= height) == (
                text.get_text(), True, True, True, True,
            )  # fmt: skip


def test_labels_of_close_figures_do_not_cover_each_other() -> None:
    reports = [report("01", killed(100 + at), report_id=f"r{at}", source=f"s{at}") for at in range(5)]
    figure = draw(story(*reports))
    FigureCanvasAgg(figure).draw()  # type: ignore[no-untyped-call]
    boxes = sorted((text.get_window_extent() for text in figure.axes[0].texts), key=lambda box: box.y0)
    assert len(boxes) == 5
    assert all(lower.y1 <= upper.y0 + 1 for lower, upper in itertools.pairwise(boxes))


def test_the_greatest_of_many_sources_are_in_colour() -> None:
    """The others are counted in the legend."""
    reports = [report("01", killed(100 + at), report_id=f"r{at:02}", source=f"s{at:02}") for at in range(20)]
    entries = legend(draw(story(*reports)))
    assert entries[-1] == f"{20 - len(DASHES)} more lines, of smaller figures"
    assert entries[:-1] == [f"north, by s{at:02}" for at in range(20 - len(DASHES), 20)]


def test_the_last_of_many_ceasefires_are_shown() -> None:
    """The number of the others is given."""
    reports = [
        report(f"{at:02}", ceasefire("announced", ceasefire=f"c{at:02}"), report_id=f"r{at:02}") for at in range(1, 20)
    ]
    figure = draw(story(*reports))
    assert next(label.get_text() for label in figure.axes[0].get_yticklabels()) == f"c{20 - MAX_BANDS:02}"
    assert f"{19 - MAX_BANDS} earlier ceasefires not shown" in figure.texts[1].get_text()


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_story_gives_the_same_bytes(form: str) -> None:
    assert picture(story(*WHOLE), form) == picture(story(*WHOLE), form)


def test_formats_are_what_they_say(told: PlottedHistory) -> None:
    assert ET.fromstring(picture(told, "svg")).tag.endswith("svg")  # noqa: S314 - our own
    assert picture(told, "png").startswith(b"\x89PNG")
    page = picture(told, "html").decode()
    assert "prefers-color-scheme: dark" in page
    assert "<td>north killed, military</td><td>mod</td><td>12 (11–15)</td><td>up</td>" in page
    assert [form_of(name) for name in ("a.svg", "b.PNG", "c.pdf", "d")] == ["svg", "png", None, None]


@pytest.fixture
def told() -> PlottedHistory:
    return story(*WHOLE)


# Colours seen by protanopes, deuteranopes and tritanopes (Machado, Oliveira, Fernandes 2009, severity 1), linear RGB.
SEEN_BY = {
    "anyone": np.eye(3),
    "protanopes": np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
    "deuteranopes": np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
    "tritanopes": np.array([[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]),
}


def linear(colour: str) -> Any:
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """WCAG 2's contrast ratio, 1 to 21."""
    light = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) + 0.05 for colour in (one, other))
    return light[1] / light[0]


def lab(colour: str, eye: Any) -> Any:
    """CIE L*a*b* (D65) of a colour as an eye sees it."""
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    found = xyz @ np.clip(eye @ linear(colour), 0, 1) / [0.9505, 1, 1.089]
    x, y, z = np.where(found > 0.008856, np.cbrt(found), 7.787 * found + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
@pytest.mark.parametrize("who", SEEN_BY)
def test_colours_of_the_first_parties_can_be_told_apart(theme: Theme, who: str) -> None:
    for one, other in itertools.combinations(theme.lines[:4], 2):
        distance = float(np.linalg.norm(lab(one, SEEN_BY[who]) - lab(other, SEEN_BY[who])))
        assert (one, other, distance > 10) == (one, other, True)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_everything_stands_out_from_its_ground(theme: Theme) -> None:
    """WCAG 2: 4.5 for text, 3 for graphics."""
    for colour in theme.lines:
        assert (colour, contrast(colour, theme.ground) >= 3) == (colour, True)
    for colour in (*theme.statuses.values(), theme.ground):
        assert (colour, contrast(theme.ink, colour) >= 4.5) == (colour, True)
    assert contrast(theme.faint, theme.ground) >= 4.5


def test_every_status_and_mark_has_a_look() -> None:
    statuses = "none called_for proposed rejected agreed announced in_effect suspended ended expired collapsed"
    assert [*STATUSES] == [*statuses.split(), "never_took_effect"]
    assert len({STATUSES[status] for status in STATUSES}) == len(STATUSES)
    assert [*MARKS] == ["alleged", "denied", "confirmed", "not_confirmed"]
    assert all(colour in theme.statuses for colour, _ in STATUSES.values() for theme in THEMES.values())


def test_title_subtitle_and_note_are_text_in_the_svg() -> None:
    caption = Caption("Two days in March", "killed, as each side says", "Source: the ministries. " + CLAIMS)
    root = ET.fromstring(picture(story(*WHOLE), "svg", caption=caption))  # noqa: S314 - our own
    texts = ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]
    whole = " ".join(" ".join(texts).split())
    assert "Two days in March" in texts
    assert "killed, as each side says, as published until 2024-03-07 00:00 UTC" in whole
    assert "Source: the ministries. " + CLAIMS in whole


def test_the_first_tick_of_each_year_names_the_year() -> None:
    locator = mdates.AutoDateLocator()  # type: ignore[no-untyped-call]
    days = [mdates.date2num(datetime(*each, tzinfo=UTC)) for each in ((2023, 12, 30), (2023, 12, 31), (2024, 1, 2))]  # type: ignore[no-untyped-call]
    assert TimeLabels(locator).format_ticks(days) == ["30 Dec\n2023", "31 Dec", "2 Jan\n2024"]


@pytest.mark.parametrize("width_px", [400, 700, 1400])
def test_a_long_note_and_title_stay_within_the_picture(width_px: int) -> None:
    caption = Caption("A title that has no end " * 3, "figures of both ministries of defence " * 2, "A note. " * 40)
    figure = draw(story(*WHOLE), width_px=width_px, caption=caption)
    FigureCanvasAgg(figure).draw()  # type: ignore[no-untyped-call]
    legend_box = figure.legends[0].get_window_extent()
    boxes = [text.get_window_extent() for text in figure.texts]
    assert [box.x1 <= width_px and box.y0 >= 0 for box in boxes] == [True] * len(boxes)
    assert boxes[-1].y1 <= legend_box.y0 + 4


def test_dollar_signs_in_words_are_no_formula() -> None:
    svg = picture(story(*WHOLE), "svg", caption=Caption("$\\nosuch$", "5 $ to 6 $", "$^$")).decode()
    assert [words in svg for words in ("$\\nosuch$", "5 $ to 6 $", "$^$")] == [True] * 3
