"""Few payments, counted by hand; and what must hold of any."""

from itertools import combinations_with_replacement

import numpy as np
import pytest
from dial_factories import START_MS, a_city, a_past

from domain.cost import Costs
from domain.display import DAY_MS
from domain.thresholds import Thresholds
from scoring.dial.curves import CAPACITY, curve, moved
from scoring.dial.figures import (
    CHALLENGES,
    FALSE_DECLINE_LOSS,
    FALSE_DECLINES,
    FIGURES,
    FRAUD_LOSS,
    REVIEW_HOURS,
    REVIEWS,
    SAVED,
    figures_of,
)
from scoring.dial.optimum import optimum
from scoring.dial.past import GROUPS
from scoring.dial.setting import Setting, given
from scoring.money import MILDEST_FIRST, costs_minor, verdicts
from scoring.thresholds import FALSE_DECLINES_MAX

CUTS = np.array([1 / (1 + 2 ** ((50 - score) / 7)) for score in range(5, 100, 10)] + [1.0])


def at(review: float, challenge: float, decline: float, reviews_a_day: float | None = None) -> Setting:
    cuts = Thresholds(review=review, challenge=challenge, decline=decline)
    return Setting(thresholds=cuts, reviews_a_day=reviews_a_day)


USUAL = at(0.1, 0.5, 0.9)


def test_a_day_is_counted_as_by_hand() -> None:
    past = a_past(
        {"p": 0.01, "chance": 1.0, "amount_minor": 3_000},  # let through, and a fraud
        {"p": 0.2, "chance": 1.0, "amount_minor": 4_000},  # reviewed: 0.4 of it is lost
        {"p": 0.6, "chance": 0.0, "amount_minor": 2_000},  # an honest rider, challenged
        {"p": 0.95, "chance": 0.0, "amount_minor": 8_000},  # an honest rider, declined
        {"p": 0.95, "chance": 1.0, "amount_minor": 9_000},  # stopped
    )
    found = figures_of(past, USUAL)
    assert found.value(FRAUD_LOSS) == pytest.approx(5_500 + 0.4 * 6_500)
    assert found.value(FALSE_DECLINES) == pytest.approx(2)
    assert found.false_decline_share == pytest.approx(1.0)
    assert found.value(FALSE_DECLINE_LOSS) == pytest.approx(0.2 * 1_500 + 3_000)
    assert found.value(REVIEWS) == pytest.approx(1)
    assert found.value(REVIEW_HOURS) == pytest.approx(0.05)
    assert found.value(CHALLENGES) == pytest.approx(1)
    # Saved: 0.6 of the reviewed fraud less the review; nothing but cost with the honest; a whole fraud.
    assert found.value(SAVED) == pytest.approx((3_900 - 150) - (300 + 15) - 3_000 + 11_500)


def test_costs_are_those_of_the_house() -> None:
    past = a_city()
    labels = past.chances.astype(np.int64)
    by = given(past, USUAL)
    approved = np.zeros_like(by)
    saved = costs_minor(approved, labels, past.amounts_minor, Costs()) - costs_minor(
        by, labels, past.amounts_minor, Costs()
    )
    assert figures_of(past, USUAL).value(SAVED) == pytest.approx(saved.sum() / past.span_days)


