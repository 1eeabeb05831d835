"""All topics as one AsyncAPI 3.0 document, made from the table of topics and the shapes."""

from typing import Any

from schemas.json_schema import SCHEMAS, SHAPES, VERSION, Examples, combined, without_unused
from schemas.reports import SLUG
from schemas.topics import TOPICS, Topic

__all__ = ["asyncapi"]

BINDING_VERSION = "0.5.0"
TITLES = {shape.title: shape for shape in SHAPES.values()}
#: The settings of a topic that the Kafka bindings have a place for.
BOUND = ("retention.ms", "retention.bytes", "delete.retention.ms", "max.message.bytes")

DESCRIPTION = """\
Reports of an armed conflict go in; running casualty counts, ceasefire status and statements come out, each change
with its cause. Each batch of reports goes in and comes out in one Kafka transaction: read committed. Records of one
episode have its name as their key and lie in one partition, in the order of the log. A change_id (also the header
ce_id) names a change for good: a rerun of the same log makes the same ids. Pass over fields that are not named here.
"""

ROLES = {
    "reports": ("receive", "takeReports", "Reports and ticks are taken in, in the order of the log."),
    "casualties": ("send", "publishCountChanges", "Each change of a running count."),
    "ceasefires": ("send", "publishStatusChanges", "Each change of a ceasefire's status."),
    "statements": ("send", "publishStatementChanges", "Each statement published, changed or withdrawn."),
    "episodes": ("send", "publishPictures", "The picture of an episode, at most once a second while it changes."),
    "rejected": ("send", "rejectRecords", "Each record that is refused, as it came, with the reason."),
    "alerts": ("send", "raiseAlerts", "Each alert that a rule raises, and its end."),
    "undelivered": ("send", "giveUpAlerts", "Each alert that a target did not take, after the last try."),
}


def asyncapi(examples: Examples) -> dict[str, Any]:
    """Return the document; `examples` are by the name of their shape."""
    document = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Truceline",
            "version": VERSION,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "{brokers}",
                "protocol": "kafka",
                "description": "Apache Kafka; see the settings of the security of the Kafka client.",
                "variables": {"brokers": {"default": "127.0.0.1:9092"}},
            }
        },
        "channels": {topic.name: _channel(topic) for topic in TOPICS.values()},
        "operations": {
            name: {
                "action": action,
                "channel": {"$ref": f"#/channels/{topic}"},
                "summary": says,
                "messages": [{"$ref": f"#/channels/{topic}/messages/{title}"} for title in _titles(TOPICS[topic])],
            }
            for topic, (action, name, says) in ROLES.items()
        },
        "components": {
            "messages": {
                title: _message(topic, title, examples) for topic in TOPICS.values() for title in _titles(topic)
            },
            "schemas": combined(SCHEMAS + "{model}"),
        },
    }
    return without_unused(document)


def _titles(topic: Topic) -> list[str]:
    """Return the messages of a topic: the shapes of its value, or one of its own where it has none."""
    titles = topic.value.split(" | ")
    return titles if all(title in TITLES for title in titles) else [f"{topic.name.capitalize()}Record"]


def _channel(topic: Topic) -> dict[str, Any]:
    settings = topic.configuration
    kept = {name: int(settings[name]) for name in BOUND if name in settings}
    return {
        "address": f"{{prefix}}.{topic.name}",
        "title": topic.says[0].upper() + topic.says[1:],
        "description": f"Key: {topic.key}. Value: {topic.value}. Cleanup: {topic.cleanup}.",
        "parameters": {"prefix": {"default": "truceline", "description": "TRUCELINE_TOPIC_PREFIX"}},
        "messages": {title: {"$ref": f"#/components/messages/{title}"} for title in _titles(topic)},
        "bindings": {
            "kafka": {
                "topicConfiguration": {"cleanup.policy": [str(topic.cleanup)], **kept},
                "bindingVersion": BINDING_VERSION,
            }
        },
    }


def _message(topic: Topic, title: str, examples: Examples) -> dict[str, Any]:
    message: dict[str, Any] = {"name": title, "title": title}
    if title in TITLES:
        shape = TITLES[title]
        message |= {"summary": shape.says, "contentType": "application/json"}
        message["payload"] = {"$ref": SCHEMAS + title}
        if topic.name != "reports":
            message["headers"] = {"$ref": f"{SCHEMAS}EventHeaders"}
        if shape.name in examples:
            message["examples"] = [{"payload": example} for example in examples[shape.name]]
    else:
        message |= {"summary": f"Key {topic.key}, value {topic.value}.", "contentType": "application/octet-stream"}
        message["payload"] = {"type": "string", "format": "binary"}
        if topic.name == "rejected":
            message["headers"] = {"$ref": f"{SCHEMAS}RejectedHeaders"}
    message["bindings"] = {"kafka": {"key": _key(topic), "bindingVersion": BINDING_VERSION}}
    return message


def _key(topic: Topic) -> dict[str, Any]:
    if topic.key != "episode":
        return {"type": "string", "description": topic.key}
    return {"type": "string", "pattern": SLUG, "description": "The episode, in UTF-8."}
