from datetime import UTC, datetime, timedelta
from itertools import permutations

from msgspec import msgpack

from feature_repo.online_rows import READ, READ_WITH_IN_FLIGHT, Row, newest, read_statement, stored
from feature_repo.views import InFlight


def row(entity_id: str = "card_a", *, epoch: int = 1, version: int = 1, payload: bytes = b"") -> Row:
    return Row(
        view="card_history", entity_id=entity_id, epoch=epoch, version=version, known_at_us=0, payload=payload
    )


def test_the_newest_by_epoch_then_version_stands_for_its_entity() -> None:
    rows = [row(epoch=1, version=9), row(epoch=2, version=1), row(epoch=2, version=3)]
    for order in permutations(rows):
        assert newest(order) == [row(epoch=2, version=3)]


def test_the_later_of_equals_wins() -> None:
    assert newest([row(payload=b"first"), row(payload=b"second")]) == [row(payload=b"second")]


def test_rows_come_in_one_order_so_that_writers_do_not_wait_for_each_other() -> None:
    assert newest([row("card_b"), row("card_a")]) == [row("card_a"), row("card_b")]


def test_keys_are_asked_for_once() -> None:
    assert read_statement([("v", "a"), ("w", "a"), ("v", "a")]) == (READ, (["v", "w"], ["a", "a"]))


def test_what_is_in_flight_is_read_only_when_asked_for() -> None:
    assert read_statement([("card_history", "a"), ("card_in_flight", "a")])[0] == READ_WITH_IN_FLIGHT


def test_payments_in_flight_are_one_row_of_lists_in_the_order_they_came() -> None:
    key, at = ("card_in_flight", "card_a"), datetime(2026, 9, 21, 12, 0, 0, 7_000, tzinfo=UTC)
    earlier = at - timedelta(milliseconds=5)
    records = [(*key, at, b"one", "txn_a"), (*key, earlier, b"two", "txn_b")]
    known_at, payload = stored([key], records)[key]
    value = msgpack.decode(payload, type=InFlight)
    assert known_at == at
    assert (value.transaction_ids, value.events) == (["txn_a", "txn_b"], [b"one", b"two"])
    assert value.at_ms == [1_789_992_000_007, 1_789_992_000_002]


def test_nothing_in_flight_is_an_answer_and_an_unknown_history_is_none() -> None:
    rows = stored([("card_history", "card_a"), ("card_in_flight", "card_a")], [])
    assert list(rows) == [("card_in_flight", "card_a")]
    assert msgpack.decode(rows["card_in_flight", "card_a"][1], type=InFlight) == InFlight()
