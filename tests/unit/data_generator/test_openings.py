"""When stories begin: the rate, the share of attacks, the rest between two rides, and repeatability."""

from itertools import islice, takewhile
from random import Random

import pytest

from data_generator.crowd import Crowd
from data_generator.demand import attack_calls
from data_generator.mix import ATTACKS, FRAUD_SHARE, HONEST
from data_generator.openings import Opening, history_openings, live_openings
from data_generator.population import City
from domain.display import DAY_MS, HOUR_MS, MINUTE_MS

NOON_MS = 1_790_000_000_000 // DAY_MS * DAY_MS + 12 * HOUR_MS
RATE = 10.0
ATTACK_NAMES = {kind.name for kind in ATTACKS}


def _live(city: City, minutes: float, rate: float = RATE, seed: int = 1) -> list[Opening]:
    end_ms = NOON_MS + minutes * MINUTE_MS
    return list(takewhile(lambda o: o.pay_at_ms < end_ms, live_openings(city, seed, rate, NOON_MS)))


@pytest.fixture(scope="module")
def city() -> City:
    return City(1, 20_000)


@pytest.fixture(scope="module")
def half_hour(city: City) -> list[Opening]:
    return _live(city, 30)


def test_stories_open_in_order_at_the_rate(half_hour: list[Opening]) -> None:
    times = [opening.pay_at_ms for opening in half_hour]
    assert times == sorted(times)
    soon = sum(opening.kind.soon for opening in half_hour)
    assert soon / (30 * 60) == pytest.approx(RATE, rel=0.04)


def test_attacks_keep_their_share(half_hour: list[Opening]) -> None:
    attacked = sum(opening.kind.soon for opening in half_hour if opening.kind.name in ATTACK_NAMES)
    assert attacked / (RATE * 30 * 60) == pytest.approx(FRAUD_SHARE, rel=0.15)
    assert {opening.kind.name for opening in half_hour} == {kind.name for kind in (*HONEST, *ATTACKS)}


def test_what_comes_later_of_an_attack_is_within_its_share_too() -> None:
    rng, hours = Random(1), 12
    calls = attack_calls(ATTACKS, RATE * FRAUD_SHARE, Crowd(()), rng)
    within = list(takewhile(lambda call: call.after_ms < hours * HOUR_MS, calls))
    attacked = sum(call.kind.payments for call in within)
    assert attacked / (RATE * hours * 3_600) == pytest.approx(FRAUD_SHARE, rel=0.15)


@pytest.mark.parametrize("rate", [5.0, 10.0, 300.0])
def test_the_first_attack_is_a_burst_within_three_seconds(city: City, rate: float) -> None:
    first = next(o for o in live_openings(city, 1, rate, NOON_MS) if o.kind.name in ATTACK_NAMES)
    assert first.kind.name == "stolen_card_burst"
    assert first.pay_at_ms - NOON_MS <= 3_000


def test_fraud_stays_below_two_percent_in_a_short_demo(city: City) -> None:
    for seed in range(8):
        attacked = sum(o.kind.soon for o in _live(city, 1, seed=seed) if o.kind.name in ATTACK_NAMES)
        assert attacked / (RATE * 60) < 0.02


def test_nobody_rides_again_within_half_an_hour(half_hour: list[Opening]) -> None:
    riders = [opening.rider.index for opening in half_hour]
    assert len(set(riders)) == len(riders)


def test_a_small_city_rests_as_long_as_it_can() -> None:
    riders = [o.rider.index for o in islice(live_openings(City(1, 200), 1, RATE, NOON_MS), 2_000)]
    again = [riders[at + 1 :].index(r) for at, r in enumerate(riders[:1_000]) if r in riders[at + 1 :]]
    assert min(again) >= 150


def test_the_same_seed_opens_the_same_stories(city: City) -> None:
    assert _live(city, 2) == _live(city, 2)
    assert _live(city, 2) != _live(city, 2, seed=2)


def test_riders_ride_at_their_own_hours(city: City) -> None:
    night_ms = NOON_MS - 9 * HOUR_MS
    at_night = [o.rider.schedule.name for o in islice(live_openings(city, 1, RATE, night_ms), 800)]
    at_noon = [o.rider.schedule.name for o in islice(live_openings(city, 1, RATE, NOON_MS), 800)]
    assert at_night.count("night") > 3 * at_noon.count("night")


def test_history_draws_the_same_stories_whenever_it_ends() -> None:
    city = City(1, 500)
    ends = (NOON_MS, NOON_MS + 77_777_777)
    one, other = (history_openings(city, 600, end - 30 * DAY_MS, end) for end in ends)
    drawn, again = ([(o.number, o.kind, o.rider.index) for o in stories] for stories in (one, other))
    assert drawn == again
    assert [o.pay_at_ms for o in one] != [o.pay_at_ms for o in other]
