"""Targets: how they are named, and that nothing secret of them is ever said."""

from __future__ import annotations

import logging

import pytest

from streams.notifications.targets import NotificationTarget, NotSent, targets
from streams.settings import SettingsError
from tests.support.receivers import hook, mailbox

SECRET = "s3cr3t-p4th"


def named(text: str) -> list[str]:
    return [target.name for target in targets(text)]


def refused(text: str) -> str:
    with pytest.raises(SettingsError) as error:
        targets(text)
    return str(error.value)


async def said(target: NotificationTarget) -> str:
    """The reason with which a target fails."""
    with pytest.raises(NotSent) as error:
        await target.send("title", "body", "info")
    return str(error.value)


def test_targets_stand_one_a_line_with_a_name_or_without() -> None:
    text = "# who is on duty\nduty=json://a.example/x?y=z\n\n  json://b.example json://c.example\n"
    assert named(text) == ["duty", "json-2", "json-3"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"mail-{SECRET}", "address 1 is not a URL such as mailto://…"),
        (f"nonsense://{SECRET}", "nonsense-1 is not a nonsense:// address that Apprise can use"),
        (f"a=json://x/{SECRET}\na=json://y/{SECRET}", "two targets are named a"),
        ("\n".join(f"json://x/{SECRET}{number}" for number in range(51)), "51 addresses, at most 50"),
    ],
)
def test_what_is_no_target_is_refused_and_not_quoted(text: str, reason: str) -> None:
    assert refused(text) == f"TRUCELINE_NOTIFY_URLS: {reason}"


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "apprise", None)
    assert refused("json://x") == "notifications need Apprise: pip install 'truceline[notify]'"


async def test_a_web_hook_gets_it() -> None:
    with hook() as receiving:
        (target,) = targets(receiving.url())
        await target.send("title", "body", "warning")
    (posted,) = receiving.posted
    assert (posted["title"], posted["message"], posted["type"]) == ("title", "body", "warning")


async def test_a_mail_server_gets_it() -> None:
    async with mailbox() as receiving:
        (target,) = targets(receiving.url())
        await target.send("title", "line\nline", "failure")
    (mail,) = receiving.mails
    assert (mail["Subject"], mail["To"], mail.get_content().split()) == ("title", "duty@example.org", ["line", "line"])


async def test_a_failure_says_why() -> None:
    with hook() as receiving:
        receiving.answers = [503]
        (target,) = targets(receiving.url())
        assert "503" in await said(target)


@pytest.mark.parametrize(
    "url",
    [
        "json://user:{secret}@127.0.0.1:1/{secret}?token={secret}",
        "mailto://user:{secret}@127.0.0.1:1?from=a@example.org&to={secret}@example.org&mode=insecure",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        "tgram://123456789:abcdefg_hijklmnop/12315544/",
        "json://127.0.0.1:1/{secret}%2Fand%20more",
    ],
)
async def test_nothing_secret_is_said_even_when_everything_is_logged(
    url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The real address is not reached, only the loopback.
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:1/{SECRET}")
    caplog.set_level(logging.DEBUG)
    (target,) = targets(url.format(secret=SECRET))
    reason = await said(target)
    parts = {SECRET, "TIiajkdnlazkcOXrIdevi7FQ", "A1BRTD4JD", "abcdefg_hijklmnop", "and more"}
    assert {part for part in parts if part in caplog.text + reason} == set()
    assert reason
