"""A seal's head depends on all that it says."""

from typing import Any

import pytest
from msgspec import structs

from app.keeper.seal import NOTHING_BEFORE, LedgerRow, Position, Seal, row_digest, seal_of

ROWS = [LedgerRow(Position(7, f"decisions/dec_{name}"), name.encode() * 32) for name in "abc"]


def a_seal(**given: Any) -> Seal:
    return seal_of(ROWS, **{"after": None, "end": Position(9), "sealed_at_ms": 1, **given})


def test_the_first_seal_follows_nothing() -> None:
    seal = a_seal()
    assert (seal.number, seal.previous, seal.from_xact, seal.end) == (1, NOTHING_BEFORE, 0, Position(9))
    assert seal.is_intact()


def test_the_next_seal_follows_the_last() -> None:
    first = a_seal()
    second = a_seal(after=first, end=Position(12, "decisions/dec_x"))
    assert (second.number, second.previous, second.from_xact) == (2, first.head, 9)


@pytest.mark.parametrize(
    "change",
    [
        {"number": 2},
        {"format": 1},
        {"from_xact": 1},
        {"to_xact": 10},
        {"to_id": "decisions/dec_c"},
        {"sealed_at_ms": 2},
        {"previous": b"x" * 32},
        {"ids": ["decisions/dec_a", "decisions/dec_c", "decisions/dec_b"]},
        {"hashes": b"x" * 96},
        {"rows": 2},
        {"head": b"x" * 32},
    ],
)
def test_nothing_in_a_seal_can_be_changed_unseen(change: dict[str, Any]) -> None:
    assert not structs.replace(a_seal(), **change).is_intact()


def test_digests_tell_types_and_places_apart() -> None:
    values: list[tuple[Any, ...]] = [
        (1,), (1.0,), ("1",), (b"1",), (True,), (None,), ("",), (b"",),
        (1, None), (None, 1), ("ab", "c"), ("a", "bc"),
    ]  # fmt: skip
    assert len({row_digest(1, each) for each in values}) == len(values)
    assert row_digest(1, (1,)) != row_digest(2, (1,))


def test_a_digest_is_the_same_in_every_release() -> None:
    digest = row_digest(1, (7, "decisions/dec_a", 0.5, b"\0", None, True))
    assert digest.hex() == "255577d4c05a8ce6195fe2ce99d077f4e1479705c6471bff2baf124eafdd5ef2"


def test_positions_are_ordered_by_transaction_and_then_by_id() -> None:
    assert Position(8) < Position(8, "decisions/dec_a") < Position(8, "labels/lab_a") < Position(9)
