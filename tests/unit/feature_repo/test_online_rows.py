from itertools import permutations

from feature_repo.online_rows import Row, newest, read_parameters


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
    assert read_parameters([("v", "a"), ("w", "a"), ("v", "a")]) == (["v", "w"], ["a", "a"])
