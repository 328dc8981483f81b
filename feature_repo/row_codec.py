"""Between Feast's values and the payload of an online row."""

from collections.abc import Iterable, Mapping
from typing import Any

from feast.infra.key_encoding_utils import serialize_entity_key
from feast.protos.feast.types.Value_pb2 import Value
from feast.type_map import VALUE_TYPE_TO_PROTO_VALUE_MAP
from msgspec import msgpack

from feature_repo import views

_SCALARS = frozenset(
    f"{kind}_val"
    for kind in ("int32", "int64", "float", "double", "bool", "string", "bytes", "unix_timestamp")
)
_LISTS = frozenset(f"{slot.removesuffix('_val')}_list_val" for slot in _SCALARS)
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


def decode_row(payload: bytes, view: str) -> dict[str, Any]:
    """The plain values by field, null where Feast has a null.

    A field that is not in the payload has the default of our own view, and is not found in any other.
    """
    known = views.BY_NAME.get(view)
    found: dict[str, Any] = msgpack.decode(payload)
    return {**known.defaults, **found} if known else found


def decode_payload(payload: bytes, view: str, fields: Iterable[tuple[str, str]]) -> dict[str, Value]:
    """The named fields that are found, each given with the name of its slot in Feast's value."""
    found = decode_row(payload, view)
    return {name: _value(found[name], slot) for name, slot in fields if name in found}


def put(value: Any, slot: str, plain: Any) -> None:
    """Fill an empty value of Feast's."""
    if plain is None:
        return
    if isinstance(plain, msgpack.Ext):
        value.ParseFromString(plain.data)
    elif slot in _LISTS:
        items = getattr(value, slot)
        items.SetInParent()  # an empty list is no null
        items.val.extend(plain)
    else:
        setattr(value, slot, plain)


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
        return getattr(value, slot).val[:]  # list(…) would ask for one at a time
    return msgpack.Ext(_WHOLE_VALUE, value.SerializeToString())


def _value(plain: Any, slot: str) -> Value:
    value = Value()
    put(value, slot, plain)
    return value
