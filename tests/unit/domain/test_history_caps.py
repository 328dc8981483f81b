"""A history stays small, whatever happens to its entity."""

from random import Random
from typing import get_args

import pytest
from event_factories import NOW_MS, a_history, a_payment, letters

from domain.counterparts import CAP
from domain.display import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from domain.folded_ids import DIGEST_BYTES, MEMORY, digest
from domain.history import RECENT_CAP, History, HistoryKind, encode_history, fold

LARGEST_BYTES = 40_000
KINDS = get_args(HistoryKind)


def busy(kind: HistoryKind, payments: int, every_ms: int) -> History:
    return a_history(kind, *(a_payment(at_ms=NOW_MS + i * every_ms) for i in range(payments)))


def test_at_most_the_newest_counterparts_are_kept() -> None:
    history = a_history(
        "card",
        *(
            a_payment(at_ms=NOW_MS + i, device_id=f"dev_{letters(i)}", user_id=f"usr_{letters(i)}")
            for i in range(CAP + 5)
        ),
    )
    newest = range(5, CAP + 5)
    assert history.device_ids == [f"dev_{letters(i)}" for i in newest]
    assert history.user_ids == [f"usr_{letters(i)}" for i in newest]
    assert history.device_seen_ms == [NOW_MS + i for i in newest]


def test_the_newest_payments_are_kept_whatever_their_order() -> None:
    payments = [a_payment(at_ms=NOW_MS + i, pickup_lat=i / 2) for i in range(28)]
    Random(5).shuffle(payments)
    history = a_history("user", *payments)
    assert RECENT_CAP == 16
    assert history.recent_at_ms == [NOW_MS + i for i in range(12, 28)]
    assert history.recent_lat_e6 == [i * 500_000 for i in range(12, 28)]


def test_payments_of_one_millisecond_are_ordered_by_id() -> None:
    first, last = a_payment(id="txn_a"), a_payment(id="txn_b")
    assert a_history("user", last, first).recent_ids == ["txn_a", "txn_b"]


@pytest.mark.parametrize("kind", KINDS)
def test_as_many_ids_in_a_slot_as_its_cap_do_not_saturate(kind: HistoryKind) -> None:
    memory = MEMORY[kind]
    history = busy(kind, memory.cap, 0)
    assert [len(ids) for ids in history.folded_ids] == [memory.cap * DIGEST_BYTES]
    assert not history.saturated


@pytest.mark.parametrize("kind", KINDS)
def test_one_id_more_saturates_and_the_smallest_digest_leaves(kind: HistoryKind) -> None:
    payments = [a_payment(at_ms=NOW_MS) for _ in range(MEMORY[kind].cap + 1)]
    history = a_history(kind, *payments)
    assert history.saturated
    assert history.folded_ids == [b"".join(sorted(digest(p.id) for p in payments)[1:])]


@pytest.mark.parametrize("kind", KINDS)
def test_full_slots_leave_room_in_others(kind: HistoryKind) -> None:
    memory = MEMORY[kind]
    payments = [
        a_payment(at_ms=(NOW_MS // memory.slot_ms + slot) * memory.slot_ms)
        for slot in range(3 * memory.kept_ms // memory.slot_ms)
        for _ in range(memory.cap)
    ]
    history = a_history(kind, *payments)
    assert not history.saturated
    assert {len(ids) for ids in history.folded_ids} == {memory.cap * DIGEST_BYTES}
    assert len(history.folded_slots) == memory.kept_ms // memory.slot_ms + 1


def test_saturation_is_for_good() -> None:
    history = busy("card", MEMORY["card"].cap + 1, 0)
    later = fold("card", history, a_payment(at_ms=NOW_MS + 90 * DAY_MS), NOW_MS)
    assert later.saturated
    assert len(later.folded_ids) == 1


@pytest.mark.parametrize("every_ms", [0, SECOND_MS, MINUTE_MS, HOUR_MS // 4])
def test_ten_thousand_events_fit_a_small_state(every_ms: int) -> None:
    history, largest, dice = None, 0, Random(7)
    for i in range(10_000):
        payment = a_payment(
            at_ms=NOW_MS + i * every_ms,
            amount_minor=dice.randint(1, 10**6),
            device_id=f"dev_{dice.randint(0, 500)}",
            pickup_zone=f"zone_{dice.randint(0, 500)}",
            user_id=f"usr_{dice.randint(0, 500)}",
        )
        history = fold("card", history, payment, NOW_MS)
        if i % 500 == 499:
            largest = max(largest, len(encode_history(history)))
    assert history is not None
    assert history.version == history.lifetime_payments == 10_000
    assert largest < LARGEST_BYTES
