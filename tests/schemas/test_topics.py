"""The one table of topics says what the contract's section 6 does, and nothing may disagree with it."""

from __future__ import annotations

from schemas.topics import MIN_MESSAGE_BYTES, TOPICS, Cleanup, durability, full_name
from streams.kafka.topics import TopicDifference, TopicSurvey, differences


def test_the_topics_are_those_of_the_contract() -> None:
    assert [(topic.name, topic.key, str(topic.cleanup)) for topic in TOPICS.values()] == [
        ("reports", "episode", "delete"),
        ("casualties", "episode", "delete"),
        ("ceasefires", "episode", "delete"),
        ("statements", "episode", "delete"),
        ("episodes", "episode", "compact"),
        ("rejected", "as it came", "delete"),
        ("ledger", "private", "compact"),
        ("alerts", "episode", "delete"),
        ("undelivered", "episode", "delete"),
    ]
    assert list(TOPICS) == [topic.name for topic in TOPICS.values()]


def test_nothing_is_deleted_by_age_or_size() -> None:
    for topic in TOPICS.values():
        if topic.cleanup is Cleanup.DELETE:
            assert topic.configuration["retention.ms"] == "-1", topic.name
            assert topic.configuration["retention.bytes"] == "-1", topic.name


def test_compacted_topics_are_kept_tight() -> None:
    for name in ("episodes", "ledger"):
        assert TOPICS[name].configuration | {"max.message.bytes": ""} == {
            "cleanup.policy": "compact",
            "max.message.bytes": "",
            "segment.bytes": "67108864",
            "min.cleanable.dirty.ratio": "0.1",
            "max.compaction.lag.ms": "3600000",
            "delete.retention.ms": "172800000",
        }


def test_any_record_can_be_rejected_with_its_headers() -> None:
    """A record of any size that the log takes can be rejected."""
    assert TOPICS["rejected"].max_message_bytes > TOPICS["reports"].max_message_bytes > MIN_MESSAGE_BYTES


def test_with_three_copies_two_must_have_a_record() -> None:
    assert [durability(n)["min.insync.replicas"] for n in (1, 2, 3, 5)] == ["1", "1", "2", "2"]


def as_made(partitions: int = 4, **changed: str) -> dict[str, TopicSurvey]:
    settings = {name: topic.configuration | durability(3) for name, topic in TOPICS.items()}
    return {name: TopicSurvey(partitions, 3, settings[name] | changed) for name in TOPICS}


def test_what_is_as_made_differs_in_nothing() -> None:
    assert differences("p", as_made()) == []


def test_a_missing_topic_is_fatal() -> None:
    found = as_made()
    del found["ledger"]
    different = differences("p", found)
    assert different == [TopicDifference("p.ledger", "topic", "missing", "there", fatal=True)]
    assert str(different[0]) == "p.ledger is missing"


def test_every_topic_has_as_many_partitions_as_the_reports() -> None:
    found = as_made() | {"episodes": as_made(5)["episodes"]}
    different = differences("p", found)
    assert different == [TopicDifference("p.episodes", "partitions", "5", "4", fatal=True)]
    assert str(different[0]) == "p.episodes has 5 partitions, the reports 4: a key lies in the same one"


def test_topics_that_exist_keep_their_partitions_and_say_so() -> None:
    different = differences("p", as_made(), partitions=6)
    assert different == [TopicDifference("p.reports", "partitions", "4", "6", fatal=False)]
    assert str(different[0]) == "p.reports has 4 partitions and keeps them, not 6: a key would move to another"


def test_wrong_clean_up_is_fatal_other_settings_are_notes() -> None:
    """A wrong clean-up policy is fatal; other settings are notes."""
    found = as_made()
    found["ledger"] = TopicSurvey(
        4, 3, {**found["ledger"].settings, "cleanup.policy": "delete", "segment.bytes": "1073741824"}
    )
    found["rejected"] = TopicSurvey(
        4, 3, {**found["rejected"].settings, "max.message.bytes": "300000", "retention.ms": "1000"}
    )
    assert [str(different) for different in differences("p", found) if different.fatal] == [
        "p.rejected: max.message.bytes is 300000, must be 2097152",
        "p.ledger: cleanup.policy is delete, must be compact",
    ]
    assert [str(different) for different in differences("p", found) if not different.fatal] == [
        "p.rejected: retention.ms is 1000, should be -1",
        "p.ledger: segment.bytes is 1073741824, should be 67108864",
    ]


def test_settings_that_do_more_than_asked_are_no_difference() -> None:
    more = {"max.message.bytes": "16777216", "min.insync.replicas": "3", "segment.bytes": "1048576"}
    found = {
        name: TopicSurvey(4, 3, {key: more.get(key, value) for key, value in topic.settings.items()})
        for name, topic in as_made().items()
    }
    assert differences("p", found) == []


def test_a_configuration_that_may_not_be_read_is_not_judged() -> None:
    assert differences("p", {name: TopicSurvey(4, 3, {}) for name in TOPICS}) == []


def test_a_full_name_begins_with_the_prefix() -> None:
    assert full_name("truceline", "reports") == "truceline.reports"
