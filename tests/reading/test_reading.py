"""The claims from small texts: source, party, outcome, number, beginning."""

import pytest

from streams.reading import Context, Document, DocumentTooLargeError, draft_json, next_versions, read
from tests.reading.build import CONTEXT, acts, claims, document, drafted, figures, left

MOD = ("south-mod", "south")


def test_speaker_before_his_words() -> None:
    assert figures("The Southern Defence Ministry said 71 soldiers were killed in a strike.") == [
        (*MOD, "killed", "military", 71, "incremental"),
    ]


def test_speaker_after_his_words() -> None:
    text = "Three soldiers were wounded by a mine near Skarn, the Southern Defence Ministry said on Friday."
    assert figures(text) == [(*MOD, "wounded", "military", 3, "incremental")]


def test_speaker_of_a_headline_stands_at_its_end() -> None:
    assert figures("", "Shell kills two in Tolling - Northern Defence Ministry") == [
        ("north-mod", "north", "killed", "unknown", 2, "incremental"),
    ]


def test_words_inside_words_are_the_outer_speakers() -> None:
    text = "Tarnholm said the South had admitted 105 dead."
    assert figures(text)[0][:3] == ("north-officials", "south", "killed")


def test_ministry_named_again_is_the_same() -> None:
    text = "The Southern Defence Ministry said it would publish a list. The ministry said 12 servicemen were missing."
    assert figures(text)[0][:5] == (*MOD, "missing", "military", 12)


def test_elliptical_sentence_goes_on_with_its_speaker() -> None:
    text = "The Southern Defence Ministry said 18 of its soldiers were killed in an ambush. Four more are missing."
    assert [figure[:5] for figure in figures(text)] == [
        (*MOD, "killed", "military", 18),
        (*MOD, "missing", "military", 4),
    ]


def test_nobody_named_leaves_the_outlet() -> None:
    assert figures("Two civilians were killed by a shell in Osmere.") == [
        ("fjord-gazette", "south", "killed", "civilian", 2, "incremental"),
    ]


def test_enemies_killed_are_the_other_sides() -> None:
    text = "The Southern Defence Ministry said up to 40 enemy soldiers were destroyed over the past 24 hours."
    assert [(source, claim["party"], claim["qualifier"]) for source, claim in claims(text)] == [
        ("south-mod", "north", "up_to"),
    ]


def test_noun_said_once_is_shared() -> None:
    text = "Eldermouth said two soldiers were killed and more than 20 wounded in a raid."
    assert [figure[2:5] for figure in figures(text)] == [("killed", "military", 2), ("wounded", "military", 20)]


def test_part_with_a_group_is_a_claim_of_its_own() -> None:
    text = (
        "A missile strike killed 48 people in Osmere, including 17 children and two generals, Southern officials said."
    )
    assert [(claim["count"]["best"], claim.get("group")) for _, claim in claims(text)] == [(48, None), (17, "children")]


def test_total_is_taken_and_its_increment_too() -> None:
    text = "Eldermouth said 12 more soldiers were killed overnight, bringing the toll to 90."
    assert [figure[4:] for figure in figures(text)] == [(12, "incremental"), (90, "cumulative")]


def test_scope_of_a_total_since_a_later_day() -> None:
    text = "Since 1 April, 126 people have been killed by shelling in Osmere, Southern officials said."
    assert [claim.get("scope") for _, claim in claims(text)] == ["since-2024-04-01"]


def test_total_since_the_war_began_has_no_scope() -> None:
    text = "Since February 11, 900 soldiers have been killed, Southern officials said."
    assert [(claim["basis"], claim.get("scope")) for _, claim in claims(text)] == [("cumulative", None)]


def test_sum_of_both_sides_is_derived() -> None:
    text = "The South said 71 soldiers were killed in the fighting. The North spoke of 105 dead soldiers.\n\n"
    found = figures(text + "The clashes have left 176 casualties in total on both sides.")
    assert found[-1][1:] == ("all", "killed", "military", 176, "derived")


@pytest.mark.parametrize(
    "text",
    [
        "If the truce ends, 50 soldiers could be killed, Southern officials said.",
        "The South denied that 30 soldiers had been killed.",
        "In 2019 a shooting on the pass killed five soldiers, Southern officials said.",
        "An earthquake killed 300 people in Southmark.",
        "The South handed over the bodies of 12 soldiers.",
        "The South lost 14 tanks.",
        "No casualties were reported in Osmere.",
    ],
)
def test_text_without_losses_makes_no_claim(text: str) -> None:
    assert figures(text) == []


