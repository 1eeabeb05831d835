"""From a report to a web hook and a mailbox, through a real worker and a real Kafka."""

import json
from pathlib import Path

from streams.settings import Settings
from tests.support.alerting_worker import (
    CROSSES_100,
    PARTITIONS,
    alerting_settings,
    alerts_published,
    committed_offsets,
    end_offsets,
    sent,
)
from tests.support.alerts import day
from tests.support.build import Json, killed
from tests.support.kafka_log import Worker, read, send
from tests.support.receivers import hook, mailbox
from tests.support.waiting import eventually, eventually_equal

SECRET = "s3cr3t-t0k3n"


def delivering(settings: Settings, log: Path, urls: Path, tries: int = 2) -> Worker:
    return Worker(
        settings,
        log,
        TRUCELINE_ALERTS=str(settings.alerts),
        TRUCELINE_NOTIFY_URLS_FILE=str(urls),
        TRUCELINE_NOTIFY_TRIES=str(tries),
        TRUCELINE_NOTIFY_MAX_AGE="P36500D",
        TRUCELINE_LOG_LEVEL="debug",
    )


async def lost_on(settings: Settings) -> list[Json]:
    return [json.loads(record.value) for record in await read(settings, "undelivered", PARTITIONS)]


async def settled(settings: Settings, alerts: int) -> None:
    """All alerts are there, and done with."""

    async def state() -> tuple[int, bool]:
        # In this order: once all are there, no end moves any more.
        there = len(await alerts_published(settings))
        ends = await end_offsets(settings, "alerts")
        return there, await committed_offsets(settings, "alerts") == ends

    await eventually_equal(state, (alerts, True))


async def test_an_alert_reaches_all_targets(kafka: str, prefix: str, tmp_path: Path) -> None:
    """An alert reaches hook and mail and is not lost where a target is down."""
    settings = await alerting_settings(kafka, prefix, tmp_path, CROSSES_100)
    urls = tmp_path / "urls"
    with hook() as well, hook() as broken:
        broken.answers = [503] * 99
        async with mailbox() as mailing:
            urls.write_text(f"well={well.url(SECRET)}\nbroken={broken.url(SECRET)}\nduty={mailing.url()}\n")
            first = delivering(settings, tmp_path / "first.log", urls)
            try:
                await send(settings, sent([day(1, killed(120), url="https://example.org/1"), day(2, killed(10))]))
                await settled(settings, 2)
            finally:
                assert first.stop() == 0
            second = delivering(settings, tmp_path / "second.log", urls)
            try:
                await send(settings, sent([day(3, killed(300))]))
                await settled(settings, 3)
            finally:
                assert second.stop() == 0
    alerts = await alerts_published(settings)
    ids = [alert["alert_id"] for alert in alerts]
    assert [posted["message"].splitlines()[-1] for posted in well.posted] == ids
    assert [mail.get_content().split()[-1] for mail in mailing.mails] == ids
    lost = await lost_on(settings)
    assert [(each["target"], each["tries"], each["alert"]) for each in lost] == [
        ("broken", tries, alert) for tries, alert in zip((2, 1, 2), alerts, strict=True)
    ]
    for log in ("first.log", "second.log"):
        said = (tmp_path / log).read_text()
        assert "alert_undelivered" in said
        assert [part for part in (SECRET, "duty@example.org", "json://") if part in said] == []
    assert [part for part in (SECRET, "json://") if part in json.dumps(lost)] == []


async def test_a_retried_alert_is_left_to_the_next_worker(kafka: str, prefix: str, tmp_path: Path) -> None:
    """A worker that stops while an alert is tried again leaves it to the next."""
    settings = await alerting_settings(kafka, prefix, tmp_path, CROSSES_100)
    urls = tmp_path / "urls"
    with hook() as receiving:
        urls.write_text(receiving.url())
        receiving.answers = [503] * 99
        first = delivering(settings, tmp_path / "first.log", urls, tries=20)
        try:
            await send(settings, sent([day(1, killed(120))]))
            await eventually(lambda: len(receiving.posted) > 1, "it is tried again")
        finally:
            # All tries would take many minutes.
            assert first.stop() == 0
        tried = len(receiving.posted)
        receiving.answers = []
        second = delivering(settings, tmp_path / "second.log", urls)
        try:
            await settled(settings, 1)
        finally:
            assert second.stop() == 0
    assert len(receiving.posted) == tried + 1
    assert await lost_on(settings) == []
