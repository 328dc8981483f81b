"""One AsyncAPI 3.0 document of every topic: key, partitions, how long messages stay, and what they are."""

from typing import Any, get_args

from msgspec import Struct
from msgspec import json as msgspec_json

from deploy.schemas.event_schemas import Schema, name_of
from domain.events import Event
from domain.feature_message import HistoryMessage, WatermarkMessage
from domain.history import History
from domain.profile import Profile
from domain.ring import Ring
from domain.topics import ALL, DEAD_LETTER, DECISIONS, FEATURES, HISTORIES, LABELS, RIDES, Topic
from flink_jobs.dead_letter import DeadLetter
from flink_jobs.routing import TYPES_IN_TOPIC

Document = dict[str, Any]

JSON, MSGPACK = "application/json", "application/msgpack"
SCHEMAS, MESSAGES = "#/components/schemas/", "#/components/messages/"
STATES: dict[str, type[Struct]] = {"history": History, "profile": Profile, "ring": Ring}

INFO = (
    "Source topics hold one JSON object a message, told apart by `type`. Inside a version of an event, fields"
    " are only ever added, with a default: ignore those you do not know. Delivery is at least once; `id`"
    " tells repeats. Features topics hold msgpack, as their messages say."
)
SOURCES_HOLD = {
    RIDES.name: "What riders do: rides, cards, accounts and logins.",
    DECISIONS.name: "Payments as the approval API answered them, sent through its outbox.",
    LABELS.name: "What became of payments, sent through the outbox.",
    DEAD_LETTER.name: "What could not be read in a source topic: why and where it stands, never its content.",
}
STATE_MESSAGE = (
    "The newest version of a {state}: a msgpack map with these fields. `payload` is a msgpack bin that holds"
    " the {state} itself, another msgpack map; a field that equals its default may be left out of it. A"
    " message whose (epoch, version) is lower than one read before is a repeat: ignore it."
)
WATERMARK_MESSAGE = (
    "How far the stream has come: a msgpack map with these fields. Every event up to `low_watermark_ms` that"
    " this subtask of the job owns stands before this message. Each subtask tells it to every partition,"
    " under keys of its own; the oldest of all subtasks is that of the topic."
)


def document() -> Document:
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Topics of Faregate", "version": "1", "description": INFO},
        "defaultContentType": JSON,
        "channels": {topic.name: _channel(topic) for topic in ALL},
        "components": {"messages": _messages(), "schemas": _schemas()},
    }


def _channel(topic: Topic) -> Document:
    return {
        "address": topic.name,
        "description": f"{_holds(topic)} Key: {topic.key}. {_stays(topic)}",
        "x-key": topic.key,
        "messages": {name: {"$ref": MESSAGES + name} for name in _message_names(topic)},
        "bindings": {
            "kafka": {
                "partitions": topic.partitions,
                "topicConfiguration": _configuration(topic),
                "bindingVersion": "0.5.0",
            }
        },
    }


def _holds(topic: Topic) -> str:
    if topic in FEATURES:
        watermarks = ", and watermarks" if topic in HISTORIES else ""
        return f"The newest {_state_of(topic)} of each {topic.key.removesuffix('_id')}{watermarks}."
    return SOURCES_HOLD[topic.name]


def _stays(topic: Topic) -> str:
    if topic.compacted:
        return "Compacted: the newest message of each key stays."
    return f"A message stays {topic.retention_days} days, by record time."


def _configuration(topic: Topic) -> Document:
    """The broker's own names; of its settings AsyncAPI knows these two."""
    config = topic.config()
    retention = {"retention.ms": int(config["retention.ms"])} if "retention.ms" in config else {}
    return {"cleanup.policy": [config["cleanup.policy"]], **retention}


def _state_of(topic: Topic) -> str:
    _, kind, _ = topic.name.split(".")
    return kind if kind in STATES else "history"


def _message_names(topic: Topic) -> list[str]:
    if topic in FEATURES:
        return [_state_of(topic), *(["watermark"] if topic in HISTORIES else [])]
    if topic == DEAD_LETTER:
        return ["dead-letter"]
    return [name_of(event) for event in get_args(Event) if event in TYPES_IN_TOPIC[topic.name]]


def _messages() -> Document:
    messages = {name_of(event): _message(event.__name__, JSON) for event in get_args(Event)}
    for state in STATES:
        messages[state] = _message(_message_title(state), MSGPACK)
    messages["watermark"] = _message(WatermarkMessage.__name__, MSGPACK)
    messages["dead-letter"] = _message(DeadLetter.__name__, JSON)
    return messages


def _message(schema: str, content_type: str) -> Document:
    return {"title": schema, "contentType": content_type, "payload": {"$ref": SCHEMAS + schema}}


def _message_title(state: str) -> str:
    return f"{state.capitalize()}Message"


def _schemas() -> dict[str, Schema]:
    _, json_schemas = msgspec_json.schema_components(
        (*get_args(Event), DeadLetter), ref_template=SCHEMAS + "{name}"
    )
    _, packed = msgspec_json.schema_components((HistoryMessage, WatermarkMessage, *STATES.values()))
    packed = {name: _in_msgpack(schema) for name, schema in packed.items()}
    whole = packed.pop(HistoryMessage.__name__)
    for state, held in STATES.items():
        packed[_message_title(state)] = _state_message(whole, state, held)
    packed[WatermarkMessage.__name__]["description"] = WATERMARK_MESSAGE
    return {**json_schemas, **packed}


def _state_message(whole: Schema, state: str, held: type[Struct]) -> Schema:
    payload = {"contentMediaType": MSGPACK, "contentSchema": {"$ref": SCHEMAS + held.__name__}}
    return {
        **whole,
        "title": _message_title(state),
        "description": STATE_MESSAGE.format(state=state),
        "properties": whole["properties"] | {"payload": whole["properties"]["payload"] | payload},
    }


def _in_msgpack(schema: Schema) -> Schema:
    """msgspec describes bytes as JSON would hold them, in base64; msgpack holds them as they are."""

    def as_packed(part: Any) -> Any:
        if isinstance(part, list):
            return [as_packed(item) for item in part]
        if not isinstance(part, dict):
            return part
        if part.get("contentEncoding") == "base64":
            return {"description": "bytes: a msgpack bin", **part, "contentEncoding": "binary"}
        return {name: as_packed(value) for name, value in part.items()}

    packed: Schema = as_packed(schema)
    return packed