def test_numbers_left_out_say_why() -> None:
    text = "At 08:00 on 14 April a 9-year-old walked 12 km past 3 tanks; 40 per cent of 25 houses cost $900."
    assert dict(left(text)) == {
        "08:00": "time",
        "14 April": "date",
        "9-year-old": "age",
        "12 km": "distance",
        "3 tanks": "equipment",
        "40 per": "percent",
        "25 houses": "not_people",
        "900": "money",
    }


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("A boy of twelve was killed in Osmere.", 1),
        ("A soldier of 23 died in Osmere on Friday.", 1),
        ("A family of five was killed in Osmere.", 5),
        ("A group of 12 soldiers were killed in Osmere.", 12),
    ],
)
def test_age_after_one_person_is_no_count(text: str, count: int) -> None:
    """A number after "a boy of" is an age; after a noun that holds several people it counts them."""
    assert [figure[4] for figure in figures(text)] == [count]


def test_old_figure_is_superseded() -> None:
    text = "The mayor of Osmere raised the number of dead from six to at least 14 after the strike."
    assert [figure[4] for figure in figures(text)] == [14]
    assert ("six", "superseded") in left(text)


def test_truce_has_its_hours() -> None:
    text = "Southmark's president announced a truce from 18:00 on Saturday until 06:00."
    assert [(claim["act"], claim["effective_at"], claim["expires_at"]) for _, claim in claims(text)] == [
        ("announced", "2024-04-20T18:00:00+02:00", "2024-04-21T06:00:00+02:00"),
    ]


def test_hours_of_a_truce_are_evidence() -> None:
    """The words of an hour are named by its field, and the number is not left out."""
    text = "Northland and Southmark agreed on a ceasefire from 20:00 on Saturday, Northern officials said."
    draft = drafted(text)
    [claim] = draft["claims"]
    found = {each["field"]: f"\n{text}"[each["start"] : each["end"]] for each in claim["evidence"]}
    assert (found["effective_at"], draft["left_out"]) == ("20:00", [])


def test_monitor_confirms_what_others_allege() -> None:
    assert acts("The Joint Monitoring Centre recorded 14 violations of the ceasefire by Northern troops.") == [
        ("monitoring-centre", "violation_confirmed", None),
    ]


def test_mention_of_a_truce_is_no_act() -> None:
    assert acts("Shells fell on Osmere despite the ceasefire.") == []


def test_bulletin_lines_follow_their_headings() -> None:
    text = (
        "Statement of the Ministry of Defence of Southmark\n\nAs of 18:00 on 19 April:\nKilled: 64\nWounded: 212\n"
        "Missing: 9\n\nEnemy losses (estimate):\nKilled: 150-170"
    )
    assert figures(text, outlet="south-mod") == [
        (*MOD, "killed", "military", 64, "cumulative"),
        (*MOD, "wounded", "military", 212, "cumulative"),
        (*MOD, "missing", "military", 9, "cumulative"),
        ("south-mod", "north", "killed", "military", 150, "cumulative"),
    ]


def test_arabic_bulletin_is_read() -> None:
    context = Context.of(
        {
            "parties": {"gaza": {"name": "غزة", "zone": "Asia/Gaza"}},
            "episodes": {"war": {"parties": ["gaza"], "from": "2023-10-07"}},
        },
        {"moh": {"name": "وزارة الصحة", "kind": "official", "affiliation": "gaza"}},
    )
    text = "غزة\n🔴 منذ وقف إطلاق النار (11 أكتوبر):\n• إجمالي عدد الشهداء: 1,029\n• إجمالي عدد الإصابات: 4،053"
    found = read(
        Document.of(
            {"id": "a", "text": text, "lang": "ar", "outlet": "moh", "published_at": "2026-06-24T15:00:00+03:00"},
        ),
        context,
    ).content["reports"][0]["claims"]
    assert [(claim["outcome"], claim["count"]["best"], claim["scope"]) for claim in found] == [
        ("killed", 1029, "since-2025-10-11"),
        ("wounded", 4053, "since-2025-10-11"),
    ]


def test_other_language_is_said_to_be_unread() -> None:
    content = drafted("71 soldats ont été tués.", lang="fr")
    assert (content["unread"], content["reports"], len(content["left_out"])) == ("fr", [], 1)


def test_unnamed_speaker_keeps_a_claim_out_of_ready() -> None:
    tiers = [entry["tier"] for entry in drafted("Two civilians were killed by a shell in Osmere.")["claims"]]
    assert tiers == ["check"]


