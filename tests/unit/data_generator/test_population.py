"""The people: the same in every run, unequal, with belongings that change and ids that tell nothing."""

import re
from random import Random

import pytest

from app.card_numbers import holds_card_number
from data_generator.belongings import Belongings
from data_generator.city import AIRPORT, PLACES, ZONES, distance_km, far_from, near, spot_in
from data_generator.habits import SCHEDULES, draw_hour, usual_trip, willing
from data_generator.history import RUN
from data_generator.identity import IdStream, token
from data_generator.openings import belongings_after, history_openings
from data_generator.population import City
from domain.display import DAY_MS

ID = re.compile(r"^[a-z]+_[a-z2-7]{16}$")


def test_a_rider_depends_on_seed_and_index_alone() -> None:
    small, large = City(9, 100), City(9, 5_000)
    large.rider(4_000)
    assert all(small.rider(index) == large.rider(index) for index in range(90))
    assert City(10, 100).rider(3) != small.rider(3)


def test_ids_are_opaque_and_never_hold_a_card_number() -> None:
    stream = IdStream(1, "run")
    ids = [stream.new("txn") for _ in range(20_000)] + [token("card", 1, index) for index in range(20_000)]
    assert all(ID.match(each) for each in ids)
    assert not any(holds_card_number(each) for each in ids)
    assert len(set(ids)) == len(ids)


def test_ids_of_one_person_have_nothing_in_common() -> None:
    rider = City(2, 50).rider(7)
    tokens = {each.partition("_")[2] for each in (rider.user_id, rider.device_id, *rider.card_ids)}
    assert len(tokens) == 2 + len(rider.card_ids)


def test_runs_do_not_share_their_fresh_ids() -> None:
    assert IdStream(1, "a").new("txn") != IdStream(1, "b").new("txn")
    assert IdStream(1, "a").new("txn") == IdStream(1, "a").new("txn")


def test_activity_is_heavy_tailed() -> None:
    city = City(2, 2_000)
    activity = sorted((city.rider(index).activity for index in range(2_000)), reverse=True)
    assert sum(activity[:200]) > 0.35 * sum(activity)


def test_families_share_and_everybody_else_does_not() -> None:
    city = City(2, 200)
    families = [city.rider(index).family for index in range(200)]
    assert sum(bool(family) for family in families) == 24
    assert all(index in family for index, family in enumerate(families) if family)


def test_a_new_phone_and_a_new_card_replace_the_old_ones() -> None:
    city, held = City(2, 50), Belongings(2, "run")
    rider = city.rider(1)
    assert held.device_of(rider) == rider.device_id
    assert held.new_device(rider) == held.device_of(rider) != rider.device_id
    first, _ = held.new_card(rider)
    second, replaced = held.new_card(rider)
    assert held.cards_of(rider) == (second, first)
    assert replaced in {*rider.card_ids}


def test_a_live_run_begins_with_what_history_left_behind() -> None:
    city = City(2, 300)
    at = {name: history_openings(city, 900, *span) for name, span in _SPANS.items()}
    now, then = (belongings_after(stories, 2, RUN, "live") for stories in at.values())
    riders = [city.rider(index) for index in range(300)]
    assert [now.device_of(r) for r in riders] == [then.device_of(r) for r in riders]
    assert [now.cards_of(r) for r in riders] == [then.cards_of(r) for r in riders]
    assert any(now.device_of(r) != r.device_id for r in riders)


_SPANS = {"now": (1_790_000_000_000, 1_790_000_000_000 + 30 * DAY_MS), "then": (0, 30 * DAY_MS)}


def test_few_accounts_are_dormant() -> None:
    dormant = City(2, 3_000).dormant_riders()
    assert 60 < len(dormant) < 180
    assert all(rider.dormant for rider in dormant)


def test_zones_differ_in_price_and_lie_apart() -> None:
    assert len(PLACES) == len(ZONES)
    assert AIRPORT.price_level == max(zone.price_level for zone in ZONES)
    rng = Random(1)
    for zone in ZONES:
        assert distance_km(zone, far_from(zone, rng)) > distance_km(zone, near(zone, rng))
        lat, lon = spot_in(zone, rng)
        assert abs(lat - zone.lat) < 0.02
        assert abs(lon - zone.lon) < 0.03


def test_commuters_ride_to_work_in_the_morning_and_home_in_the_evening() -> None:
    city, rng = City(2, 400), Random(1)
    commuters = [r for r in map(city.rider, range(400)) if r.schedule.name == "commuter"]
    morning = [usual_trip(r, 8, rng) == (r.home, r.work) for r in commuters]
    evening = [usual_trip(r, 18, rng) == (r.work, r.home) for r in commuters]
    assert sum(morning) > 0.5 * len(commuters)
    assert sum(evening) > 0.5 * len(commuters)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule.name)
def test_schedules_are_kept(schedule) -> None:
    rng = Random(1)
    hours = [draw_hour(schedule, rng) for _ in range(4_000)]
    favourite = max(range(24), key=lambda hour: schedule.hours[hour])
    assert hours.count(favourite) / 4_000 == pytest.approx(
        schedule.hours[favourite] / sum(schedule.hours), rel=0.25
    )
    assert willing(schedule, favourite, 2) == 1.0
    assert willing(schedule, favourite, 6) == schedule.weekend
