"""What a moment tells of the rider's usual, of the ride, and of the storm around."""

from math import isnan

import pytest
from event_factories import (
    NOW_MS,
    a_cancel,
    a_correction,
    a_history,
    a_payment,
    a_ride_request,
    a_transaction,
    an_account,
)
from hypothesis import given
from hypothesis import strategies as st
from moments import moment_of

from domain.decision import Verdict
from domain.display import DAY_MS, HOUR_MS, MINUTE_MS
from domain.events import Event
from domain.history import RECENT_CAP, RIDES_CAP, History
from domain.moment import distance_km
from domain.tiles import WEEK
from domain.vector import observe


def paid(*amounts: int) -> list[Event]:
    return [a_payment(at_ms=NOW_MS - HOUR_MS, amount_minor=amount) for amount in amounts]


@pytest.mark.parametrize(
    ("here", "there", "km"),
    [
        ((40.71, -74.0), (40.71, -74.0), 0),
        ((0, 0), (0, 1), 111.19),
        ((51.5, -0.12), (48.85, 2.35), 343),
        ((0, 0), (0, 180), 20_015),
        ((90, 0), (-90, 0), 20_015),
    ],
)
def test_distances(here: tuple[float, float], there: tuple[float, float], km: float) -> None:
    assert distance_km(*here, *there) == pytest.approx(km, rel=5e-3)


def test_a_moment_refuses_to_speak_of_unknown_entities() -> None:
    moment = observe(transaction=a_transaction(), as_of_ms=NOW_MS)
    with pytest.raises(AssertionError, match="known entities only"):
        moment.account()
    with pytest.raises(AssertionError, match="known entities only"):
        moment.history("card")
    with pytest.raises(AssertionError, match="known entities only"):
        moment.before("device")
    with pytest.raises(AssertionError, match="known entities only"):
        moment.zone_total("payments", WEEK)
    with pytest.raises(AssertionError, match="zone or pulse is known"):
        moment.decline_rise(moment.pulse)


def test_the_usual_amount_is_the_mean_of_what_was_let_through() -> None:
    declined = a_payment(at_ms=NOW_MS - HOUR_MS, amount_minor=9_000, verdict=Verdict.DECLINE)
    moment = moment_of(*paid(1_000, 2_000, 3_600), declined, amount_minor=4_400)
    assert moment.mean_amount() == 2_200
    assert moment.amount_ratio() == 2


def test_the_transaction_is_no_part_of_its_own_usual() -> None:
    assert moment_of(*paid(500, 500, 500), amount_minor=10**9).mean_amount() == 500


@pytest.mark.parametrize("past", [[], paid(900), paid(900, 900)])
def test_fewer_than_three_payments_make_no_usual(past: list[Event]) -> None:
    moment = moment_of(*past, an_account())
    assert isnan(moment.mean_amount())
    if past:
        assert isnan(moment.amount_ratio())
        assert isnan(moment.amount_rank())


def test_a_correction_told_before_its_payment_makes_no_usual_of_less_than_nothing() -> None:
    down = a_correction(before_minor=1_000, after_minor=1)
    assert isnan(moment_of(*paid(100, 100, 100), down).mean_amount())
    assert isnan(moment_of(*paid(333, 333, 333), down).mean_amount())
    assert moment_of(*paid(333, 333, 334), down).mean_amount() == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("amount_minor", "rank"),
    [(1, 0), (100, 0), (128, 1 / 4), (1_023, 1 / 4), (1_024, 2 / 4), (2_048, 3 / 4), (8_192, 1)],
)
def test_the_rank_is_the_share_of_payments_of_a_lower_power_of_two(amount_minor: int, rank: float) -> None:
    """100 is of 64 to 127, 1,000 of 512 to 1,023, 1,100 of 1,024 to 2,047, 5,000 of 4,096 to 8,191."""
    assert moment_of(*paid(100, 1_000, 1_100, 5_000), amount_minor=amount_minor).amount_rank() == rank


@pytest.mark.parametrize(
    ("usual_minor", "before_minor", "after_minor", "rank"), [(5_000, 100, 9_000, 0), (100, 9_000, 200, 1)]
)
def test_a_rank_stays_between_none_and_all(
    usual_minor: int, before_minor: int, after_minor: int, rank: float
) -> None:
    """The correction is told before the payment it is about, and takes that from a bucket or adds it."""
    correction = a_correction(before_minor=before_minor, after_minor=after_minor)
    moment = moment_of(*paid(*[usual_minor] * 3), correction, amount_minor=1_850)
    assert moment.amount_rank() == rank


