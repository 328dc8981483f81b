"""Honest stories that look like fraud: each does what it says, and none is marked."""

import pytest
from stage import PAY_AT_MS, many, play, world

from data_generator.acts import Pay, Publish
from data_generator.honest.errands import errands
from data_generator.honest.family_card import family_outing
from data_generator.honest.front_desk import front_desk
from data_generator.honest.host import host
from data_generator.honest.moved_house import moved_house
from data_generator.honest.new_card import new_card
from data_generator.honest.new_phone import new_phone
from data_generator.honest.newcomer import newcomer
from data_generator.honest.night_out import night_out
from data_generator.honest.regular import regular
from data_generator.honest.traveller import traveller
from data_generator.mix import HONEST
from domain.decision import Verdict
from domain.display import MINUTE_MS
from domain.events import (
    AccountCreated,
    CardAdded,
    CardRemoved,
    DeviceLogin,
    ProfileChanged,
    RideCancelled,
    RideRequested,
)


@pytest.mark.parametrize("kind", HONEST, ids=lambda kind: kind.name)
def test_no_honest_payment_is_marked(kind) -> None:
    played = many(kind.tell)
    assert all(payment.fraud is None for one in played for payment in one.payments)
    assert sum(len(one.payments) for one in played) / len(played) == pytest.approx(kind.payments, rel=0.25)


@pytest.mark.parametrize("kind", HONEST, ids=lambda kind: kind.name)
def test_nothing_begins_long_before_the_first_payment(kind) -> None:
    assert all(act.at_ms >= PAY_AT_MS - 80_000 for one in many(kind.tell) for act in one.acts)


def test_shares_add_up() -> None:
    assert sum(kind.share for kind in HONEST) == pytest.approx(1.0)


def test_a_regular_rider_sometimes_calls_the_ride_off_before_paying() -> None:
    assert any(not one.payments and one.events(RideCancelled) for one in many(regular))


def test_a_traveller_rides_far_from_home() -> None:
    stage = world()
    rider = stage.city.rider(5)
    played = [play(stage, traveller, number=number, rider=rider) for number in range(20)]
    assert all(p.transaction.pickup_zone != rider.home.zone_id for one in played for p in one.payments)
    assert any(len(one.payments) > 1 for one in played)


def test_a_new_phone_logs_in_and_pays_and_stays() -> None:
    stage = world()
    rider = stage.city.rider(5)
    played = play(stage, new_phone, rider=rider)
    (login,) = played.events(DeviceLogin)
    assert login.new_device
    assert login.device_id != rider.device_id
    assert {p.transaction.device_id for p in played.payments} == {login.device_id}
    assert stage.belongings.device_of(rider) == login.device_id


def test_a_new_card_is_used_within_minutes_and_replaces_the_oldest_of_two() -> None:
    stage = world()
    rider = next(r for r in map(stage.city.rider, range(500)) if len(r.card_ids) == 2)
    played = play(stage, new_card, rider=rider)
    (added,), (removed,) = played.events(CardAdded), played.events(CardRemoved)
    assert played.payments[0].transaction.card_id == added.card_id
    assert removed.card_id == rider.card_ids[-1]
    assert stage.belongings.cards_of(rider) == (added.card_id, rider.card_ids[0])


def test_a_family_rides_on_one_card_from_several_devices_within_minutes() -> None:
    stage = world()
    played = play(stage, family_outing, rider=stage.city.rider(26))
    paid = [p.transaction for p in played.payments]
    assert len({t.card_id for t in paid}) == 1
    assert len({t.user_id for t in paid}) == len({t.device_id for t in paid}) >= 2
    assert paid[-1].requested_at_ms - paid[0].requested_at_ms < 15 * MINUTE_MS


def test_a_night_out_is_several_cars_from_one_place_within_minutes() -> None:
    for one in many(night_out, 20):
        paid = [p.transaction for p in one.payments]
        assert len(paid) >= 2
        assert len({t.pickup_zone for t in paid}) == 1
        assert len({t.device_id for t in paid}) == 1


def test_a_host_fetches_guests_from_several_zones_at_times_on_a_card_just_added() -> None:
    played = many(host, 40)
    assert all(len(one.payments) >= 2 for one in played)
    assert any(len({p.transaction.pickup_zone for p in one.payments}) > 2 for one in played)
    assert any(one.events(CardAdded) for one in played)
    assert not all(one.events(CardAdded) for one in played)


def test_a_newcomer_opens_an_account_adds_a_card_and_rides() -> None:
    one = many(newcomer, 1)[0]
    (created,) = one.events(AccountCreated)
    assert created.user_id == one.events(CardAdded)[0].user_id == one.payments[0].transaction.user_id


def test_moving_house_changes_the_contact_before_a_ride_from_the_new_home() -> None:
    played = many(moved_house)
    assert any(one.events(ProfileChanged)[0].contact_changed for one in played)
    for one in played:
        assert one.events(ProfileChanged)[0].home_zone == one.payments[0].transaction.pickup_zone


def test_errands_are_rides_with_one_driver_that_lead_on_from_where_the_last_ended() -> None:
    for one in many(errands, 20):
        paid = [p.transaction for p in one.payments]
        ways = {(t.pickup_zone, t.dropoff_zone): t for t in paid}
        assert len({t.driver_id for t in paid}) == 1
        assert {pickup for pickup, _ in ways} <= {paid[0].pickup_zone, *(dropoff for _, dropoff in ways)}


def test_a_front_desk_calls_for_guest_after_guest_each_on_a_card_of_their_own() -> None:
    for one in many(front_desk, 20):
        paid = [p.transaction for p in one.payments]
        assert len({t.device_id for t in paid}) == len({t.pickup_zone for t in paid}) == 1
        assert len({t.card_id for t in paid}) == len({t.user_id for t in paid}) == len(paid) >= 2
    assert any(one.events(AccountCreated) and one.events(DeviceLogin) for one in many(front_desk, 20))


def test_one_ride_in_forty_is_paid_to_another_place_than_was_asked_for() -> None:
    played = many(regular, 1_500)
    asked = {event.ride_id: event for one in played for event in one.events(RideRequested)}
    paid = [p.transaction for one in played for p in one.payments]
    changed = [t for t in paid if asked[t.ride_id].estimate_minor != t.amount_minor]
    assert len(changed) / len(paid) == pytest.approx(0.025, abs=0.012)
    assert {t.amount_minor > asked[t.ride_id].estimate_minor for t in changed} == {True, False}


def test_some_riders_call_the_same_driver_again_and_again() -> None:
    stage = world()
    knows, does_not = (
        {
            p.transaction.driver_id
            for n in range(30)
            for p in play(stage, regular, number=n, rider=rider).payments
        }
        for rider in (stage.city.rider(12), stage.city.rider(13))
    )
    assert len(knows) < 0.6 * len(does_not)


def test_an_honest_rider_who_is_declined_may_try_once_more_and_then_leaves() -> None:
    stage = world()
    played = [play(stage, new_phone, number=n, verdict=lambda _payment: Verdict.DECLINE) for n in range(40)]
    assert {len(one.payments) for one in played} >= {1, 2}
    assert all(len(one.payments) <= 6 for one in played)
    assert not any(one.reports for one in played)


def test_acts_of_a_story_come_in_the_order_of_time() -> None:
    for kind in HONEST:
        for one in many(kind.tell, 20):
            times = [act.at_ms for act in one.acts if isinstance(act, Pay | Publish)]
            assert times == sorted(times), kind.name
