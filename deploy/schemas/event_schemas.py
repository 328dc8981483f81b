"""One JSON Schema for each version of each event type."""

from collections.abc import Iterable
from typing import Any, get_args

from msgspec import Struct
from msgspec import json as msgspec_json

from domain.events import Event

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


def event_schemas(types: Iterable[type[Struct]] = get_args(Event)) -> dict[str, Schema]:
    """Name, such as `payment.decided.v1`, to schema, in the order of `types`."""
    return dict(_named(event_type) for event_type in types)


def name_of(event_type: type[Struct]) -> str:
    return _named(event_type)[0]


def _named(event_type: type[Struct]) -> tuple[str, Schema]:
    described = msgspec_json.schema(event_type)
    shared = described.pop("$defs")
    own = shared.pop(described["$ref"].rpartition("/")[2])
    name = _versioned(own["properties"]["type"]["enum"][0], min(own["properties"]["version"]["enum"]))
    schema = {"$schema": DIALECT, "$id": f"urn:faregate:event:{name}", **own}
    return name, schema | ({"$defs": shared} if shared else {})


def _versioned(tag: str, version: int) -> str:
    """Later versions of an event bear their number in the tag, because tags tell events apart."""
    return f"{tag.removesuffix(f'.v{version}')}.v{version}"
