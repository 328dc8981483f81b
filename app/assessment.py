"""What each rung goes by: the model on R0 and R1, the request's own data on R2, its amount on R3."""

from math import log2

from msgspec import Struct

from app.ports import Model
from domain.decision import Verdict
from domain.moment import Moment
from domain.money import format_money
from domain.reasons import Reason, top_reasons
from domain.transaction import Transaction
from domain.vector import vector

TOP_SCORE = 99
POINTS_TO_DOUBLE_ODDS = 7

# Points of the policies without a model; each step is the score from which the next verdict is given.
REVIEW_FROM, CHALLENGE_FROM, DECLINE_FROM = 30, 60, 85
# Amounts in minor units, from which on the points hold.
AMOUNT_BANDS = ((30_000, 85), (12_000, 60), (4_000, 30), (0, 5))
HIGH_FARE_PER_KM_MINOR, HIGH_FARE_POINTS = 1_200, 25


class Assessment(Struct, frozen=True, kw_only=True):
    verdict: Verdict
    score: int
    reasons: list[Reason]
    probability: float | None = None
    vector: bytes | None = None


def by_model(model: Model, moment: Moment) -> Assessment:
    values = vector(moment)
    probability = float(model.score(values))
    return Assessment(
        verdict=model.thresholds.verdict(probability),
        score=shown_score(probability),
        reasons=top_reasons(moment, values, model.contributions(values)),
        probability=probability,
        vector=values.tobytes(),
    )


def by_request(transaction: Transaction) -> Assessment:
    """Points for what the request itself says, when there is no model or nothing recent to feed it."""
    return _by_points([_amount_band(transaction), *_fare_per_km(transaction)])


def by_amount(transaction: Transaction) -> Assessment:
    """The default policy, when there is no time for anything else."""
    return _by_points([_amount_band(transaction)])


def shown_score(probability: float) -> int:
    """0-99: even odds are 50, and every 7 points double the odds."""
    if probability <= 0:
        return 0
    if probability >= 1:
        return TOP_SCORE
    return min(TOP_SCORE, max(0, round(50 + POINTS_TO_DOUBLE_ODDS * log2(probability / (1 - probability)))))


def _by_points(reasons: list[Reason]) -> Assessment:
    score = min(TOP_SCORE, sum(round(reason.contribution) for reason in reasons))
    return Assessment(verdict=_verdict_of_points(score), score=score, reasons=reasons)


def _verdict_of_points(score: int) -> Verdict:
    if score >= DECLINE_FROM:
        return Verdict.DECLINE
    if score >= CHALLENGE_FROM:
        return Verdict.CHALLENGE
    return Verdict.REVIEW if score >= REVIEW_FROM else Verdict.APPROVE


def _amount_band(transaction: Transaction) -> Reason:
    amount = transaction.amount_minor
    points = next(points for from_minor, points in AMOUNT_BANDS if amount >= from_minor)
    sentence = f"the fare is {format_money(amount, transaction.currency)}"
    return _points("request_amount", sentence, float(amount), points)


def _fare_per_km(transaction: Transaction) -> list[Reason]:
    per_km = transaction.amount_minor * 1000 / max(transaction.distance_m, 1000)
    if per_km < HIGH_FARE_PER_KM_MINOR:
        return []
    sentence = f"the fare is {format_money(round(per_km), transaction.currency)} per km"
    return [_points("request_amount_per_km", sentence, round(per_km, 2), HIGH_FARE_POINTS)]


def _points(code: str, sentence: str, value: float, points: int) -> Reason:
    return Reason(code=code, sentence=sentence, value=value, normal=None, contribution=float(points))
