from array import array

import pytest
from factories import NOW_MS, a_request, stored
from fakes import FakeModel

from app.assessment import by_amount, by_model, by_request, shown_score
from domain.catalogue import FEATURE_NAMES
from domain.decision import Verdict
from domain.vector import observe, vector


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


def test_the_model_is_shown_the_vector_that_is_kept() -> None:
    features, model = stored(), FakeModel(0.6)
    moment = observe(
        card=features.card,
        user=features.user,
        profile=None,
        transaction=a_request().transaction(),
        as_of_ms=NOW_MS,
    )
    assessed = by_model(model, moment)
    assert assessed.vector == vector(moment).tobytes()
    kept = array("f", assessed.vector)
    assert len(kept) == len(FEATURE_NAMES)
    assert (assessed.verdict, assessed.probability, assessed.score) == (
        Verdict.DECLINE,
        0.6,
        shown_score(0.6),
    )
    assert [reason.code for reason in assessed.reasons] == list(FEATURE_NAMES[:3])


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
    assessed = by_amount(a_request(amount_minor=amount_minor, distance_m=0).transaction())
    assert assessed.verdict is verdict
    assert (assessed.probability, assessed.vector) == (None, None)
    assert 0 <= assessed.score <= 99
    [reason] = assessed.reasons
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
