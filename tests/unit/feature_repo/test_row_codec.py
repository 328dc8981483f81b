from typing import Any

import pytest
from feast import Field
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Int64List, Map, Value
from feast.types import Array, Int64, String

from domain.history import History, decode_history, encode_history
from feature_repo.row_codec import decode_payload, encode_payload, entity_id, slots
from feature_repo.views import CARD

VALUES = [
    ("int64_val", 2**62),
    ("int32_val", -7),
    ("double_val", 0.1),
    ("float_val", 0.5),
    ("bool_val", False),
    ("string_val", ""),
    ("bytes_val", b"\x00\xff"),
    ("unix_timestamp_val", 1_790_000_000),
    ("int64_list_val", [1, 2**62]),
    ("int64_list_val", []),
    ("string_list_val", ["a", ""]),
    ("bytes_list_val", [b"a", b""]),
    ("double_list_val", [0.1, float("inf")]),
    ("float_list_val", [0.5]),
    ("bool_list_val", [True, False]),
    ("unix_timestamp_list_val", [1_790_000_000]),
]

SLOT_OF = {
    int: "int64_val",
    bool: "bool_val",
    list[int]: "int64_list_val",
    list[str]: "string_list_val",
    list[bytes]: "bytes_list_val",
}


def as_value(slot: str, plain: Any) -> Value:
    value = Value()
    if isinstance(plain, list):
        getattr(value, slot).SetInParent()
        getattr(value, slot).val.extend(plain)
    else:
        setattr(value, slot, plain)
    return value


@pytest.mark.parametrize(("slot", "plain"), VALUES)
def test_a_value_comes_back_as_it_was(slot: str, plain: Any) -> None:
    value = as_value(slot, plain)
    assert decode_payload(encode_payload("theirs", {"f": value}), "theirs", [("f", slot)]) == {"f": value}


def test_a_value_of_any_other_type_is_kept_whole() -> None:
    value = Value(map_val=Map(val={"k": Value(int64_val=1)}))
    assert decode_payload(encode_payload("theirs", {"f": value}), "theirs", [("f", "map_val")]) == {
        "f": value
    }


def test_a_null_stays_null() -> None:
    payload = encode_payload("theirs", {"f": Value()})
    assert decode_payload(payload, "theirs", [("f", "int64_val")]) == {"f": Value()}


def test_a_field_that_was_never_written_is_not_found() -> None:
    payload = encode_payload("theirs", {"f": Value()})
    assert decode_payload(payload, "theirs", [("g", "int64_val")]) == {}


def test_a_null_in_a_history_is_its_default() -> None:
    assert decode_history(
        encode_payload(CARD.name, {"version": Value(), "epoch": Value(int64_val=2)})
    ) == History(epoch=2)


def test_a_field_that_a_history_leaves_out_has_its_default() -> None:
    fields = [("epoch", "int64_val"), ("tiles_1h", "int64_list_val"), ("version", "int64_val")]
    read = decode_payload(encode_history(History(version=3)), CARD.name, fields)
    assert read == {
        "epoch": Value(int64_val=1),
        "tiles_1h": Value(int64_list_val=Int64List()),
        "version": Value(int64_val=3),
    }


def test_what_feast_writes_is_what_domain_reads() -> None:
    history = History(version=3, tiles_5m=[1], device_ids=["dev_a"], saturated=True, folded_ids=[b"\x00"])
    names = {column.name: column.type for column in CARD.columns}
    fields = [(name, SLOT_OF[kind]) for name, kind in names.items()]
    read = decode_payload(encode_history(history), CARD.name, fields)
    assert decode_history(encode_payload(CARD.name, read)) == history


def test_only_the_wanted_fields_are_read() -> None:
    class Theirs:
        features = (Field(name="a", dtype=Int64), Field(name="b", dtype=Array(String)))

    assert slots(Theirs, None) == slots(Theirs, []) == [("a", "int64_val"), ("b", "string_list_val")]
    assert slots(Theirs, ["b"]) == [("b", "string_list_val")]


def test_a_single_name_is_the_entity_id_itself() -> None:
    assert entity_id(EntityKey(join_keys=["card_id"], entity_values=[Value(string_val="card_a")])) == "card_a"


def test_other_keys_are_told_apart() -> None:
    number = EntityKey(join_keys=["id"], entity_values=[Value(int64_val=1)])
    pair = EntityKey(join_keys=["a", "b"], entity_values=[Value(string_val="1"), Value(string_val="2")])
    riap = EntityKey(join_keys=["a", "b"], entity_values=[Value(string_val="2"), Value(string_val="1")])
    assert len({entity_id(number), entity_id(pair), entity_id(riap)}) == 3


def test_the_order_of_join_keys_says_nothing() -> None:
    pair = EntityKey(join_keys=["a", "b"], entity_values=[Value(string_val="1"), Value(string_val="2")])
    same = EntityKey(join_keys=["b", "a"], entity_values=[Value(string_val="2"), Value(string_val="1")])
    assert entity_id(pair) == entity_id(same)
