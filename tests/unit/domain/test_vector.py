"""What the model is given: every window, every missing part, and the payment itself."""

from math import isnan
from struct import pack
from typing import Any

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
    a_transaction,
    an_account,
)
from event_strategies import events
from hypothesis import given
from hypothesis import strategies as st
from moments import a_profile, features, known_of, moment_of

from domain.catalogue import FEATURE_NAMES, FEATURES
from domain.decision import Outcome, Verdict
from domain.display import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from domain.events import Event, event_time_ms
from domain.history import History
from domain.moment import distance_km
from domain.profile import fold_profile
from domain.transaction import Transaction
from domain.vector import as_attempt, observe, vector

PAST: tuple[Event, ...] = (
    an_account(at_ms=NOW_MS - 25 * DAY_MS, user_id="usr_b"),
    a_card_added(at_ms=NOW_MS - 20 * DAY_MS),
    a_payment(at_ms=NOW_MS - 10 * DAY_MS, amount_minor=1_000, card_id="card_b", device_id="dev_b"),
    a_payment(at_ms=NOW_MS - 3 * DAY_MS, amount_minor=2_000, promo_id="promo_a"),
    a_login(at_ms=NOW_MS - 2 * DAY_MS, new_device=True),
    a_correction(
        paid_at_ms=NOW_MS - 3 * DAY_MS, at_ms=NOW_MS - 40 * HOUR_MS, before_minor=2_000, after_minor=2_600
    ),
    a_profile_change(at_ms=NOW_MS - 30 * HOUR_MS, contact_changed=True),
    a_payment(at_ms=NOW_MS - 5 * HOUR_MS, amount_minor=9_000, verdict=Verdict.DECLINE),
    a_payment_outcome(at_ms=NOW_MS - 4 * HOUR_MS, outcome=Outcome.FAILED),
    a_payment_outcome(at_ms=NOW_MS - 3 * HOUR_MS, outcome=Outcome.CHARGEBACK),
    a_ride_request(at_ms=NOW_MS - 40 * MINUTE_MS, ride_id="ride_b"),
    a_cancel(at_ms=NOW_MS - 35 * MINUTE_MS, ride_id="ride_b"),
    a_card_added(at_ms=NOW_MS - 30 * MINUTE_MS),
    a_payment_outcome(at_ms=NOW_MS - 25 * MINUTE_MS, outcome=Outcome.FAILED),
    a_payment(at_ms=NOW_MS - 20 * MINUTE_MS, amount_minor=3_000, pickup_zone="zone_c", driver_id="drv_b"),
    a_payment(at_ms=NOW_MS - 3 * MINUTE_MS, amount_minor=500, verdict=Verdict.DECLINE, pickup_lat=40.8),
    a_payment(at_ms=NOW_MS - 2 * MINUTE_MS, user_id="usr_b", card_id="card_b", verdict=Verdict.DECLINE),
    a_ride_request(at_ms=NOW_MS - MINUTE_MS, estimate_minor=1_000),
)
EXPECTED = {
    "amount": 1_850,
    "distance": 6_200,
    "amount_per_km": 1_850 * 1000 / 6_200,
    "hour_of_day": 14,
    "promo_used": 1,
    "card_payments_5m": 2,
    "card_payments_1h": 3,
    "card_payments_24h": 4,
    "card_payments_7d": 5,
    "card_amount_5m": 500 + 1_850,
    "card_amount_1h": 3_000 + 500 + 1_850,
    "card_amount_24h": 9_000 + 3_000 + 500 + 1_850,
    "card_declines_5m": 1,
    "card_declines_24h": 2,
    "card_failures_1h": 1,
    "card_users_30d": 1,
    "card_devices_24h": 1,
    "card_zones_1h": 2,
    "card_since_added": 20 * DAY_MS / SECOND_MS,
    "card_since_last_payment": 3 * 60,
    "card_saturated": 0,
    "user_payments_5m": 2,
    "user_payments_1h": 3,
    "user_payments_30d": 6,
    "user_amount_7d": 2_600 + 9_000 + 3_000 + 500 + 1_850,
    "user_amount_30d": 1_000 + 2_600 + 9_000 + 3_000 + 500 + 1_850,
    "user_declines_1h": 1,
    "user_declines_7d": 2,
    "user_declines_30d": 2,
    "user_failures_24h": 2,
    "user_cards_added_24h": 1,
    "user_promos_30d": 2,
    "user_cards_1h": 1,
    "user_cards_7d": 1,
    "user_devices_24h": 1,
    "user_drivers_7d": 2,
    "user_cancel_ratio_7d": 1 / 2,
    "user_device_is_new": 0,
    "user_card_is_new": 0,
    "user_zone_is_new": 0,
    "user_since_new_device_login": 2 * DAY_MS / SECOND_MS,
    "user_since_contact_change": 30 * HOUR_MS / SECOND_MS,
    "user_amount_ratio": 1_850 * 3 / (1_000 + 2_600 + 3_000),
    "user_amount_rank": 1 / 3,
    "user_estimate_ratio": 1.85,
    "user_driver_repeats": 4,
    "user_speed": distance_km(40.8, -74.0, 40.71, -74.0) * 20,
    "user_chargebacks": 1,
    "device_payments_1h": 4,
    "device_accounts_30d": 1,
    "device_cards_5m": 2,
    "device_cards_24h": 2,
    "device_users_30d": 2,
    "device_age": 25 * DAY_MS / SECOND_MS,
    "zone_payments_5m": 2,
    "zone_decline_rise": (2 + 20 * (3 + 1) / (4 + 20)) / (2 + 20) / ((3 + 1) / (4 + 20)),
    "platform_decline_rise": (2 + 20 * (3 + 1) / (5 + 20)) / (3 + 20) / ((3 + 1) / (5 + 20)),
    "account_age": 400,
    "rating": 4.9,
    "pickup_is_home": 1,
    "ring_size": 2,
    "ring_shared_cards": 1,
    "ring_shared_devices": 1,
}


