"""The dial's sentences, its scale, and rows of the ledger as the arrays it works on."""

from typing import Any

import numpy as np
import pytest
from dial_page_factories import OWN, a_period, a_standing, a_version

from app.assessment import shown_score, with_points
from dashboard.views.dial import state, wording
from dashboard.views.dial.gathering import NO_MODEL, NOT_PAID, gathered
from dashboard.views.dial.readings import NOTHING_STOPS
from dashboard.views.dial.scale import NEVER, POSITIONS, Scale, in_order, position_of, probability_at
from domain.display import DAY_MS
from domain.policy import Policy
from domain.thresholds import Thresholds
from scoring.dial.figures import FALSE_DECLINES, FRAUD_LOSS, REVIEWS, SAVED, Range
from scoring.dial.past import MOVED
from scoring.dial.setting import Setting

NOW_MS = 20_000 * DAY_MS


def test_positions_are_the_scores_that_the_api_shows() -> None:
    for position in POSITIONS[:-1]:
        assert shown_score(probability_at(position)) == position == position_of(probability_at(position))
    assert position_of(1.0) == NEVER


def test_the_present_stands_exactly_on_the_scale() -> None:
    scale = Scale(present=OWN)
    assert scale.cuts[30] == OWN.review != probability_at(30)
    assert (np.diff(scale.cuts) > 0).all()
    assert scale.thresholds(scale.positions(OWN)) is OWN
    close = Thresholds(review=0.100, challenge=0.101, decline=0.102)
    assert Scale(present=close).thresholds(Scale(present=close).positions(close)) == close
    assert (np.diff(Scale(present=NOTHING_STOPS).cuts) > 0).all()


@pytest.mark.parametrize(
    ("moved", "at", "expected"), [("review", 80, [80, 80, 80]), ("decline", 10, [10, 10, 10])]
)
def test_sliders_stay_in_order(moved: str, at: int, expected: list[int]) -> None:
    positions = {"review": 30, "challenge": 50, "decline": 70, moved: at}
    assert list(in_order(positions, moved).values()) == expected


def test_capacities_are_round_and_hold_the_present_one() -> None:
    assert state.capacities("all", 60.0)[-3:] == [115, 120, "all"]
    assert 37 in state.capacities(37, 0.0)
    assert state.nearest([0, 5, 10, "all"], 8) == 10
    assert state.nearest([0, 5, "all"], "all") == "all"


def test_an_effect_is_one_sentence_with_its_bands() -> None:
    change = {
        REVIEWS: Range(value=12.2, low=10, high=14),
        FALSE_DECLINES: Range(value=0.01, low=0, high=0.02),
        FRAUD_LOSS: Range(value=-34_000, low=-56_000, high=-12_000),
        SAVED: Range(value=3_000, low=-1_000, high=9_000),
    }
    assert wording.effect(change) == (
        "about 12 more reviews a day, $340 less lost to fraud a day [$120 to $560], "
        "$30.00 more net money saved a day [-$10.00 to +$90.00]"
    )
    assert "do not say which is better" in wording.certainty(change)
    assert wording.effect({**change, REVIEWS: Range(value=-12, low=-14, high=-10)}).startswith(
        "about 12 fewer reviews a day, $340 less"
    )
    sure = {SAVED: Range(value=5, low=1, high=9)}
    assert wording.certainty(sure) == "Even the low end of the band is a gain."
    nothing = dict.fromkeys(change, Range(value=0, low=0, high=0))
    assert wording.effect(nothing) == "nothing that these payments could tell"


def test_what_is_in_force_is_told() -> None:
    assert "No model is in charge" in wording.in_force(a_standing(champion=None))
    cleared = Policy(version=9)
    assert "own thresholds" in wording.in_force(a_standing(cleared))
    assert wording.policy(cleared) == "each model's own"
    assert a_standing(Policy(version=9, reviews_a_day=5)).present == Setting(thresholds=OWN, reviews_a_day=5)
    assert a_standing(champion=None).present.thresholds == NOTHING_STOPS
    assert a_version(cleared).policy is cleared