def test_half_a_day_counts_twice_a_day() -> None:
    row = {"p": 0.2, "chance": 1.0}
    whole, half = a_past(row), a_past(row, until_ms=START_MS + DAY_MS // 2)
    assert half.span_days == pytest.approx(0.5)
    for figure in FIGURES:
        assert figures_of(half, USUAL).value(figure) == pytest.approx(
            2 * figures_of(whole, USUAL).value(figure)
        )


def test_a_row_stands_for_its_weight() -> None:
    three, once = a_past(*[{"p": 0.2, "group": 4}] * 3), a_past({"p": 0.2, "group": 4, "weight": 3.0})
    assert np.allclose(figures_of(three, USUAL).by_group, figures_of(once, USUAL).by_group)


@pytest.mark.parametrize(
    ("capacity", "reviewed"), [(0, []), (1, [0.4]), (2, [0.4, 0.3]), (9, [0.4, 0.3, 0.2])]
)
def test_the_riskiest_are_reviewed_and_the_rest_go_through(capacity: float, reviewed: list[float]) -> None:
    past = a_past({"p": 0.2}, {"p": 0.4}, {"p": 0.3}, {"p": 0.95}, {"p": 0.02})
    verdict = given(past, at(0.1, 0.5, 0.9, capacity))
    names = [MILDEST_FIRST[place] for place in verdict]
    assert [p for p, name in zip(past.probabilities, names, strict=True) if name == "review"] == reviewed
    assert names[0] == "decline"
    assert figures_of(past, at(0.1, 0.5, 0.9, capacity)).value(REVIEWS) == len(reviewed)


def test_every_day_has_its_own_capacity_and_part_of_a_day_a_part() -> None:
    day = [{"p": p, "decided_ms": START_MS + n * DAY_MS} for n in range(3) for p in (0.2, 0.3)]
    past = a_past(*day, until_ms=START_MS + 2 * DAY_MS + DAY_MS // 2)
    verdict = given(past, at(0.1, 0.5, 0.9, 1))
    assert [MILDEST_FIRST[place] == "review" for place in verdict] == [True, False, True, False, False, False]


def test_what_a_rule_or_a_list_said_is_not_moved_and_rules_come_first_to_review() -> None:
    past = a_past({"p": 0.99, "fixed": 0}, {"p": 0.02, "fixed": 1}, {"p": 0.3}, {"p": 0.4})
    verdict = given(past, at(0.1, 0.5, 0.9, 2))
    names = {p: str(MILDEST_FIRST[place]) for p, place in zip(past.probabilities, verdict, strict=True)}
    assert names == {0.99: "approve", 0.02: "review", 0.4: "review", 0.3: "approve"}


def test_only_what_a_threshold_touches_is_looked_at_and_nothing_is_lost() -> None:
    past = a_city()
    touched = past.at_or_above(0.3)
    assert len(touched) < len(past) / 2
    for setting in (at(0.3, 0.5, 0.9), at(0.3, 0.5, 0.9, 3)):
        cells = np.bincount(given(past, setting), past.weights * past.chances, 4)
        some = np.bincount(given(touched, setting), touched.weights * touched.chances, 4)
        assert np.allclose(cells[1:], some[1:])


def test_the_band_holds_the_figure_and_narrows_with_more_riders() -> None:
    few, many = (figures_of(a_city(payments), USUAL).ranges() for payments in (1_000, 16_000))
    for figure in FIGURES:
        for found in (few, many):
            assert found[figure].low <= found[figure].value <= found[figure].high
    relative = [(found[SAVED].high - found[SAVED].low) / found[SAVED].value for found in (few, many)]
    assert relative[1] < relative[0] / 2


def test_the_band_covers_the_truth_of_a_city_as_often_as_it_says() -> None:
    cities = [figures_of(a_city(2_000, seed=seed), USUAL).ranges()[FRAUD_LOSS] for seed in range(60)]
    truth = np.mean([found.value for found in cities])
    covered = np.mean([found.low <= truth <= found.high for found in cities])
    assert 0.78 <= covered <= 0.99


def test_a_difference_has_a_band_of_its_own() -> None:
    past = a_city()
    one, other = figures_of(past, USUAL), figures_of(past, at(0.1, 0.5, 0.92))
    change = other.change_from(one)
    assert one.change_from(one)[SAVED].high == 0.0
    assert change[SAVED].value == pytest.approx(other.value(SAVED) - one.value(SAVED))
    apart = other.ranges()[SAVED]
    assert change[SAVED].high - change[SAVED].low < apart.high - apart.low  # the riders are the same


@pytest.mark.parametrize("capacity", [None, 0.0, 2.0, 15.0])
@pytest.mark.parametrize("most", [FALSE_DECLINES_MAX, 0.05, 1.0])
def test_no_setting_of_the_sliders_saves_more_than_the_optimum(capacity: float | None, most: float) -> None:
    past = a_city(1_500)
    best = optimum(past, CUTS, reviews_a_day=capacity, false_declines_max=most)
    saved = figures_of(past, best).value(SAVED)
    moved_rows = past.fixed == -1
    honest = (past.weights * (1 - past.chances))[moved_rows]
    for cuts in combinations_with_replacement(CUTS.tolist(), 3):
        setting = at(*cuts, capacity)
        stopped = honest @ (verdicts(past.probabilities[moved_rows], setting.thresholds) >= 2)
        if stopped <= most * honest.sum():
            assert figures_of(past, setting).value(SAVED) <= saved + 1e-6, setting


def test_the_optimum_asks_for_no_more_reviews_than_can_be_done() -> None:
    past = a_city(1_500)
    best = optimum(past, CUTS, reviews_a_day=0)
    assert best.thresholds.review == best.thresholds.challenge
    assert figures_of(past, best).value(REVIEW_HOURS) == pytest.approx(
        0.05 * figures_of(past, best).value(REVIEWS)
    )


def test_where_everybody_is_honest_nothing_is_stopped() -> None:
    past = a_past(*[{"p": p / 100, "chance": 0.0} for p in range(1, 100)])
    best = optimum(past, CUTS, reviews_a_day=None)
    assert (best.thresholds.review, best.thresholds.decline) == (1.0, 1.0)
    assert figures_of(past, best).value(SAVED) == 0.0


def test_a_curve_goes_through_what_the_sliders_show() -> None:
    past = a_city()
    points = curve(past, USUAL, "decline", [0.3, 0.9, 1.0])
    for point in points:
        there = figures_of(past, moved(USUAL, "decline", point.at))
        assert point.saved.value == pytest.approx(there.value(SAVED))
        assert point.fraud_loss.value == pytest.approx(there.value(FRAUD_LOSS))
        assert point.saved.low <= point.saved.value <= point.saved.high
    assert points[0].fraud_loss.value < points[2].fraud_loss.value


@pytest.mark.parametrize(
    ("slider", "place", "expected"),
    [
        ("review", 0.6, (0.6, 0.6, 0.9)),
        ("review", 0.95, (0.95, 0.95, 0.95)),
        ("challenge", 0.05, (0.05, 0.05, 0.9)),
        ("challenge", 0.95, (0.1, 0.95, 0.95)),
        ("decline", 0.3, (0.1, 0.3, 0.3)),
    ],
)
def test_a_threshold_takes_along_those_that_it_passes(
    slider: str, place: float, expected: tuple[float, float, float]
) -> None:
    cuts = moved(USUAL, slider, place).thresholds
    assert (cuts.review, cuts.challenge, cuts.decline) == expected


def test_capacity_is_a_slider_too() -> None:
    past = a_city()
    points = curve(past, USUAL, CAPACITY, [0, 5, 1_000])
    assert points[0].fraud_loss.value > points[2].fraud_loss.value
    assert GROUPS > 100  # a band of few groups would be no band
