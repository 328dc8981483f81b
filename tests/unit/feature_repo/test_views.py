import msgspec
import pytest

from domain.history import History
from domain.online_store import VIEW_OF_KIND, decode_watermark, encode_watermark
from domain.topics import FEATURES
from feature_repo.views import BY_KIND, VIEWS, WATERMARK, PipelineWatermark, View


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_every_field_of_the_value_is_a_described_column(view: View) -> None:
    assert [column.name for column in view.columns] == list(view.value.__struct_fields__)
    assert all(column.description for column in view.columns)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_field_left_out_has_the_default_of_the_value(view: View) -> None:
    assert view.defaults == msgspec.to_builtins(view.value()) | view.defaults
    assert view.value(**view.defaults) == view.value()


def test_every_features_topic_has_a_view() -> None:
    assert {view.topic for view in BY_KIND.values()} == set(FEATURES)
    assert {kind: view.name for kind, view in BY_KIND.items()} == VIEW_OF_KIND


def test_list_columns_know_what_they_hold() -> None:
    types = {column.name: column.type for column in BY_KIND["card"].columns}
    assert types["tiles_5m"] == types["device_seen_ms"] == list[int]
    assert types["device_ids"] == list[str]
    assert types["folded_ids"] == list[bytes]
    assert types["saturated"] is bool
    assert len(types) == len(History.__struct_fields__)


def test_the_watermark_view_reads_what_domain_writes() -> None:
    told = msgspec.msgpack.decode(encode_watermark(7), type=PipelineWatermark)
    assert told.low_watermark_ms == decode_watermark(encode_watermark(7)) == 7
    assert WATERMARK.topic is None
