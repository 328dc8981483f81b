"""What each rung goes by: the model on R0 and R1, the request's own data on R2, its amount on R3."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import log2

from msgspec import Struct

from app.letters import in_letters
from app.ports import Thresholds
from app.scoring import Scored
from domain.decision import Verdict
from domain.money import format_money
from domain.reasons import Reason, top_reasons
from domain.transaction import Transaction

TOP_SCORE = 99
MOST_POINTS = 1_000  # of all rules together; twice as many as move any score to an end of the scale
POINTS_TO_DOUBLE_ODDS = 7

# Points of the policies without a model; each step is the score from which the next verdict is given.
REVIEW_FROM, CHALLENGE_FROM, DECLINE_FROM = 30, 60, 85
# Amounts in minor units, from which on the points hold.
AMOUNT_BANDS = ((30_000, 85), (12_000, 60), (4_000, 30), (0, 5))
HIGH_FARE_PER_KM_MINOR, HIGH_FARE_POINTS = 1_200, 25


POLICY_VERSION = "pol_" + in_letters(
    sha256(
        repr(
            (
                REVIEW_FROM, CHALLENGE_FROM, DECLINE_FROM, AMOUNT_BANDS,
                HIGH_FARE_PER_KM_MINOR, HIGH_FARE_POINTS, POINTS_TO_DOUBLE_ODDS,
            )
        ).encode()
    ).hexdigest()[:16]
)  # fmt: skip


class Assessment(Struct, frozen=True, kw_only=True):
    """What the score alone says, before lists and rules are heard."""

    verdict: Verdict
    score: int
    reasons: list[Reason]
    probability: float | None = None


def by_model(
    thresholds: Thresholds,
    scored: Scored,
    *,
    values: Sequence[float],
    normals: Mapping[str, float],
    currency: str,
    points: int = 0,
) -> Assessment:
    """`points` of rules move the odds as they move the score; the probability stays the model's own."""
    moved = with_points(scored.probability, points)
    return Assessment(
        verdict=thresholds.verdict(moved),
        score=shown_score(moved),
        reasons=top_reasons(values, scored.contributions, normals, currency),
        probability=scored.probability,
    )


def by_request(transaction: Transaction, points: int = 0) -> Assessment:
    """Points for what the request itself says, when there is no model or nothing recent to feed it."""
    return _by_points([_amount_band(transaction), *_fare_per_km(transaction)], points)


def by_amount(transaction: Transaction, points: int = 0) -> Assessment:
    """The default policy, when there is no time for anything else."""
    return _by_points([_amount_band(transaction)], points)


def with_points(probability: float, points: int) -> float:
    """The probability whose odds are `points` on the scale of the score away."""
    if not points or not 0 < probability < 1:
        return probability
    bounded = max(-MOST_POINTS, min(MOST_POINTS, points))  # a hundred rules may add up to an overflow
    odds = probability / (1 - probability) * 2 ** (bounded / POINTS_TO_DOUBLE_ODDS)
    return odds / (1 + odds)


def shown_score(probability: float) -> int:
    """0-99: even odds are 50, and every 7 points double the odds."""
    if probability <= 0:
        return 0
    if probability >= 1:
        return TOP_SCORE
    return min(TOP_SCORE, max(0, round(50 + POINTS_TO_DOUBLE_ODDS * log2(probability / (1 - probability)))))


def _by_points(reasons: list[Reason], points: int) -> Assessment:
    score = max(0, min(TOP_SCORE, points + sum(round(reason.contribution) for reason in reasons)))
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
