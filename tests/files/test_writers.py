"""streams.files.writers: who may write, read with the line of each fault (contract section 10)."""

import pytest

from streams.files.writers import Writer, WritersError, digest_of, parse_writers

ANI = digest_of("ani's token")
FEED = digest_of("the feed's token")
FILE = f"""\
ani: {{token_sha256: {ANI}, role: reviewer}}
feed: {{token_sha256: {FEED}, role: writer, sources: [north-*, watch], outlets: [coast-wire], episodes: ["*"]}}
""".encode()


def test_a_token_finds_its_writer() -> None:
    writers = parse_writers(FILE, "writers.yaml")
    assert writers.holder("ani's token") == Writer("ani", "reviewer", ANI)
    assert writers.holder("the feed's token") == Writer(
        "feed", "writer", FEED, ("north-*", "watch"), ("coast-wire",), ("*",)
    )
    assert [writers.holder(token) for token in ("", ANI, "ani's tokem")] == [None, None, None]


@pytest.mark.parametrize(
    ("written", "beyond"),
    [
        ({"source": "north-mod", "relayed_by": "coast-wire", "episode": "war"}, None),
        ({"source": "watch", "episode": "war"}, None),
        ({"source": "south-mod", "episode": "war"}, "source south-mod"),
        ({"source": "north", "episode": "war"}, "source north"),
        ({"source": "watch", "relayed_by": "other", "episode": "war"}, "relayed_by other"),
        ({"outlet": "other"}, "outlet other"),
    ],
)
def test_limits_hold_for_sources_outlets_and_episodes(written: dict[str, str], beyond: str | None) -> None:
    feed = parse_writers(FILE, "writers.yaml").by_name["feed"]
    assert feed.beyond(written) == beyond


def test_each_role_has_the_rights_of_those_below() -> None:
    may = {role: [Writer("a", role).may(other) for other in ("writer", "reviewer", "admin")] for role in ("reader", "writer", "reviewer", "admin")}  # fmt: skip  # noqa: E501
    assert may == {
        "reader": [False, False, False],
        "writer": [True, False, False],
        "reviewer": [True, True, False],
        "admin": [True, True, True],
    }


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"- a", "writers.yaml:1: the file is a mapping"),
        (b"a: {role: writer}", "writers.yaml:1: 'a': token_sha256 missing"),
        (
            f"a: {{token_sha256: {ANI}, role: king}}".encode(),
            "1: 'a': role 'king' is not one of reader, writer",
        ),
        (b"a: {token_sha256: abc, role: writer}", "writers.yaml:1: 'a': token_sha256 must be 64 hexadecimal digits"),
        (f"\nA: {{token_sha256: {ANI}, role: writer}}".encode(), "writers.yaml:2: 'A' is not a name"),
        (f"a: {{token_sha256: {ANI}, role: writer, source: [x]}}".encode(), "unknown field 'source'; the fields are"),
        (f"a: {{token_sha256: {ANI}, role: writer, sources: x}}".encode(), "sources must be a list of slugs"),
        (f"a: {{token_sha256: {ANI}, role: writer, sources: ['*x']}}".encode(), "'*x' in sources is not a slug"),
        (
            f"a: {{token_sha256: {ANI}, role: writer}}\nb: {{token_sha256: {ANI}, role: writer}}".encode(),
            "writers.yaml:2: 'b' has the token of 'a'",
        ),
    ],
)
def test_faults_have_their_line(content: bytes, fault: str) -> None:
    with pytest.raises(WritersError) as refused:
        parse_writers(content, "writers.yaml")
    assert fault in str(refused.value)
