from datetime import UTC, datetime
from typing import Any

import pytest
from feast import Entity, FeatureView, Field, ValueType
from feast.protos.feast.serving.ServingService_pb2 import FieldStatus, GetOnlineFeaturesResponse
from feast.types import Array, Int64, String
from msgspec import msgpack

from feature_repo.online_response import PLANS_AT_MOST, Plans, Read, fill

NOON = datetime(2026, 9, 21, 12, tzinfo=UTC)
DRIVER = Entity(name="driver", join_keys=["driver_id"], value_type=ValueType.STRING)


def a_view(name: str = "stats") -> FeatureView:
    schema = [Field(name="a", dtype=Int64), Field(name="b", dtype=Array(String))]
    return FeatureView(name=name, entities=[DRIVER], schema=schema)


def filled(rows: list[Any], places: list[list[int]], length: int) -> Any:
    view, response = a_view(), GetOnlineFeaturesResponse()
    plan = Plans().of(view, ["a", "b"])
    fill(response, Read(view, ["a", "b"], places, length), plan, rows, full_names=False, with_version=False)
    return response


def test_a_key_may_stand_in_several_rows_of_the_answer() -> None:
    row = (NOON, msgpack.encode({"a": 1, "b": ["x"]}))
    a, b = filled([row, None], [[0, 2], [1]], 3).results
    assert [value.int64_val for value in a.values] == [1, 0, 1]
    assert [list(value.string_list_val.val) for value in b.values] == [["x"], [], ["x"]]
    assert list(a.statuses) == [FieldStatus.PRESENT, FieldStatus.NOT_FOUND, FieldStatus.PRESENT]
    assert [time.ToSeconds() for time in a.event_timestamps] == [NOON.timestamp(), 0, NOON.timestamp()]


def test_a_field_that_was_never_written_is_not_found_beside_one_that_was() -> None:
    a, b = filled([(NOON, msgpack.encode({"a": 1}))], [[0]], 1).results
    assert (list(a.statuses), list(b.statuses)) == ([FieldStatus.PRESENT], [FieldStatus.NOT_FOUND])
    assert b.event_timestamps[0].ToSeconds() == NOON.timestamp()


def test_a_row_with_none_of_the_wanted_fields_is_no_row() -> None:
    a, _ = filled([(NOON, msgpack.encode({"c": 1}))], [[0]], 1).results
    assert list(a.statuses) == [FieldStatus.NOT_FOUND]
    assert a.event_timestamps[0].ToSeconds() == 0


def test_a_plan_is_made_once_for_a_view_and_what_is_wanted_of_it() -> None:
    plans, view = Plans(), a_view()
    assert plans.of(view, ["a"]) is plans.of(view, ["a"])
    assert plans.of(view, ["b"]) is not plans.of(view, ["a"])


def test_a_view_that_took_the_place_of_another_has_its_own_plan() -> None:
    plans, views = Plans(), [a_view("one"), a_view("two")]
    assert [plans.of(view, ["a"]).full_names for view in views] == [("one__a",), ("two__a",)]


def test_plans_do_not_grow_without_end() -> None:
    plans, view = Plans(), a_view()
    for number in range(PLANS_AT_MOST + 1):
        plans.of(view, ["a"] * (number + 1))
    assert len(plans._known) == 1


@pytest.mark.parametrize(("full_names", "names"), [(True, ["stats__b"]), (False, ["b"])])
def test_names_are_short_or_full(full_names: bool, names: list[str]) -> None:
    view, response = a_view(), GetOnlineFeaturesResponse()
    plan = Plans().of(view, ["b"])
    fill(response, Read(view, ["b"], [], 0), plan, [], full_names=full_names, with_version=False)
    assert list(response.metadata.feature_names.val) == names
