"""What each kind of event leaves in the histories that it reaches."""

from typing import get_args

import pytest
from event_factories import (
    NOW_MS,
    a_cancel,
    a_card_added,
    a_correction,
    a_history,
    a_login,
    a_payment,
    a_payment_outcome,
    a_profile_change,
    a_ride_request,
    an_account,
)

from domain.decision import Outcome, Verdict
from domain.display import DAY_MS, HOUR_MS, MINUTE_MS
from domain.events import Event
from domain.history import AMOUNT_BUCKETS, RIDES_CAP, TILES_FIELD, HistoryKind, bucket_of
from domain.tiles import FIVE_MINUTES, HOUR, WEEK

KINDS = get_args(HistoryKind)

MET = {
    "card": {"user": "usr_a", "device": "dev_a", "zone": "zone_a", "driver": "drv_a"},
    "user": {"card": "card_a", "device": "dev_a", "zone": "zone_a", "driver": "drv_a"},
    "device": {"user": "usr_a", "card": "card_a"},
    "zone": {},
}


@pytest.mark.parametrize("kind", KINDS)
def test_whom_a_payment_makes_its_owner_meet(kind: HistoryKind) -> None:
    history = a_history(kind, a_payment())
    for other in ("user", "card", "device", "zone", "driver"):
        met = MET[kind].get(other)
        assert getattr(history, f"{other}_ids") == ([met] if met else [])
        assert getattr(history, f"{other}_seen_ms") == ([NOW_MS] if met else [])


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_rider_keeps_newest_payments_and_usual_amounts(kind: HistoryKind) -> None:
    history = a_history(kind, a_payment(amount_minor=1_850))
    assert (history.lifetime_payments, history.lifetime_amount_minor) == (1, 1_850)
    if kind == "user":
        assert (history.recent_at_ms, history.recent_lat_e6) == ([NOW_MS], [40_710_000])
        assert (history.recent_lon_e6, history.recent_drivers) == ([-74_000_000], ["drv_a"])
        assert history.amount_buckets.index(1) == bucket_of(1_850) == 10  # 1,024 to 2,047
    else:
        assert (history.recent_at_ms, history.amount_buckets) == ([], [])


@pytest.mark.parametrize(
    ("verdict", "let_through"),
    [(Verdict.APPROVE, 1), (Verdict.REVIEW, 1), (Verdict.CHALLENGE, 1), (Verdict.DECLINE, 0)],
)
def test_a_declined_payment_is_no_part_of_the_usual(verdict: Verdict, let_through: int) -> None:
    history = a_history("user", a_payment(verdict=verdict))
    assert history.lifetime_payments == let_through
    assert history.lifetime_declines == 1 - let_through
    assert sum(history.amount_buckets) == let_through


def test_the_largest_amounts_share_the_last_bucket() -> None:
    history = a_history("user", a_payment(amount_minor=10**12), a_payment(amount_minor=2**23))
    assert history.amount_buckets[-1] == 2
    assert len(history.amount_buckets) == AMOUNT_BUCKETS


@pytest.mark.parametrize(
    ("outcome", "failures", "chargebacks"),
    [(Outcome.FAILED, 1, 0), (Outcome.CHARGEBACK, 0, 1), (Outcome.CAPTURED, 0, 0), (Outcome.REFUNDED, 0, 0)],
)
def test_what_an_outcome_leaves(outcome: Outcome, failures: int, chargebacks: int) -> None:
    history = a_history("card", a_payment_outcome(outcome=outcome))
    assert (history.lifetime_failures, history.lifetime_chargebacks) == (failures, chargebacks)


