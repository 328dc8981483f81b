"""Between Feast's values and the payload of an online row."""

from collections.abc import Iterable, Mapping
from typing import Any

from feast.infra.key_encoding_utils import serialize_entity_key
from feast.protos.feast.types import Value_pb2
from feast.protos.feast.types.Value_pb2 import Value
from feast.type_map import VALUE_TYPE_TO_PROTO_VALUE_MAP
from msgspec import msgpack

from feature_repo import views

_SCALARS = frozenset(
    f"{kind}_val"
    for kind in ("int32", "int64", "float", "double", "bool", "string", "bytes", "unix_timestamp")
)
_LISTS = {
    "int32_list_val": Value_pb2.Int32List,
    "int64_list_val": Value_pb2.Int64List,
    "float_list_val": Value_pb2.FloatList,
    "double_list_val": Value_pb2.DoubleList,
    "bool_list_val": Value_pb2.BoolList,
    "string_list_val": Value_pb2.StringList,
    "bytes_list_val": Value_pb2.BytesList,
    "unix_timestamp_list_val": Value_pb2.Int64List,
}
_WHOLE_VALUE = 1  # the msgpack extension that holds any other value as Feast's own bytes
_KEY_VERSION = 3  # the only one that Feast writes


def entity_id(key: Any) -> str:
    """The one string that names the entity, as it is; any other key as the hex of Feast's own bytes."""
    if len(key.join_keys) == 1 and key.entity_values[0].WhichOneof("val") == "string_val":
        text: str = key.entity_values[0].string_val
        return text
    raw: bytes = serialize_entity_key(key, _KEY_VERSION)
    return raw.hex()


def encode_payload(view: str, values: Mapping[str, Value]) -> bytes:
    """A null is left out of our own views, whose fields have defaults, and is kept in any other."""
    plain = {name: _plain(value) for name, value in values.items()}
    if view in views.BY_NAME:
        plain = {name: value for name, value in plain.items() if value is not None}
    return msgpack.encode(plain)


def decode_payload(payload: bytes, view: str, fields: Iterable[tuple[str, str]]) -> dict[str, Value]:
    """The named fields, each with the name of its slot in Feast's value.

    A field that is not in the payload has the default of our own view, and is not found in any other.
    """
    known = views.BY_NAME.get(view)
    found: dict[str, Any] = (
        {**known.defaults, **msgpack.decode(payload)} if known else msgpack.decode(payload)
    )
    return {name: _value(found[name], slot) for name, slot in fields if name in found}


def slots(feature_view: Any, wanted: Iterable[str] | None) -> list[tuple[str, str]]:
    """(name, slot in Feast's value) of the wanted features of a feature view, of all when there are none."""
    names = set(wanted or ())
    return [
        (field.name, VALUE_TYPE_TO_PROTO_VALUE_MAP[field.dtype.to_value_type()])
        for field in feature_view.features
        if not names or field.name in names
    ]


def _plain(value: Value) -> Any:
    slot = value.WhichOneof("val")
    if slot is None:
        return None
    if slot in _SCALARS:
        return getattr(value, slot)
    if slot in _LISTS:
        return list(getattr(value, slot).val)
    return msgpack.Ext(_WHOLE_VALUE, value.SerializeToString())


def _value(plain: Any, slot: str) -> Any:
    if plain is None:
        return Value()
    if isinstance(plain, msgpack.Ext):
        return Value.FromString(plain.data)
    if slot in _LISTS:
        return Value(**{slot: _LISTS[slot](val=plain)})
    return Value(**{slot: plain})
