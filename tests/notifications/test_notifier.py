"""Delivery: tries, pauses, what is not sent, and what a notification says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streams.notifications import DeliveryFailure, Notifier, NotSent, create_notifier, targets
from streams.notifications.notifier import notification
from streams.settings import SettingsError, load
from tests.support.build import at
from tests.support.metrics import MetricsDelta
from tests.support.receivers import NOW_US, alert, hook, mailbox


class Scripted:
    """A target that fails a given number of times."""

    def __init__(self, name: str = "script", failing: int = 0) -> None:
        self.name = name
        self.failing = failing
        self.sent: list[str] = []
        self.tried = 0

    async def send(self, title: str, body: str, kind: str) -> None:
        del title, kind
        self.tried += 1
        if self.failing:
            self.failing -= 1
            raise NotSent("busy")
        self.sent.append(body.splitlines()[-1])


class Pauses:
    """Sleeps that take no time."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


def to(*targets_: Any, **options: Any) -> Notifier:
    return Notifier(targets_, **{"now_us": lambda: NOW_US, "sleep": Pauses(), **options})


async def test_a_target_that_fails_at_first_gets_it_after_a_pause() -> None:
    target, pauses = Scripted(failing=3), Pauses()
    assert await to(target, sleep=pauses).deliver(alert()) == []
    assert (target.sent, target.tried) == (["r:war/mod@1"], 4)
    assert [int(pause) >= least for pause, least in zip(pauses.taken, (1, 2, 4), strict=True)] == [True] * 3


async def test_after_the_last_try_one_target_is_undelivered() -> None:
    broken, well = Scripted("broken", failing=99), Scripted("well")
    gained = MetricsDelta()
    assert await to(broken, well, tries=3).deliver(alert()) == [DeliveryFailure("broken", 3, "busy")]
    assert (broken.tried, well.sent) == (3, ["r:war/mod@1"])
    assert gained.by("truceline_notifications_total", "outcome") == {"delivered": 1, "undelivered": 1}


async def test_a_target_that_is_down_gets_one_try_each() -> None:
    target = Scripted(failing=4)
    sending = to(target, tries=3)
    ends = [await sending.deliver(alert(f"r:{number}")) for number in range(4)]
    assert [[lost.tries for lost in end] for end in ends] == [[3], [1], [], []]
    target.failing = 3
    assert [lost.tries for lost in await sending.deliver(alert("r:9"))] == [3]


async def test_a_repeat_is_not_sent_again() -> None:
    target = Scripted()
    sending = to(target)
    for alert_id in ("r:1", "r:2", "r:1"):
        await sending.deliver(alert(alert_id))
    assert target.sent == ["r:1", "r:2"]


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({"at": at(12, 13)}, 1),
        ({"at": at(12, 12)}, 0),
        ({"at": None}, 1),
        ({"severity": "moderate"}, 1),
        ({"severity": "minor"}, 0),
    ],
)
async def test_what_is_too_old_or_too_small_is_not_sent(fields: dict[str, Any], sent: int) -> None:
    target = Scripted()
    sending = to(target, max_age_us=2 * 24 * 3600 * 1_000_000, least="moderate")
    assert await sending.deliver(alert(**fields)) == []
    assert len(target.sent) == sent


async def test_hook_and_mail_get_the_same_words_through_trouble() -> None:
    with hook() as posting:
        async with mailbox() as mailing:
            posting.answers, mailing.refusing = [500, 503], 1
            assert await to(*targets(f"{posting.url()}\n{mailing.url()}")).deliver(alert()) == []
    assert [posted["message"] for posted in posting.posted] == [notification(alert())[1]] * 3
    (mail,) = mailing.mails
    assert mail["Subject"] == "Severe: war"
    assert mail.get_content().split() == notification(alert())[1].split()


def test_a_notification_says_what_who_and_where() -> None:
    title, body, kind = notification(alert(suppressed=2))
    assert (title, kind) == ("Severe: war", "warning")
    assert body.splitlines() == [
        "71 dead, says mod",
        "(2 more suppressed)",
        "",
        f"{at(14, 12)} r",
        "reported by mod, relayed by paper",
        "https://example.org/1",
        "r:war/mod@1",
    ]
    ticked = alert(cause={"tick": at(14)}, state="resolved", at=None, severity="extreme")
    assert notification(ticked) == ("Over: war", "71 dead, says mod\n\nr\nr:war/mod@1", "success")


def test_a_headline_calls_nobody_in_a_chat() -> None:
    words = notification(alert(message="@everyone <!channel>"))[1]
    assert "@everyone" not in words
    assert "<!channel>" not in words


class TestSettings:
    def test_without_an_address_there_is_no_delivery(self) -> None:
        assert create_notifier(load()) is None

    def test_addresses_come_from_the_environment_or_from_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "urls"
        path.write_text("a=json://x/1\n# one more\nb=json://x/2\n")
        for settings in (load(notify_urls="a=json://x/1 b=json://x/2"), load(notify_urls_file=path)):
            made = create_notifier(settings)
            assert made is not None
            assert [target.name for target in made.targets] == ["a", "b"]

    def test_a_file_that_is_not_there_is_named(self) -> None:
        with pytest.raises(SettingsError, match="the address file 'nowhere' cannot be read"):
            create_notifier(load(notify_urls_file="nowhere"))

    def test_the_addresses_are_in_no_representation(self) -> None:
        assert "hidden" not in repr(load(notify_urls="json://hidden"))