def test_cards_logins_and_contact_changes_leave_their_times() -> None:
    history = a_history(
        "user",
        a_card_added(at_ms=NOW_MS - 2),
        a_card_added(at_ms=NOW_MS - 9),
        a_login(at_ms=NOW_MS - 5, new_device=True),
        a_login(at_ms=NOW_MS - 1),
        a_profile_change(at_ms=NOW_MS - 4, contact_changed=True),
        a_profile_change(at_ms=NOW_MS - 3),
    )
    assert history.card_first_added_ms == 0
    assert history.new_device_login_ms == NOW_MS - 5
    assert history.contact_changed_ms == NOW_MS - 4
    assert (history.first_seen_ms, history.last_seen_ms) == (NOW_MS - 9, NOW_MS - 1)


def test_a_card_keeps_when_it_was_first_added() -> None:
    history = a_history("card", a_card_added(at_ms=NOW_MS - 2), a_card_added(at_ms=NOW_MS - 9))
    assert history.card_first_added_ms == NOW_MS - 9


def test_a_correction_counts_its_difference_where_the_payment_was_counted() -> None:
    paid_at_ms = NOW_MS - 3 * DAY_MS
    payment = a_payment(at_ms=paid_at_ms, amount_minor=1_850)
    correction = a_correction(at_ms=NOW_MS, paid_at_ms=paid_at_ms, before_minor=1_850, after_minor=2_100)
    history = a_history("user", payment, correction)
    assert history.tiles_24h == []
    assert history.tiles_7d == [paid_at_ms // (8 * HOUR_MS), 1, 2_100, *[0] * 6]
    assert history.tiles_30d == [paid_at_ms // DAY_MS, 1, 2_100, *[0] * 6]
    assert (history.lifetime_payments, history.lifetime_amount_minor) == (1, 2_100)


@pytest.mark.parametrize("kind", ["card", "user", "device"])
def test_a_corrected_payment_is_one_that_had_the_right_amount(kind: HistoryKind) -> None:
    wrong, right = (a_payment(id="txn_a", amount_minor=amount) for amount in (900, 4_200))
    correction = a_correction(before_minor=900, after_minor=4_200)
    streams: list[list[Event]] = [[wrong, correction], [correction, wrong]]
    for stream in streams:
        corrected, plain = a_history(kind, *stream), a_history(kind, right)
        assert corrected.tiles_1h == plain.tiles_1h != []
        assert corrected.lifetime_amount_minor == plain.lifetime_amount_minor
        assert corrected.amount_buckets == plain.amount_buckets


def test_the_newest_rides_are_kept_with_their_estimates_whatever_their_order() -> None:
    rides = [a_ride_request(at_ms=NOW_MS + i, ride_id=f"ride_{i}", estimate_minor=i + 1) for i in range(12)]
    for stream in (rides, rides[::-1]):
        history = a_history("user", *stream)
        assert history.ride_ids == [f"ride_{i}" for i in range(12 - RIDES_CAP, 12)]
        assert history.ride_estimates_minor == list(range(13 - RIDES_CAP, 13))
        assert history.ride_at_ms == [NOW_MS + i for i in range(12 - RIDES_CAP, 12)]


def test_a_zone_counts_rides_asked_for_but_keeps_none() -> None:
    history = a_history("zone", a_ride_request(), a_cancel())
    assert history.ride_ids == []
    assert history.tiles_1h == [NOW_MS // (3 * MINUTE_MS), 0, 0, 0, 1, 1]


def test_a_zone_keeps_the_tiles_of_its_own_windows_only() -> None:
    history = a_history("zone", a_payment())
    kept = [window for window, field in TILES_FIELD.items() if getattr(history, field)]
    assert kept == [FIVE_MINUTES, HOUR, WEEK]


def test_a_device_counts_the_accounts_made_on_it() -> None:
    history = a_history("device", an_account(), an_account(user_id="usr_b"))
    assert history.tiles_30d == [NOW_MS // DAY_MS, 0, 0, 0, 2]


def test_a_rider_counts_promotions() -> None:
    history = a_history("user", a_payment(promo_id="promo_a"), a_payment())
    assert history.tiles_30d == [NOW_MS // DAY_MS, 2, 3_700, 0, 0, 0, 0, 0, 1]
