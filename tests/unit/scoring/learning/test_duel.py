from random import Random
from typing import Any

import pytest
from judged_rows import CUTS

from domain.cost import Costs
from domain.decision import Verdict
from scoring.learning.duel import Lot, Scored, saved_minor

COSTS = Costs()
AMOUNT = 3_000
STOPS, PASSES = 0.95, 0.01


def paid(probability: float, former_probability: float, *outcomes: str, **given: Any) -> Scored:
    known: dict[str, Any] = {"pass_through": None, "label": None, "decided_ms": 1}
    return Scored(
        decision_id="dec_1",
        amount_minor=AMOUNT,
        probability=probability,
        former_probability=former_probability,
        outcomes=list(outcomes),
        **known | given,
    )


def saved(*payments: Scored) -> list[float]:
    return saved_minor(payments, CUTS, CUTS, COSTS)


def cost(verdict: Verdict, *, fraud: bool) -> float:
    return COSTS.of(verdict, fraud=fraud).of(AMOUNT)


def test_a_fraud_that_the_predecessor_would_have_stopped_is_lost_money() -> None:
    loss = cost(Verdict.APPROVE, fraud=True)
    assert saved(paid(PASSES, STOPS, "captured", "chargeback")) == [-loss]


def test_an_honest_payment_that_the_predecessor_would_have_stopped_is_a_gain() -> None:
    refusal = cost(Verdict.DECLINE, fraud=False)
    assert saved(paid(PASSES, STOPS, "captured")) == [refusal]


def test_where_both_say_the_same_nothing_is_saved() -> None:
    assert saved(paid(PASSES, PASSES, "captured", "chargeback"), paid(STOPS, STOPS)) == [0, 0]


@pytest.mark.parametrize("outcomes", [(), ("failed",)])
def test_a_payment_that_was_let_pass_and_never_captured_says_nothing(outcomes: tuple[str, ...]) -> None:
    assert saved(paid(PASSES, STOPS, *outcomes)) == []


@pytest.mark.parametrize(("label", "sign"), [("fraud", 1), ("good", -1)])
def test_an_analysts_word_tells_what_a_stopped_payment_was(label: str, sign: int) -> None:
    (found,) = saved(paid(STOPS, PASSES, label=label))
    assert found * sign > 0


def test_a_chargeback_stands_above_an_analysts_word() -> None:
    assert saved(paid(PASSES, STOPS, "captured", "chargeback", label="good"))[0] < 0


@pytest.mark.parametrize("fraud", [0.02, 0.5, 0.95])
def test_what_was_stopped_is_worth_in_the_mean_what_it_would_have_become(fraud: float) -> None:
    """Whatever the champion believes: the drawn ones correct it. 1 in 10 here, within the cap of weights."""
    random, propensity, count = Random(6), 0.1, 40_000
    payments, worth = [], 0.0
    for _ in range(count):
        is_fraud, drawn = random.random() < fraud, random.random() < propensity
        worth += cost(Verdict.APPROVE, fraud=is_fraud) - cost(Verdict.DECLINE, fraud=is_fraud)
        told = ("captured", "chargeback") if is_fraud else ("captured",)
        lot = Lot(propensity=propensity, drawn=drawn)
        payments.append(paid(STOPS, PASSES, *(told if drawn else ()), pass_through=lot))
    assert sum(saved(*payments)) / count == pytest.approx(worth / count, abs=120)
