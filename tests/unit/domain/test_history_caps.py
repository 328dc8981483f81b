"""A history stays small, whatever happens to its entity."""

from random import Random

import pytest
from event_factories import NOW_MS, a_history, a_payment, letters

from domain.counterparts import CAP
from domain.display import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from domain.history import IDS_CAP, IDS_KEPT_MS, RECENT_CAP, History, encode_history, fold

LARGEST_BYTES = 40_000


def busy(payments: int, every_ms: int) -> History:
    return a_history("card", *(a_payment(at_ms=NOW_MS + i * every_ms) for i in range(payments)))


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
    payments = [a_payment(at_ms=NOW_MS + i, pickup_lat=i / 2) for i in range(20)]
    Random(5).shuffle(payments)
    history = a_history("user", *payments)
    assert RECENT_CAP == 8
    assert history.recent_at_ms == [NOW_MS + i for i in range(12, 20)]
    assert history.recent_lat_e6 == [i * 500_000 for i in range(12, 20)]


def test_payments_of_one_millisecond_are_ordered_by_id() -> None:
    first, last = a_payment(id="txn_a"), a_payment(id="txn_b")
    assert a_history("card", last, first).recent_ids == ["txn_a", "txn_b"]


def test_as_many_ids_as_the_cap_do_not_saturate() -> None:
    history = busy(IDS_CAP, SECOND_MS)
    assert len(history.folded_ids) == IDS_CAP
    assert not history.saturated


def test_one_id_more_saturates_and_the_oldest_leaves() -> None:
    first = a_payment(at_ms=NOW_MS - 1)
    history = a_history("card", first, *(a_payment(at_ms=NOW_MS + i) for i in range(IDS_CAP)))
    assert history.saturated
    assert len(history.folded_ids) == IDS_CAP
    assert first.id not in history.folded_ids


def test_ids_of_a_day_ago_leave_room() -> None:
    history = busy(2 * IDS_CAP, IDS_KEPT_MS // IDS_CAP * 2)
    assert not history.saturated
    assert len(history.folded_ids) <= IDS_CAP // 2 + 1


def test_saturation_is_for_good() -> None:
    history = busy(IDS_CAP + 1, 1)
    assert fold("card", history, a_payment(at_ms=NOW_MS + 90 * DAY_MS), NOW_MS).saturated


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