def test_a_sample_is_told() -> None:
    assert "Of approved ones a sample was read: 8.0 %." in wording.known(a_period(one_in=12.5))
    assert "sample" not in wording.known(a_period())


def test_differences_are_told_line_by_line() -> None:
    before = Setting(thresholds=OWN)
    after = Setting(
        thresholds=Thresholds(review=OWN.review, challenge=OWN.challenge, decline=1.0), reviews_a_day=120
    )
    assert wording.differences(before, after) == [
        "Decline begins at score never instead of 70 (87.9 %).",
        "Reviews: 120 a day instead of all that come.",
    ]


def a_row(**given: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "decided_ms": NOW_MS - DAY_MS,
        "verdict": "approve",
        "probability": 0.2,
        "amount_minor": 1_000,
        "rider": 5,
        "by_list": False,
        "drawn": None,
        "propensity": None,
        "rules": None,
        "outcomes": ["captured"],
        "label": None,
    }
    return defaults | given


def a_hit(action: str, **given: Any) -> dict[str, Any]:
    return {"rule_id": "rule_a", "action": action, "points": None, "acted": True, **given}


def of(*rows: dict[str, Any], approved: tuple[dict[str, Any], ...] = (), one_in: float = 1.0) -> Any:
    return gathered(rows, approved, one_in=one_in, now_ms=NOW_MS, maturity_ms=90 * DAY_MS)


def test_labels_are_those_of_the_house() -> None:
    past, _ = of(
        a_row(outcomes=["captured", "chargeback"], label="good"),
        a_row(label="fraud"),
        a_row(label="good"),
        a_row(label="unknown"),
        a_row(decided_ms=NOW_MS - 91 * DAY_MS),
        a_row(verdict="decline", outcomes=[], probability=0.9),
    )
    assert (past.frauds, past.goods) == (2, 2)
    assert sorted(past.chances)[:2] == [0.0, 0.0]
    assert sorted(past.chances)[-3:] == pytest.approx([0.9, 1.0, 1.0])
    assert 0 < sorted(past.chances)[2] < 0.2  # by the model, and a day of silence


def test_what_thresholds_never_touch_is_fixed_and_points_move_the_probability() -> None:
    past, _ = of(
        a_row(probability=0.9, verdict="approve", by_list=True),
        a_row(probability=0.8, verdict="review", rules=[a_hit("review")]),
        a_row(probability=0.7, verdict="decline", rules=[a_hit("add_score", points=7)]),
        a_row(probability=0.01, verdict="approve", rules=[a_hit("decline", acted=False)]),
    )
    fixed = dict(zip(past.probabilities.round(3).tolist(), past.fixed.tolist(), strict=True))
    moved = round(with_points(0.7, 7), 3)
    assert fixed == {0.9: 0, 0.8: 1, moved: MOVED, 0.01: MOVED}


def test_a_sample_stands_for_all_and_nobody_counts_twice() -> None:
    charged = a_row(outcomes=["captured", "chargeback"])
    past, _ = of(charged, approved=(charged, a_row(), a_row()), one_in=4.0)
    assert sorted(past.weights) == [1.0, 4.0, 4.0]
    assert past.payments == 9.0


def test_what_is_left_out_is_counted_by_its_reason() -> None:
    past, left_out = of(
        a_row(probability=None), a_row(outcomes=["failed"]), approved=(a_row(probability=None),), one_in=3.0
    )
    assert past is None
    assert left_out == {NO_MODEL: 4, NOT_PAID: 1}


def test_one_let_through_by_lot_stands_for_its_like() -> None:
    past, _ = of(a_row(drawn=True, propensity=0.1, probability=0.6, label="fraud"))
    assert past.chances.tolist() == [pytest.approx(0.6 + 10 * 0.4)]