def test_every_feature_has_the_value_worked_out_by_hand() -> None:
    """A change here is a change of a definition: raise DEFINITIONS_VERSION with it."""
    assert list(EXPECTED) == list(FEATURE_NAMES)
    found = features(moment_of(*PAST, profile=a_profile(), promo_id="promo_b"))
    assert found == {name: pytest.approx(value, rel=1e-6) for name, value in EXPECTED.items()}


def test_a_vector_is_float32_and_the_same_each_time() -> None:
    moment = moment_of(*PAST, profile=a_profile())
    first, second = vector(moment), vector(moment)
    assert first.typecode == "f"
    assert first.tobytes() == second.tobytes() == pack(f"{len(FEATURES)}f", *first)


@pytest.mark.parametrize("entity", ["card", "user", "device", "zone", "platform", "profile", "ring"])
def test_all_features_of_an_unknown_entity_are_missing_and_never_zero(entity: str) -> None:
    everything = {**known_of(PAST), "profile": a_profile()}
    known = everything | {{"platform": "pulse"}.get(entity, entity): None}
    found = features(observe(**known, transaction=a_transaction(), as_of_ms=NOW_MS))
    missing = {name for name, value in found.items() if isnan(value)}
    assert missing == {f.name for f in FEATURES if f.entity == entity}


def test_with_nothing_known_the_transaction_is_all_there_is() -> None:
    found = features(moment_of())
    assert {name for name, value in found.items() if not isnan(value)} == {
        "amount",
        "distance",
        "amount_per_km",
        "hour_of_day",
        "promo_used",
    }


@pytest.mark.parametrize(
    ("name", "past"),
    [
        ("card_since_added", [a_payment()]),
        ("card_since_last_payment", [a_card_added()]),
        ("user_since_new_device_login", [a_login()]),
        ("user_since_contact_change", [a_profile_change()]),
        ("user_device_is_new", [a_login()]),
        ("user_card_is_new", [a_card_added()]),
        ("user_zone_is_new", [a_ride_request()]),
        ("user_speed", [a_login()]),
        ("user_amount_ratio", [a_payment(), a_payment()]),
        ("user_amount_ratio", [a_payment(verdict=Verdict.DECLINE) for _ in range(3)]),
    ],
)
def test_what_never_happened_is_missing(name: str, past: list[Event]) -> None:
    assert isnan(features(moment_of(*past))[name])


def test_an_account_whose_creation_was_never_told_has_no_age() -> None:
    profile = fold_profile(None, a_profile_change(), NOW_MS)
    assert isnan(features(moment_of(profile=profile))["account_age"])


