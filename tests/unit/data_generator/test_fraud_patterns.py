"""Each attack shows what its file says an analyst would see, and ends when it is stopped."""

from collections import Counter
from itertools import pairwise

import pytest
from stage import PAY_AT_MS, Played, many, play, world

from data_generator.acts import Pay, Publish
from data_generator.city import PLACES, distance_km
from data_generator.fraud.account_takeover import account_takeover
from data_generator.fraud.stolen_phone import stolen_phone
from data_generator.mix import ATTACKS, LEAD_MS
from data_generator.old_rules import OldRules
from domain.decision import Outcome, Verdict
from domain.display import MINUTE_MS
from domain.events import CardAdded, DeviceLogin, ProfileChanged

KINDS = {kind.name: kind for kind in ATTACKS}
NAMES = sorted(KINDS)
ONE_RIDE = "friendly_fraud"
PATIENT = ("ghost_trips", "gps_spoofing", ONE_RIDE)  # nothing about their pace is telling
STUBBORN_AT_MOST = 6


def _played(name: str, count: int = 60) -> list[Played]:
    return many(KINDS[name].tell, count)


def _gaps_ms(one: Played) -> list[int]:
    times = [payment.at_ms for payment in one.payments]
    return [later - earlier for earlier, later in pairwise(times)]


@pytest.mark.parametrize("name", NAMES)
def test_every_payment_is_marked_with_the_patterns_name(name: str) -> None:
    assert all(payment.fraud == name for one in _played(name) for payment in one.payments)


@pytest.mark.parametrize("name", NAMES)
def test_attacks_bring_about_as_many_payments_as_the_mix_expects(name: str) -> None:
    stage, rule = world(), OldRules()
    played = [
        play(
            stage,
            KINDS[name].tell,
            number=number,
            rider=stage.city.rider(number),
            verdict=lambda payment: rule.decide(
                payment.transaction.card_id, payment.transaction.amount_minor, payment.at_ms
            ),
        )
        for number in range(400)
    ]
    mean = sum(len(one.payments) for one in played) / len(played)
    assert mean == pytest.approx(KINDS[name].payments, rel=0.1)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in PATIENT])