@given(data=st.data())
def test_ride_and_payment_join_in_either_order(data: st.DataObject) -> None:
    told: list[Event] = [
        a_ride_request(at_ms=NOW_MS - 20 * MINUTE_MS, estimate_minor=1_000),
        a_ride_request(at_ms=NOW_MS - 30 * MINUTE_MS, estimate_minor=9_999),
        a_ride_request(at_ms=NOW_MS - 10 * MINUTE_MS, estimate_minor=7_000, ride_id="ride_b"),
        *paid(800),
    ]
    moment = moment_of(*data.draw(st.permutations(told)), amount_minor=1_500)
    assert moment.estimate_ratio() == 1.5


def test_the_greater_of_two_estimates_of_one_instant_holds() -> None:
    told = [a_ride_request(estimate_minor=estimate) for estimate in (2_000, 1_000)]
    for stream in (told, told[::-1]):
        assert moment_of(*stream, amount_minor=1_000).estimate_ratio() == 0.5


def test_a_request_told_after_the_payment_changes_later_vectors() -> None:
    request = a_ride_request(at_ms=NOW_MS - MINUTE_MS, estimate_minor=1_000)
    assert isnan(moment_of(*paid(800)).estimate_ratio())
    assert moment_of(*paid(800), request).estimate_ratio() == 1.85


def test_a_ride_never_heard_of_and_one_long_gone_have_no_estimate() -> None:
    rides: list[Event] = [a_ride_request(at_ms=NOW_MS + i, ride_id=f"ride_{i}") for i in range(RIDES_CAP + 1)]
    assert isnan(moment_of(*rides, ride_id="ride_unheard").estimate_ratio())
    assert isnan(moment_of(*rides, ride_id="ride_0").estimate_ratio())
    assert moment_of(*rides, ride_id="ride_1").estimate_ratio() == 1


@pytest.mark.parametrize("payments", [0, 1, RECENT_CAP, RECENT_CAP + 5])
def test_a_driver_paid_again_and_again_is_counted_up_to_the_newest_payments(payments: int) -> None:
    others = [a_payment(at_ms=NOW_MS - DAY_MS, driver_id="drv_b")]
    with_driver = [a_payment(at_ms=NOW_MS - HOUR_MS + i) for i in range(payments)]
    assert moment_of(*others, *with_driver).driver_repeats() == min(payments, RECENT_CAP)


def test_newer_payments_to_others_push_a_driver_out() -> None:
    old = a_payment(at_ms=NOW_MS - DAY_MS)
    others = [a_payment(at_ms=NOW_MS - HOUR_MS + i, driver_id="drv_b") for i in range(RECENT_CAP)]
    assert moment_of(old, *others[1:]).driver_repeats() == 1
    assert moment_of(old, *others).driver_repeats() == 0


def test_cancelled_rides_are_a_share_of_those_asked_for() -> None:
    told: list[Event] = [a_ride_request(), a_ride_request(), a_cancel(), a_ride_request(), a_ride_request()]
    assert moment_of(*told).cancel_ratio(WEEK) == 1 / 4
    assert moment_of(a_ride_request(), a_cancel(), a_cancel()).cancel_ratio(WEEK) == 2


def test_without_rides_asked_for_there_is_no_share() -> None:
    assert isnan(moment_of(a_cancel()).cancel_ratio(WEEK))
    asked_long_ago = a_ride_request(at_ms=NOW_MS - 8 * DAY_MS)
    assert isnan(moment_of(asked_long_ago, a_cancel()).cancel_ratio(WEEK))


def storm(*, declined: int, passed: int, of_last_days: int) -> float:
    hour_ago, days_ago = NOW_MS - 30 * MINUTE_MS, NOW_MS - 3 * DAY_MS
    told = [a_payment(at_ms=hour_ago, verdict=Verdict.DECLINE) for _ in range(declined)]
    told += [a_payment(at_ms=hour_ago) for _ in range(passed)]
    told += [a_payment(at_ms=days_ago) for _ in range(of_last_days)]
    moment = observe(
        zone=a_history("zone", *told) if told else History(),
        transaction=a_transaction(),
        as_of_ms=NOW_MS,
    )
    return moment.decline_rise(moment.zone)


@pytest.mark.parametrize(
    ("declined", "passed", "of_last_days", "rise"),
    [
        (0, 0, 0, 1),
        (0, 0, 800, 1),  # an empty hour says nothing
        (0, 80, 800, 20 / 100),  # and a clean one calms
        (1, 0, 0, (1 + 20 * 2 / 21) / 21 / (2 / 21)),
        (20, 60, 800, (20 + 20 * 21 / 900) / 100 / (21 / 900)),
        (40, 40, 120, (40 + 20 * 41 / 220) / 100 / (41 / 220)),
    ],
)
def test_a_storm_of_declines_is_the_last_hour_over_the_last_seven_days(
    declined: int, passed: int, of_last_days: int, rise: float
) -> None:
    found = storm(declined=declined, passed=passed, of_last_days=of_last_days)
    assert found == pytest.approx(rise)