@pytest.mark.parametrize("what", ["device", "card", "zone"])
def test_the_first_meeting_is_new_and_the_second_is_not(what: str) -> None:
    other: dict[str, Any] = {{"zone": "pickup_zone"}.get(what, f"{what}_id"): "never_met"}
    past = a_payment(at_ms=NOW_MS - HOUR_MS)
    assert features(moment_of(past, **other))[f"user_{what}_is_new"] == 1
    assert features(moment_of(past))[f"user_{what}_is_new"] == 0


def test_the_transaction_counts_in_its_own_velocity() -> None:
    found = features(moment_of(a_payment(at_ms=NOW_MS - MINUTE_MS, amount_minor=500)))
    assert found["card_payments_5m"] == found["user_payments_5m"] == found["device_payments_1h"] == 2
    assert found["card_amount_1h"] == 2_350
    assert found["zone_payments_5m"] == 1


def test_a_transaction_that_the_stream_folded_before_counts_once() -> None:
    transaction = a_transaction()
    told = as_attempt(transaction, NOW_MS - 300)
    before = a_payment(at_ms=NOW_MS - MINUTE_MS)
    moment = observe(
        card=a_history("card", before, told),
        user=a_history("user", before, told),
        profile=None,
        transaction=transaction,
        as_of_ms=NOW_MS,
    )
    found = features(moment)
    assert found["card_payments_5m"] == found["user_payments_5m"] == 2
    assert moment.card is moment.card_before


def test_observing_leaves_the_histories_alone() -> None:
    history = a_history("card", a_payment(at_ms=NOW_MS - MINUTE_MS))
    moment = observe(card=history, user=None, profile=None, transaction=a_transaction(), as_of_ms=NOW_MS)
    assert history.version == 1
    assert moment.card_before is history
    assert moment.card is not None
    assert moment.card.version == 2


@given(past=events("user"), as_of_ms=st.integers(NOW_MS - DAY_MS, NOW_MS + 60 * DAY_MS))
def test_no_past_and_no_clock_gives_an_infinite_or_negative_number(past: list[Event], as_of_ms: int) -> None:
    found = features(moment_of(*past, profile=a_profile(), as_of_ms=as_of_ms))
    assert all(isnan(value) or 0 <= value < 3e38 for value in found.values())


@pytest.mark.parametrize("ahead_ms", [1, MINUTE_MS, 5 * MINUTE_MS])
def test_a_clock_behind_the_events_gives_no_negative_times(ahead_ms: int) -> None:
    ahead = NOW_MS + ahead_ms
    past = (a_card_added(at_ms=ahead), a_payment(at_ms=ahead), a_login(at_ms=ahead, new_device=True))
    profile = fold_profile(None, an_account(at_ms=ahead), NOW_MS)
    found = features(moment_of(*past, profile=profile))
    for name in ("card_since_added", "card_since_last_payment", "user_since_new_device_login", "account_age"):
        assert found[name] == 0


def test_the_clock_at_the_last_event_is_no_time_ago() -> None:
    found = features(moment_of(a_payment(at_ms=NOW_MS)))
    assert found["card_since_last_payment"] == 0
    assert found["user_speed"] == 0


def test_two_places_at_one_time_are_a_second_apart() -> None:
    past = a_payment(at_ms=NOW_MS, pickup_lat=0.0, pickup_lon=0.0)
    found = features(moment_of(past, pickup_lat=0.0, pickup_lon=1.0))
    assert found["user_speed"] == pytest.approx(111.19 * 3_600, rel=1e-3)


def test_a_ride_without_length_has_a_finite_fare_per_km() -> None:
    assert features(moment_of(distance_m=0))["amount_per_km"] == 18_500


def test_the_attempt_is_the_payment_before_its_verdict() -> None:
    transaction: Transaction = a_transaction()
    attempt = as_attempt(transaction, NOW_MS)
    assert attempt.id == attempt.transaction_id == transaction.transaction_id
    assert attempt.verdict is Verdict.APPROVE
    assert event_time_ms(attempt) == NOW_MS


def test_an_empty_history_is_known_and_counts_from_zero() -> None:
    moment = observe(card=History(), user=None, profile=None, transaction=a_transaction(), as_of_ms=NOW_MS)
    found = features(moment)
    assert found["card_payments_5m"] == 1
    assert found["card_failures_1h"] == 0
    assert isnan(found["card_since_last_payment"])
