from array import array

import pytest
from factories import a_request
from fakes import FakeModel
from hypothesis import given
from hypothesis import strategies as st

from app.assessment import Assessment, by_amount, by_model, by_request, shown_score, with_points
from app.scoring import score
from domain.catalogue import FEATURE_NAMES
from domain.decision import Verdict

VALUES = array("f", [1.0] * len(FEATURE_NAMES))


@pytest.mark.parametrize(
    ("probability", "score"),
    [(0.0, 0), (1e-9, 0), (0.02, 11), (1 / 3, 43), (0.5, 50), (2 / 3, 57), (0.99, 96),
     (0.999999, 99), (1.0, 99)],
)  # fmt: skip
def test_the_shown_score_doubles_the_odds_every_seven_points(probability: float, score: int) -> None:
    assert shown_score(probability) == score


def test_the_shown_score_never_falls_as_the_probability_rises() -> None:
    scores = [shown_score(step / 1000) for step in range(1001)]
    assert scores == sorted(scores)
    assert set(scores) <= set(range(100))


def assessed(probability: float = 0.6, points: int = 0, **normals: float) -> Assessment:
    model = FakeModel(probability)
    return by_model(
        model.thresholds, score(model, VALUES), values=VALUES, normals=normals, currency="USD", points=points
    )


def test_the_model_decides_by_its_thresholds_and_names_what_drove_it() -> None:
    found = assessed(0.6)
    assert (found.verdict, found.probability, found.score) == (Verdict.DECLINE, 0.6, shown_score(0.6))
    assert [reason.code for reason in found.reasons] == list(FEATURE_NAMES[:3])
    assert found.reasons[0].contribution == len(FEATURE_NAMES)


def test_a_reason_bears_the_riders_normal() -> None:
    [first, *_] = assessed(amount=1_900.0).reasons
    assert (first.code, first.normal) == ("amount", 1_900.0)
    assert first.sentence.endswith("usual for this rider is $19.00")


def test_points_move_verdict_and_score_and_leave_the_probability() -> None:
    lower, higher = assessed(0.6, -20), assessed(0.4, 20)
    assert (lower.verdict, higher.verdict) == (Verdict.APPROVE, Verdict.DECLINE)
    assert (lower.score, higher.score) == (shown_score(0.6) - 20, shown_score(0.4) + 20)
    assert (lower.probability, higher.probability) == (0.6, 0.4)


@given(st.floats(0.06, 0.94), st.integers(-20, 20))
def test_a_point_is_a_point_of_the_score(probability: float, points: int) -> None:
    moved = shown_score(with_points(probability, points))
    assert abs(moved - (shown_score(probability) + points)) <= 1  # each is rounded


def _clamped(score: int) -> int:
    return max(0, min(99, score))


@given(st.floats(0, 1), st.integers(-10_000, 10_000), st.integers(0, 10_000))
def test_more_points_never_lower_the_risk(probability: float, points: int, more: int) -> None:
    low, high = with_points(probability, points), with_points(probability, points + more)
    assert 0 <= low <= high <= 1


def test_no_points_leave_the_probability_to_the_last_bit() -> None:
    assert all(with_points(p, 0) == p for p in (0.0, 1e-300, 0.1, 1 / 3, 1.0))
    assert with_points(1 / 3, 7) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("amount_minor", "verdict"),
    [
        (3_999, Verdict.APPROVE),
        (4_000, Verdict.REVIEW),
        (12_000, Verdict.CHALLENGE),
        (30_000, Verdict.DECLINE),
        (10**12, Verdict.DECLINE),
    ],
)
def test_the_default_policy_goes_by_amount_band(amount_minor: int, verdict: Verdict) -> None:
    found = by_amount(a_request(amount_minor=amount_minor, distance_m=0).transaction())
    assert (found.verdict, found.probability) == (verdict, None)
    assert 0 <= found.score <= 99
    [reason] = found.reasons
    assert reason.sentence.startswith("the fare is $")


def test_the_request_policy_also_asks_for_the_fare_per_km() -> None:
    usual = by_request(a_request(amount_minor=2_000, distance_m=8_000).transaction())
    dear = by_request(a_request(amount_minor=2_000, distance_m=1_000).transaction())
    assert (usual.verdict, dear.verdict) == (Verdict.APPROVE, Verdict.REVIEW)
    assert [reason.code for reason in dear.reasons] == ["request_amount", "request_amount_per_km"]
    assert dear.reasons[1].sentence == "the fare is $20.00 per km"
    assert dear.score == sum(reason.contribution for reason in dear.reasons)


def test_a_minimum_fare_for_a_short_ride_is_no_high_fare() -> None:
    assert by_request(a_request(amount_minor=900, distance_m=150).transaction()).verdict is Verdict.APPROVE


@pytest.mark.parametrize(
    ("points", "verdict"), [(-99, "approve"), (0, "approve"), (25, "review"), (99, "decline")]
)
def test_points_move_the_policies_without_a_model_too(points: int, verdict: str) -> None:
    transaction = a_request(amount_minor=900, distance_m=1_000).transaction()
    for policy in (by_amount, by_request):
        found = policy(transaction, points)
        assert (found.verdict, found.score) == (verdict, _clamped(5 + points))