@pytest.mark.parametrize(
    ("text", "outlet", "tiers"),
    [
        (
            "The Southern Defence Ministry said 71 Southern soldiers were killed in a strike.",
            "fjord-gazette",
            ["ready"],
        ),
        ("The Southern Defence Ministry said 71 people were killed in a strike.", "fjord-gazette", ["check"]),
        ("The Southern Defence Ministry said it agreed to a ceasefire.", "fjord-gazette", ["check"]),
        ("Since the start of the war:\nKilled: 64\nInjured: 212\nMissing: 9", "south-moh", ["ready"] * 3),
        ("Since the start of the war:\nKilled: 64\nWounded: 212\nMissing: 9", "south-mod", ["check"] * 3),
        ("Since the start of the war:\nKilled: 64 (children: 3)\nInjured: 212\nMissing: 9", "south-moh", None),
        ("Since the start of the war:\nKilled: 64\nAdversary\nKilled: 90\nMissing: 9", "south-moh", None),
    ],
)
def test_tier_is_ready_where_measured(text: str, outlet: str, tiers: list[str] | None) -> None:
    """Attributed losses of named people, and plain labels of an office that counts its own: all else is looked at."""
    found = [entry["tier"] for entry in drafted(text, outlet=outlet)["claims"]]
    assert found == tiers if tiers else "check" in found


def test_group_in_brackets_is_a_part() -> None:
    """A group in brackets is a part of the figure before it, which is of all."""
    text = "Since the start of the war:\nDead: 28 (of them children: 3)\nInjured: 94\nMissing: 22"
    claims = drafted(text, outlet="south-moh")["reports"][0]["claims"]
    assert [(claim["count"]["best"], claim.get("group")) for claim in claims] == [(28, None), (94, None), (22, None)]


def test_heading_without_colon_turns_to_the_enemy() -> None:
    """A short line without a number is a heading, also where no colon follows it."""
    text = "Total since the war began:\nKilled: 64\nB. Adversary (our assessment)\nKilled: 1,350\nCaptured: 77"
    claims = drafted(text, outlet="south-mod")["reports"][0]["claims"]
    assert [(claim["party"], claim["count"]["best"]) for claim in claims] == [
        ("south", 64),
        ("north", 1350),
        ("north", 77),
    ]


def test_one_report_a_source() -> None:
    text = "Eldermouth said 3 soldiers were killed in a raid. Tarnholm said 5 soldiers were killed in the raid."
    content = drafted(text)
    assert [report["report_id"] for report in content["reports"]] == ["d-1.south-officials", "d-1.north-officials"]


def test_quotes_and_evidence_are_words_of_the_text() -> None:
    content = drafted("The Southern Defence Ministry said 71 soldiers were killed in a strike.", "A raid")
    whole = f"{content['document']['title']}\n{content['document']['text']}"
    report = content["reports"][0]["claims"][0]
    assert report["quote"] in whole
    assert [whole[e["start"] : e["end"]] for e in content["claims"][0]["evidence"] if e["field"] == "count"] == ["71"]


def test_new_version_revises_and_withdraws() -> None:
    first = read(document("Eldermouth said 3 soldiers died. Tarnholm said 5 soldiers died."), CONTEXT)
    second = next_versions(first, read(document("Eldermouth said 4 soldiers died."), CONTEXT))
    third = next_versions(second, read(document("Eldermouth said 4 soldiers died."), CONTEXT))
    told = [
        [(r["source"], r["revision"], r.get("withdrawn", False)) for r in draft.content["reports"]]
        for draft in (first, second, third)
    ]
    assert told == [
        [("south-officials", 1, False), ("north-officials", 1, False)],
        [("south-officials", 2, False), ("north-officials", 2, True)],
        [("south-officials", 2, False), ("north-officials", 2, True)],
    ]


def test_draft_is_the_same_bytes_each_time() -> None:
    text = "Eldermouth said 3 soldiers were killed in a raid. A truce was agreed."
    assert draft_json(read(document(text), CONTEXT)) == draft_json(read(document(text), CONTEXT))


def test_text_over_the_limit_is_refused() -> None:
    with pytest.raises(DocumentTooLargeError, match="262144 bytes"):
        document("x" * 300_000)


@pytest.mark.parametrize("missing", ["published_at", "outlet"])
def test_document_without_what_it_needs_is_refused(missing: str) -> None:
    with pytest.raises(ValueError, match=missing):
        Document.of({"text": "t", "outlet": "o", "published_at": "2024-04-20T18:00:00Z"} | {missing: None})


def test_text_is_normalised_one_to_one() -> None:
    read_text = document("\u201cDead\u201d – 4\u00a0318\r\nmen\u2019s").text
    assert read_text == '"Dead" – 4 318\nmen\'s'


def test_id_is_of_the_url_without_its_fragment() -> None:
    one, other = (document("t", id=None, url=f"https://example.org/a{mark}").id for mark in ("", "#b"))
    assert one == other
    assert one.startswith("example.org-")
