"""The champion against its predecessor, on matured payments that the champion decided and the other scored.

What the champion stopped nobody ever paid, so nobody knows what it would have become. Such a payment counts
by the champion's own probability; the few that were let through at random correct it, each for as many as it
stands for. Without them a champion would pay for the fraud it let pass and get nothing for what it stopped.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct
from psycopg.rows import dict_row

from domain.cost import Costs
from domain.decision import Outcome, Verdict
from domain.labels import Label
from domain.models import ModelState
from domain.thresholds import Thresholds
from scoring.learning.rounds import Round, query
from scoring.learning.workshop import LEARNER, Workshop
from scoring.registry import MoveRefused, RegisteredModel
from scoring.weights import WEIGHT_MAX

MOST = 50_000


class Lot(Struct, frozen=True, kw_only=True):
    """What the lottery of passed-through payments said of one that would have been stopped."""

    propensity: float
    drawn: bool


class Scored(Struct, frozen=True, kw_only=True):
    """A matured payment; probabilities are the champion's and its predecessor's."""

    decision_id: str
    amount_minor: int
    probability: float
    former_probability: float
    pass_through: Lot | None
    decided_ms: int
    outcomes: list[str]
    label: str | None

    @property
    def is_fraud(self) -> bool | None:
        """None where nobody can know: it was never captured, and no analyst has said a word."""
        if Outcome.CHARGEBACK in self.outcomes:
            return True
        if self.label:
            return self.label == Label.FRAUD
        return False if Outcome.CAPTURED in self.outcomes else None


def saved_minor(
    payments: Iterable[Scored], champion: Thresholds, former: Thresholds, costs: Costs
) -> list[float]:
    """What the champion saved on each payment that says something, in order; minor units, below 0 lost."""
    found = []
    for payment in payments:
        verdict, before = champion.verdict(payment.probability), former.verdict(payment.former_probability)
        saved = _saved(payment, verdict, before, costs)
        if saved is not None:
            found.append(saved)
    return found


def _saved(payment: Scored, verdict: Verdict, before: Verdict, costs: Costs) -> float | None:
    if_fraud, if_honest = (
        costs.of(before, fraud=fraud).of(payment.amount_minor)
        - costs.of(verdict, fraud=fraud).of(payment.amount_minor)
        for fraud in (True, False)
    )
    truth, lot = payment.is_fraud, payment.pass_through
    if truth is not None and (lot is None or not lot.drawn):
        return if_fraud if truth else if_honest
    if truth is None and not verdict.stops_payment:
        return None
    expected = payment.probability * if_fraud + (1 - payment.probability) * if_honest
    if truth is None or lot is None:
        return expected
    stands_for = min(1 / lot.propensity, WEIGHT_MAX)
    return expected + stands_for * ((if_fraud if truth else if_honest) - expected)


def fight(workshop: Workshop, champion: RegisteredModel) -> Round | None:
    """Rolls back when the predecessor is the better one; a round only if something was done."""
    former = workshop.registry.former_champion()
    if former is None or former.state is not ModelState.SHADOW:
        return None
    payments = _payments(workshop, champion, former)
    if not payments:
        return None
    from scoring.registry.sequential import Comparison

    comparison = Comparison()
    cuts = [_thresholds(workshop, model.version) for model in (champion, former)]
    finding = comparison.add(saved_minor(payments, cuts[0], cuts[1], Costs()))
    if finding == "undecided":
        return None
    sentence = comparison.sentence()
    if finding == "better":
        workshop.registry.retire(former.version, by=LEARNER, why=f"its successor is {sentence}")
        return None
    try:
        workshop.registry.rollback(by=LEARNER, why=f"{champion.version} is {sentence}")
    except MoveRefused as problem:
        return Round(verdict="refused", why=f"{champion.version} is {sentence}; but {problem}")
    return Round(
        verdict="rolled_back",
        why=f"{former.version} is champion again: {champion.version} is {sentence}.",
        candidate=champion.version,
    )


def _payments(workshop: Workshop, champion: RegisteredModel, former: RegisteredModel) -> Sequence[Scored]:
    values = {
        "champion": champion.version,
        "former": former.version,
        "since": datetime.fromtimestamp(champion.active_from_ms / 1000, UTC),
        "matured_before": datetime.fromtimestamp(workshop.matured_before_ms / 1000, UTC),
        "most": MOST,
    }
    with workshop.connection.cursor(row_factory=dict_row) as cursor:
        return [_scored(row) for row in cursor.execute(query("duel"), values)]


def _scored(row: Mapping[str, Any]) -> Scored:
    return msgspec.convert(row, Scored)


def _thresholds(workshop: Workshop, version: str) -> Thresholds:
    from scoring.signature import read_signature

    folder = workshop.registry.folder_of(version, workshop.scratch)
    return read_signature(folder, workshop.settings.key).thresholds
