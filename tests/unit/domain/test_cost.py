import pytest

from domain.cost import Costs
from domain.decision import Verdict

COSTS = Costs()


def cost(verdict: Verdict, *, fraud: bool, amount_minor: int = 4_000) -> float:
    return COSTS.of(verdict, fraud=fraud).of(amount_minor)


@pytest.mark.parametrize(
    ("verdict", "honest", "fraud"),
    [
        (Verdict.APPROVE, 0, 4_000 + 2_500),
        (Verdict.REVIEW, 150, 150 + 0.4 * (4_000 + 2_500)),
        (Verdict.CHALLENGE, 15 + 0.2 * (1_000 + 1_000), 15 + 0.1 * (4_000 + 2_500)),
        (Verdict.DECLINE, 1_000 + 1_000, 0),
    ],
)
def test_what_a_verdict_costs(verdict: Verdict, honest: float, fraud: float) -> None:
    assert cost(verdict, fraud=False) == pytest.approx(honest)
    assert cost(verdict, fraud=True) == pytest.approx(fraud)


def test_a_severer_verdict_is_dearer_on_honest_riders_and_cheaper_on_fraud() -> None:
    severer = [Verdict.APPROVE, Verdict.REVIEW, Verdict.CHALLENGE, Verdict.DECLINE]
    fraud = [cost(verdict, fraud=True) for verdict in severer]
    assert fraud == sorted(fraud, reverse=True)
    assert cost(Verdict.APPROVE, fraud=False) < cost(Verdict.CHALLENGE, fraud=False)
    assert cost(Verdict.CHALLENGE, fraud=False) < cost(Verdict.DECLINE, fraud=False)
