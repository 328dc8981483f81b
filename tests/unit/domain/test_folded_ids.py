from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.folded_ids import DIGEST_BYTES, MEMORY, digest, holds, with_id

CAP = 5
A, B, C, D = (digest(name) for name in ("txn_a", "txn_b", "txn_c", "txn_d"))
digests = st.integers(0, 40).map(lambda i: digest(f"txn_{i}"))


def after(
    told: Iterable[tuple[int, bytes]], *, oldest: int = 0, cap: int = CAP
) -> tuple[list[int], list[bytes], bool]:
    slots: list[int] = []
    blobs: list[bytes] = []
    any_full = False
    for slot, name in told:
        slots, blobs, full = with_id(slots, blobs, slot, name, oldest=oldest, cap=cap)
        any_full = any_full or full
    return slots, blobs, any_full


def parts(blob: bytes) -> list[bytes]:
    return [blob[at : at + DIGEST_BYTES] for at in range(0, len(blob), DIGEST_BYTES)]


def test_a_digest_is_eight_bytes_and_the_same_for_ever() -> None:
    assert len(A) == DIGEST_BYTES
    assert A.hex() == "b66a4965b69e7914"
    assert len({A, B, C, D}) == 4


@pytest.mark.parametrize("kind", MEMORY)
def test_memory_is_whole_slots(kind: str) -> None:
    memory = MEMORY[kind]
    assert memory.kept_ms % memory.slot_ms == 0


def test_an_id_is_found_in_its_own_slot_only() -> None:
    slots, blobs, _ = after([(7, A), (9, B)])
    assert holds(slots, blobs, 7, A)
    assert holds(slots, blobs, 9, B)
    assert not any(holds(slots, blobs, slot, A) for slot in (6, 8, 9, 10))
    assert not holds(slots, blobs, 7, B)
    assert not holds([], [], 7, A)


def test_a_digest_across_two_others_is_not_held() -> None:
    across = A[4:] + B[:4]
    assert not holds([7], [A + B], 7, across)
    assert holds([7], [A + B + across], 7, across)
    assert holds([7], [across + A + B], 7, across)


@given(told=st.lists(st.tuples(st.integers(0, 6), digests), unique=True, max_size=60), data=st.data())
def test_slots_and_their_ids_are_sorted_whatever_the_order(
    told: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    slots, blobs, full = after(told)
    assert slots == sorted({slot for slot, _ in told})
    for slot, blob in zip(slots, blobs, strict=True):
        assert parts(blob) == sorted(name for at, name in told if at == slot)[-CAP:]
    assert full == any(sum(at == slot for at, _ in told) > CAP for slot in slots)
    assert after(data.draw(st.permutations(told))) == (slots, blobs, full)


@given(told=st.lists(st.tuples(st.integers(0, 3), digests), unique=True, max_size=20))
def test_what_was_told_is_held_while_there_is_room(told: list[tuple[int, bytes]]) -> None:
    slots, blobs, _ = after(told, cap=100)
    held = {
        (slot, name)
        for slot in range(5)
        for i in range(41)
        if holds(slots, blobs, slot, name := digest(f"txn_{i}"))
    }
    assert held == set(told)


def test_a_full_slot_keeps_its_largest() -> None:
    low, *rest = sorted([A, B, C, D])
    for order in ([low, *rest], [*rest, low]):
        slots, blobs, full = after([(7, name) for name in order], cap=3)
        assert (slots, blobs, full) == ([7], [b"".join(rest)], True)


def test_a_slot_as_large_as_its_cap_is_not_full() -> None:
    assert after([(7, A), (7, B), (7, C)], cap=3)[2] is False


def test_slots_before_the_oldest_leave() -> None:
    slots, blobs, _ = after([(5, A), (6, B), (7, C)])
    assert with_id(slots, blobs, 8, D, oldest=7, cap=CAP) == ([7, 8], [C, D], False)


def test_an_id_before_the_oldest_is_not_kept() -> None:
    slots, blobs, _ = after([(7, C)])
    assert with_id(slots, blobs, 5, A, oldest=6, cap=CAP) == ([7], [C], False)


def test_the_given_lists_are_left_alone() -> None:
    slots, blobs = [5, 7], [A, B]
    with_id(slots, blobs, 7, C, oldest=6, cap=CAP)
    with_id(slots, blobs, 6, C, oldest=0, cap=CAP)
    assert (slots, blobs) == ([5, 7], [A, B])
