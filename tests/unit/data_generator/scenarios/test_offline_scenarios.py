"""Rare days and cold starts as histories: repeatable, marked, and really new to everybody."""

from collections import Counter
from collections.abc import Iterable
from functools import cache
from statistics import median

import pytest

from data_generator.city import ZONES
from data_generator.history import SimulatedEvent
from data_generator.mix import FRAUD_SHARE
from data_generator.scenarios.offline import COLD_DAYS, NIGHT_MS, PAST_DAYS, SCENARIOS
from data_generator.scenarios.surge import GROUNDS
from domain.display import DAY_MS, HOUR_MS
from domain.events import AccountCreated, CardAdded, PaymentDecided, encode_event, event_time_ms

END_MS = 1_790_000_000_123
PAYMENTS = 3_000
COLD = ("new_riders", "new_cards", "new_city")
HERE = {zone.zone_id for zone in ZONES}


@cache
def told(name: str) -> list[SimulatedEvent]:
    return list(SCENARIOS[name](5, 1_500, PAYMENTS, END_MS))


def payments(events: Iterable[SimulatedEvent]) -> list[SimulatedEvent]:
    return [simulated for simulated in events if isinstance(simulated.event, PaymentDecided)]


def rare(name: str) -> list[SimulatedEvent]:
    return [payment for payment in payments(told(name)) if payment.scenario == name]


def usual(name: str) -> list[SimulatedEvent]:
    return [payment for payment in payments(told(name)) if payment.scenario is None]


def values_before(name: str, field: str) -> list[tuple[str, bool]]:
    """What each payment of the scenario names in `field`, and whether an everyday event named it before."""
    known: set[str] = set()
    found = []
    for simulated in told(name):
        value = getattr(simulated.event, field, None)
        if simulated.scenario:
            found.append((value, value in known))
        elif isinstance(simulated.event, PaymentDecided):
            known.add(value)
    return found


@pytest.mark.parametrize("name", SCENARIOS)
def test_about_as_many_payments_as_asked_some_of_them_marked(name: str) -> None:
    all_of_them = payments(told(name))
    assert len(all_of_them) == pytest.approx(PAYMENTS, rel=0.06)
    assert {payment.scenario for payment in all_of_them} == {None, name}
    assert all(isinstance(s.event, PaymentDecided) for s in told(name) if s.scenario)
    assert len(rare(name)) / len(all_of_them) == pytest.approx(0.4 if name in COLD else 0.151, abs=0.03)


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_same_seed_tells_the_same_bytes(name: str) -> None:
    one, again = ([encode_event(s.event) for s in SCENARIOS[name](6, 100, 250, END_MS)] for _ in range(2))
    assert one == again
    assert not any(name.encode() in raw for raw in one)


@pytest.mark.parametrize("name", SCENARIOS)
def test_fraud_is_as_rare_as_ever(name: str) -> None:
    fraud = sum(payment.fraud is not None for payment in rare(name))
    assert 0.3 * FRAUD_SHARE < fraud / len(rare(name)) < 2.2 * FRAUD_SHARE


@pytest.mark.parametrize("name", SCENARIOS)
def test_nobody_pays_before_the_account_and_the_card_exist(name: str) -> None:
    known: set[str] = set()
    for simulated in told(name):
        event = simulated.event
        if isinstance(event, AccountCreated):
            known.add(event.user_id)
        elif isinstance(event, CardAdded):
            known.add(event.card_id)
        elif isinstance(event, PaymentDecided):
            assert event.user_id in known
            assert event.card_id in known


@pytest.mark.parametrize("name", COLD)
def test_a_cold_start_fills_the_last_week(name: str) -> None:
    times = [event_time_ms(payment.event) for payment in rare(name)]
    assert min(times) >= END_MS - COLD_DAYS * DAY_MS
    assert max(times) < END_MS
    assert event_time_ms(told(name)[0].event) == END_MS - (COLD_DAYS + PAST_DAYS) * DAY_MS


def test_new_riders_are_known_to_nobody() -> None:
    honest = [payment for payment in rare("new_riders") if payment.fraud is None]
    residents = {payment.event.user_id for payment in usual("new_riders")}
    assert not {payment.event.user_id for payment in honest} & residents
    assert {payment.event.pickup_zone for payment in honest} <= HERE


def test_new_cards_are_those_of_riders_who_are_known() -> None:
    first = {}
    for payment in rare("new_cards"):
        first.setdefault(payment.event.user_id, payment)
    begins_ms = END_MS - COLD_DAYS * DAY_MS
    old_cards = {p.event.card_id for p in usual("new_cards") if event_time_ms(p.event) < begins_ms}
    honest = [payment for payment in first.values() if payment.fraud is None]
    fresh = sum(payment.event.card_id not in old_cards for payment in honest)
    assert fresh > 0.75 * len(honest)
    residents = {s.event.user_id for s in told("new_cards")[:3_500] if isinstance(s.event, AccountCreated)}
    assert sum(payment.event.user_id in residents for payment in honest) > 0.9 * len(honest)


@pytest.mark.parametrize(
    "field", ["user_id", "card_id", "device_id", "driver_id", "pickup_zone", "dropoff_zone"]
)
def test_of_a_new_city_nothing_is_known(field: str) -> None:
    assert not any(known for _, known in values_before("new_city", field))


def test_a_new_city_lies_elsewhere_and_its_zones_are_as_many() -> None:
    there = rare("new_city")
    assert all(payment.event.pickup_lat > 53.0 for payment in there)
    assert len({payment.event.pickup_zone for payment in there}) <= len(ZONES)
    assert not {payment.event.pickup_zone for payment in there} & HERE


def test_the_festival_brings_five_times_the_payments_in_one_night() -> None:
    times = [event_time_ms(payment.event) for payment in rare("surge")]
    everyday = len(usual("surge")) / PAST_DAYS / DAY_MS
    assert len(times) / NIGHT_MS == pytest.approx(5 * everyday, rel=0.1)
    assert sum(
        t % DAY_MS // HOUR_MS in {18, 19, 20, 21, 22, 23, 0, 1, 2, 3, 4, 5} for t in times
    ) > 0.9 * len(times)


def test_the_festival_night_is_odd() -> None:
    night = [payment.event for payment in rare("surge") if payment.fraud is None]
    grounds = {ground.zone_id for ground in GROUNDS}
    assert sum(bool({e.pickup_zone, e.dropoff_zone} & grounds) for e in night) > 0.4 * len(night)
    before = median(payment.event.amount_minor for payment in usual("surge"))
    assert median(event.amount_minor for event in night) > 1.4 * before
    rides = Counter(event.user_id for event in night)
    assert median(rides.values()) <= 3
