"""A history stays small, whatever happens to its entity."""

from collections.abc import Iterator
from itertools import count
from random import Random
from typing import get_args

import pytest
from event_factories import NOW_MS, a_correction, a_history, a_payment, a_ride_request, letters
from msgspec.structs import replace

from domain.counterparts import CAP
from domain.decision import Verdict
from domain.display import DAY_MS, HOUR_MS
from domain.events import MAX_AHEAD_MS, Event, from_ms
from domain.fold import fold
from domain.folded_ids import DIGEST_BYTES, LATENESS_HORIZON_MS, MEMORY, digest
from domain.history import RECENT_CAP, STATE_LIMIT_BYTES, History, HistoryKind, encode_history
from domain.tiles import TILE_OF_WINDOW

LONGEST_ID = 80
KINDS = get_args(HistoryKind)
FLOOD = [
    a_payment(
        user_id=f"usr_{i % 97}",
        card_id=f"card_{i % 89}",
        device_id=f"dev_{i % 83}",
        pickup_zone=f"zone_{i % 79}",
        driver_id=f"drv_{i % 73}",
    )
    for i in range(500)
]


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


def a_long_id(number: int) -> str:
    return letters(number).rjust(LONGEST_ID, "x")


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_history_of_longest_ids_and_largest_numbers_is_within_the_limit(kind: HistoryKind) -> None:
    numbers, memory = count(), MEMORY[kind]
    history = None
    slots = range(0, memory.kept_ms + memory.slot_ms, memory.slot_ms)
    ids_ms = [ago_ms for ago_ms in slots for _ in range(memory.cap + 1)]
    tiles_ms = [tile * i for window, tile in TILE_OF_WINDOW.items() for i in range(2 * window // tile)]
    for ago_ms in (*sorted(tiles_ms, reverse=True), *ids_ms[::-1]):
        event = next_of_all(kind, NOW_MS - ago_ms, numbers)
        history = fold(kind, history, event, NOW_MS, (next(numbers) % 10, 2**40))
    assert history is not None
    assert history.saturated
    assert len(encode_history(history)) < STATE_LIMIT_BYTES


def next_of_all(kind: HistoryKind, at_ms: int, numbers: Iterator[int]) -> Event:
    """Payments, rides and corrections of payments still to come, with everything at its largest."""
    name, number = next(numbers), next(numbers)
    own = {"id": a_long_id(name)}
    if number % 7 == 0 and kind in ("user", "zone"):
        return a_ride_request(at_ms=at_ms, ride_id=a_long_id(number), estimate_minor=10**12, **own)
    if number % 7 == 1 and kind != "zone":
        ahead_ms = at_ms + LATENESS_HORIZON_MS + MAX_AHEAD_MS - number % 300 * 13_000
        return a_correction(at_ms=at_ms, paid_at_ms=ahead_ms, before_minor=1, after_minor=10**12, **own)
    fields = ("user_id", "card_id", "device_id", "pickup_zone", "driver_id", "promo_id")
    met = {field: a_long_id(next(numbers)) for field in fields}
    verdict = Verdict.DECLINE if number % 2 else Verdict.APPROVE
    return a_payment(at_ms=at_ms, amount_minor=10**12, verdict=verdict, pickup_lat=-89.9, **met, **own)


@pytest.mark.parametrize(
    ("kind", "payments"),
    [
        ("card", 40_000),
        ("user", 5_000),
        ("device", 5_000),
        ("zone", 5_000),
        pytest.param("card", 200_000, marks=pytest.mark.proof),
    ],
)
def test_a_flood_of_payments_on_one_entity_grows_nothing(kind: HistoryKind, payments: int) -> None:
    """Nothing in a history counts events: what 200,000 leave, a million leave."""
    history, largest, dice = None, 0, Random(7)
    for i in range(payments):
        base = FLOOD[i % len(FLOOD)]
        at_ms = NOW_MS + i * 45 * DAY_MS // payments - dice.randrange(HOUR_MS)
        event = replace(base, id=f"txn_{i}", event_time=from_ms(at_ms), amount_minor=dice.randint(1, 10**6))
        history = fold(kind, history, event, at_ms, (1_000, i))
        if i % 1_000 == 999:
            largest = max(largest, len(encode_history(history)))
    assert history is not None
    assert history.version == history.lifetime_payments == payments
    assert largest < STATE_LIMIT_BYTES
