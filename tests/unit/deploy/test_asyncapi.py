"""The document of all topics: whole, true to the code, and in the form that AsyncAPI 3.0 asks for."""

import json
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from event_factories import ONE_OF_EACH
from jsonschema import Draft7Validator
from msgspec import msgpack, to_builtins

from deploy.schemas.asyncapi import document
from deploy.schemas.event_schemas import name_of
from domain.events import Event, encode_event
from domain.feature_message import HistoryMessage, WatermarkMessage, encode_message
from domain.history import History, encode_history
from domain.topics import ALL, FEATURES, FEATURES_PROFILE, FEATURES_RING, Topic
from flink_jobs.routing import TYPES_IN_TOPIC

DOCUMENT = document()
NAMES = {"pattern": r"^[\w.\-]+$"}
REFERENCE = {"type": "object", "properties": {"$ref": {"type": "string"}}, "required": ["$ref"]}
CHANNEL = {
    "type": "object",
    "properties": {
        "address": {"type": "string"},
        "description": {"type": "string"},
        "messages": {"type": "object", "additionalProperties": REFERENCE, "minProperties": 1},
        "bindings": {
            "type": "object",
            "properties": {
                "kafka": {
                    "type": "object",
                    "properties": {
                        "partitions": {"type": "integer", "minimum": 1},
                        "topicConfiguration": {
                            "type": "object",
                            "properties": {
                                "cleanup.policy": {"items": {"enum": ["compact", "delete"]}},
                                "retention.ms": {"type": "integer"},
                            },
                            "additionalProperties": False,
                        },
                        "bindingVersion": {"const": "0.5.0"},
                    },
                    "additionalProperties": False,
                }
            },
            "required": ["kafka"],
        },
    },
    "patternProperties": {"^x-": {}},
    "required": ["address", "description", "messages", "bindings"],
    "additionalProperties": False,
}
MESSAGE = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "contentType": {"type": "string"}, "payload": REFERENCE},
    "required": ["contentType", "payload"],
    "additionalProperties": False,
}
# The parts of AsyncAPI 3.0's own schema that the document uses.
ASYNCAPI = {
    "type": "object",
    "properties": {
        "asyncapi": {"const": "3.0.0"},
        "info": {"type": "object", "required": ["title", "version"]},
        "defaultContentType": {"type": "string"},
        "channels": {"type": "object", "additionalProperties": CHANNEL},
        "components": {
            "type": "object",
            "properties": {
                "messages": {"propertyNames": NAMES, "additionalProperties": MESSAGE},
                "schemas": {"propertyNames": NAMES, "additionalProperties": {"type": "object"}},
            },
            "additionalProperties": False,
        },
    },
    "required": ["asyncapi", "info"],
    "additionalProperties": False,
}


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(part, list):
        for item in part:
            yield from references(item)


def at(reference: str) -> Any:
    part: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        part = part[step]
    return part


def validator(schema: str) -> Draft7Validator:
    """References inside a schema point into the document."""
    return Draft7Validator({**DOCUMENT, "$ref": f"#/components/schemas/{schema}"})


def test_it_is_in_form() -> None:
    Draft7Validator(ASYNCAPI).validate(DOCUMENT)


def test_every_reference_leads_somewhere() -> None:
    assert all(at(reference) for reference in references(DOCUMENT))


def test_it_is_the_same_each_time() -> None:
    assert json.dumps(document()) == json.dumps(DOCUMENT)


@pytest.mark.parametrize("topic", ALL, ids=lambda topic: topic.name)
def test_a_topic_is_described(topic: Topic) -> None:
    channel = DOCUMENT["channels"][topic.name]
    kafka = channel["bindings"]["kafka"]
    assert channel["address"] == topic.name
    assert channel["x-key"] == topic.key
    assert f"Key: {topic.key}." in channel["description"]
    assert kafka["partitions"] == topic.partitions
    assert kafka["topicConfiguration"]["cleanup.policy"] == [topic.config()["cleanup.policy"]]
    stays = "Compacted" if topic.compacted else f"{topic.retention_days} days"
    assert stays in channel["description"]


@pytest.mark.parametrize("topic", TYPES_IN_TOPIC)
def test_a_source_topic_names_the_events_that_may_stand_in_it(topic: str) -> None:
    assert set(DOCUMENT["channels"][topic]["messages"]) == {name_of(event) for event in TYPES_IN_TOPIC[topic]}


def test_every_event_stands_in_some_topic() -> None:
    told = {name for channel in DOCUMENT["channels"].values() for name in channel["messages"]}
    assert {name_of(event) for event in get_args(Event)} <= told
    assert told == set(DOCUMENT["components"]["messages"])


STATES_IN = {FEATURES_PROFILE: {"profile", "watermark"}, FEATURES_RING: {"ring"}}


def test_features_topics_hold_msgpack() -> None:
    messages = DOCUMENT["components"]["messages"]
    for topic in FEATURES:
        named = DOCUMENT["channels"][topic.name]["messages"]
        assert set(named) == STATES_IN.get(topic, {"history", "watermark"})
        assert {messages[name]["contentType"] for name in named} == {"application/msgpack"}


@pytest.mark.parametrize("event", [build() for build in ONE_OF_EACH], ids=lambda event: type(event).__name__)
def test_an_event_as_written_meets_the_document(event: Event) -> None:
    validator(type(event).__name__).validate(json.loads(encode_event(event)))


def test_feature_messages_as_written_meet_the_document() -> None:
    history = History(version=3, card_ids=["card_a"])
    message = HistoryMessage(
        kind="user", entity_id="usr_a", epoch=1, version=3, known_at_ms=5, payload=encode_history(history)
    )
    validator("HistoryMessage").validate(to_builtins(message))
    assert set(msgpack.decode(encode_message(message))) == set(
        DOCUMENT["components"]["schemas"]["HistoryMessage"]["properties"]
    )
    validator("History").validate(to_builtins(msgpack.decode(message.payload)))
    watermark = WatermarkMessage(subtask=0, subtasks=1, low_watermark_ms=7)
    validator("WatermarkMessage").validate(to_builtins(watermark))
    assert not validator("WatermarkMessage").is_valid({**to_builtins(watermark), "subtask": "first"})
