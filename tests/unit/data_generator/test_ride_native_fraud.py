"""Fraud that only a ride makes possible: each shows what its file says an analyst would see."""

from collections import Counter
from itertools import pairwise

import pytest
from stage import Played, many, play, world

from data_generator.city import PLACES, distance_km
from data_generator.fraud.friendly_fraud import friendly_fraud
from data_generator.fraud.ghost_trips import ghost_trips
from data_generator.fraud.gps_spoofing import gps_spoofing
from data_generator.fraud.promo_farm import promo_farm
from data_generator.fraud.synthetic_account import sleeper_after, synthetic_account
from data_generator.honest.regular import regular
from data_generator.mix import attack_named
from data_generator.outcomes import (
    EMPTY_CARD_REASON,
    FARE_REASON,
    FRAUD_REASON,
    NOT_RECOGNISED_REASON,
)
from domain.decision import Outcome, Verdict
from domain.display import DAY_MS, MINUTE_MS
from domain.events import AccountCreated, CardAdded, DeviceLogin, RideRequested


def _paid(one: Played):
    return [payment.transaction for payment in one.payments]


def test_ghost_trips_begin_at_one_spot_with_one_driver_and_lead_nowhere_far() -> None:
    for one in many(ghost_trips):
        paid = _paid(one)
        assert len(paid) >= 4
        assert len({t.driver_id for t in paid}) == len({t.user_id for t in paid}) == 1
        assert max(t.pickup_lat for t in paid) - min(t.pickup_lat for t in paid) < 0.0005
        assert all(distance_km(PLACES[t.pickup_zone], PLACES[t.dropoff_zone]) < 5 for t in paid)
        assert not one.events(CardAdded)
        assert not one.events(DeviceLogin)
        gaps = [later.at_ms - earlier.at_ms for earlier, later in pairwise(one.payments)]
        assert min(gaps) >= 6 * MINUTE_MS


def test_a_promo_farm_opens_account_after_account_on_few_phones_with_shared_cards() -> None:
    played = many(lambda w, rng, _rider, at_ms: promo_farm(w, rng, at_ms))
    for one in played:
        paid = _paid(one)
        opened = {event.user_id for event in one.events(AccountCreated)}
        assert {t.user_id for t in paid} == opened
        assert {t.card_id for t in paid} == {event.card_id for event in one.events(CardAdded)}
        assert len({t.device_id for t in paid}) <= 5
    paid = [t for one in played for t in _paid(one)]
    assert 0.65 < sum(t.promo_id == "promo_welcome" for t in paid) / len(paid) < 0.85
    riders_a_card = Counter(card for card, _ in {(t.card_id, t.user_id) for t in paid})
    assert max(riders_a_card.values()) >= 3
    usual = sorted(t.amount_minor for one in many(regular, 200) for t in _paid(one))
    assert sorted(t.amount_minor for t in paid)[len(paid) // 2] < 0.8 * usual[len(usual) // 2]


def test_spoofed_positions_make_the_way_much_longer_and_the_fare_dearer_than_quoted() -> None:
    for one in many(gps_spoofing):
        asked = {event.ride_id: event for event in one.events(RideRequested)}
        paid = _paid(one)
        assert len({t.driver_id for t in paid}) == 1
        for t in paid:
            quote = asked[t.ride_id]
            assert 1.0 < t.amount_minor / quote.estimate_minor < 1.45
            assert t.distance_m > 1.9 * quote.distance_m or t.distance_m == 26_000
    riders = [len({t.user_id for t in _paid(one)}) / len(one.payments) for one in many(gps_spoofing)]
    assert sum(riders) / len(riders) > 0.95


def test_a_spoofing_driver_who_is_stopped_may_ask_for_less() -> None:
    stage = world()
    played = [play(stage, gps_spoofing, number=n, verdict=lambda _: Verdict.DECLINE) for n in range(150)]
    asked = [event for one in played for event in one.events(RideRequested)]
    quotes = {event.ride_id: event.estimate_minor for event in asked}
    dearer = [t.amount_minor / quotes[t.ride_id] for one in played for t in _paid(one)[1:]]
    assert min(dearer) < 1.05


def test_a_synthetic_account_is_busy_young_and_spends_far_more_than_it_used_to() -> None:
    stage = world(riders=3_000)
    more = []
    for number in range(60):
        one = play(stage, synthetic_account, number=number, rider=stage.city.rider(number * 40))
        sleeper = sleeper_after(stage.city, number * 40)
        assert sleeper.activity > 3
        assert sleeper.account_age_ms < 365 * DAY_MS
        assert {t.user_id for t in _paid(one)} == {sleeper.user_id}
        assert {t.device_id for t in _paid(one)} == {sleeper.device_id}
        more.append(len(one.events(CardAdded)))
    assert 0 < sum(more) / 60 < 5
    assert min(more) == 0


def test_a_city_without_such_an_account_lends_another() -> None:
    stage = world(riders=3)
    assert sleeper_after(stage.city, 1) in [stage.city.rider(index) for index in range(3)]


def test_friendly_fraud_is_one_usual_ride_that_anybody_might_have_taken() -> None:
    stage = world()
    for number in range(60):
        one = play(stage, friendly_fraud, number=number)
        (paid,) = _paid(one)
        rider = next(r for r in map(stage.city.rider, range(500)) if r.user_id == paid.user_id)
        assert paid.device_id == rider.device_id
        assert not one.events(CardAdded)


def test_a_rider_who_later_disputes_passes_challenges_like_anybody() -> None:
    stage = world()
    told = Counter(
        report.outcome
        for number in range(200)
        for report in play(stage, friendly_fraud, number=number, verdict=lambda _: Verdict.CHALLENGE).reports
    )
    assert told[Outcome.CHALLENGE_PASSED] > 170


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("stolen_card_burst", FRAUD_REASON),
        ("friendly_fraud", NOT_RECOGNISED_REASON),
        ("gps_spoofing", FARE_REASON),
        ("promo_farm", EMPTY_CARD_REASON),
        ("synthetic_account", EMPTY_CARD_REASON),
    ],
)
def test_a_chargeback_gives_the_reason_of_its_kind(name: str, reason: str) -> None:
    told = [report for one in many(attack_named(name).tell, 20) for report in one.reports]
    disputed = {report.reason_code for report in told if report.outcome is Outcome.CHARGEBACK}
    assert disputed == {reason}