def test_payments_follow_each_other_within_seconds_to_minutes(name: str) -> None:
    gaps = sorted(gap for one in _played(name) for gap in _gaps_ms(one))
    assert gaps[0] >= 1_900
    assert gaps[len(gaps) // 2] < 7 * MINUTE_MS
    assert gaps[-1] <= 16 * MINUTE_MS


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("verdict", [Verdict.DECLINE, Verdict.CHALLENGE, None])
def test_a_stopped_thief_gives_up(name: str, verdict: Verdict | None) -> None:
    stage = world()
    played = [play(stage, KINDS[name].tell, number=n, verdict=lambda _: verdict) for n in range(40)]
    tries = [len(one.payments) for one in played]
    if verdict is not Verdict.CHALLENGE:  # a thief passes a challenge now and then
        assert max(tries) <= STUBBORN_AT_MOST
    assert sum(tries) / len(tries) < KINDS[name].payments or name == ONE_RIDE
    assert sum(not one.reports for one in played) == (0 if verdict is Verdict.CHALLENGE else len(played))


@pytest.mark.parametrize("name", NAMES)
def test_no_attack_begins_long_before_its_first_payment(name: str) -> None:
    assert all(act.at_ms >= PAY_AT_MS - LEAD_MS for one in _played(name) for act in one.acts)


@pytest.mark.parametrize("name", NAMES)
def test_acts_of_an_attack_come_in_the_order_of_time_however_it_is_answered(name: str) -> None:
    for verdict in (Verdict.APPROVE, Verdict.DECLINE):
        stage = world()
        for number in range(30):
            played = play(stage, KINDS[name].tell, number=number, verdict=lambda _, v=verdict: v)
            times = [act.at_ms for act in played.acts if isinstance(act, Pay | Publish)]
            assert times == sorted(times)


def test_captured_fraud_is_always_disputed() -> None:
    for name in NAMES:
        told = Counter(report.outcome for one in _played(name) for report in one.reports)
        assert told[Outcome.CAPTURED] == told[Outcome.CHARGEBACK] > 0


def test_a_stolen_card_burst_is_four_to_ten_rides_on_a_card_just_added() -> None:
    for one in _played("stolen_card_burst"):
        paid = [payment.transaction for payment in one.payments]
        added = {event.card_id: event for event in one.events(CardAdded)}
        assert 4 <= len(paid) <= 10
        assert len({t.user_id for t in paid}) == len({t.device_id for t in paid}) == 1
        assert {t.card_id for t in paid} <= added.keys()
        assert len(added) <= len(paid)


def test_stolen_cards_are_spent_on_dear_rides_often_all_over_the_city() -> None:
    played = _played("stolen_card_burst")
    amounts = sorted(p.transaction.amount_minor for one in played for p in one.payments)
    usual = sorted(p.transaction.amount_minor for one in many(_regular()) for p in one.payments)
    assert amounts[len(amounts) // 2] > 1.15 * usual[len(usual) // 2]
    assert amounts[0] < usual[-1]  # and yet not by the amount alone
    zones = [len({p.transaction.pickup_zone for p in one.payments}) for one in played]
    assert max(zones) >= 5


def test_card_testing_is_many_cards_and_accounts_on_one_device_for_little_money() -> None:
    for one in _played("card_testing"):
        paid = [payment.transaction for payment in one.payments]
        assert len({t.card_id for t in paid}) == len(paid) >= 5
        assert len({t.device_id for t in paid}) == 1
        assert max(t.amount_minor for t in paid) < 1_500
    assert any(len({p.transaction.user_id for p in one.payments}) >= 3 for one in _played("card_testing"))


def test_many_stolen_cards_pay_a_long_way_for_a_trip_around_the_corner() -> None:
    usual = [_minor_per_km(payment) for one in many(_regular(), 200) for payment in one.payments]
    dear = sorted(usual)[int(0.98 * len(usual))]
    fake = [_minor_per_km(payment) > dear for one in _played("stolen_card_burst") for payment in one.payments]
    assert 0.15 < sum(fake) / len(fake) < 0.6


def test_some_lists_of_cards_are_added_before_the_first_is_tried() -> None:
    batches = 0
    for one in _played("card_testing"):
        first_ms = one.payments[0].at_ms
        added = [act for act in one.acts if isinstance(act, Publish) and isinstance(act.event, CardAdded)]
        batches += all(act.at_ms < first_ms for act in added)
    assert 0.25 < batches / 60 < 0.65


def _minor_per_km(payment: Pay) -> float:
    return payment.transaction.amount_minor * 1000 / payment.transaction.distance_m


def test_a_stolen_phone_shows_nothing_new_but_the_pace() -> None:
    stage = world()
    victim = stage.city.rider(5)
    for one in (play(stage, stolen_phone, number=n, rider=victim) for n in range(40)):
        paid = [payment.transaction for payment in one.payments]
        assert {(t.user_id, t.device_id) for t in paid} == {(victim.user_id, victim.device_id)}
        assert {t.card_id for t in paid} == {victim.card_ids[0]}
        assert not one.events(CardAdded)
        assert not one.events(DeviceLogin)
        assert len(paid) >= 6


def test_a_takeover_uses_the_victims_own_card_mostly_on_a_new_device_after_a_contact_change() -> None:
    stage = world()
    victim = stage.city.rider(5)
    played = [play(stage, account_takeover, number=n, rider=victim) for n in range(60)]
    for one in played:
        assert {p.transaction.user_id for p in one.payments} == {victim.user_id}
        assert {p.transaction.card_id for p in one.payments} <= set(victim.card_ids)
    assert 0.55 < sum(one.events(DeviceLogin)[0].new_device for one in played) / 60 < 0.95
    assert 0.4 < sum(bool(one.events(ProfileChanged)) for one in played) / 60 < 0.8


def test_a_takeover_mostly_begins_far_from_the_victims_home() -> None:
    stage = world()
    victim = stage.city.rider(5)
    paid = [p for n in range(60) for p in play(stage, account_takeover, number=n, rider=victim).payments]
    far = sum(_km_from_home(victim, payment) > 8 for payment in paid) / len(paid)
    assert 0.4 < far < 0.9


def _km_from_home(victim, payment: Pay) -> float:
    return distance_km(victim.home, PLACES[payment.transaction.pickup_zone])


def _regular():
    from data_generator.honest.regular import regular

    return regular
