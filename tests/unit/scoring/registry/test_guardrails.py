"""A canary is stopped for what is wrong with it, and not for bad luck."""

import numpy as np
import pytest

from scoring.registry.guardrails import Decided, Limits, compare, psi


def decided(
    number: int, *, seed: int = 1, slower: float = 1.0, declines: float = 0.02, risk: float = 1.0
) -> Decided:
    random = np.random.default_rng(seed)
    return Decided(
        latencies_us=(slower * random.lognormal(8.5, 0.4, number)).astype(np.int64),
        declined=random.random(number) < declines,
        probabilities=np.minimum(risk * random.beta(0.3, 20, number), 1.0),
    )


def test_the_same_behaviour_is_healthy_whatever_the_chance() -> None:
    champion = decided(4_000, seed=99)
    found = [compare(decided(250, seed=seed), champion, Limits()) for seed in range(300)]
    assert sum(health.standing != "ok" for health in found) <= 2
    assert "declined" in found[0].why


@pytest.mark.parametrize(
    ("canary", "why"),
    [
        (decided(400, slower=3.0), "slow"),
        (decided(400, declines=0.12), "declines 1"),
        (decided(3_000, declines=0.0), "declines only 0.0 %"),
        (decided(400, risk=8.0), "PSI"),
    ],
)
def test_what_breaks_a_limit_is_named(canary: Decided, why: str) -> None:
    health = compare(canary, decided(4_000, seed=99), Limits())
    assert health.standing == "breach"
    assert why in health.why


def test_a_few_slow_payments_are_bad_luck() -> None:
    canary, champion = decided(400), decided(4_000, seed=99)
    canary.latencies_us[:6] = 10_000_000
    assert canary.p99_us > 100 * champion.p99_us
    assert compare(canary, champion, Limits()).standing == "ok"


@pytest.mark.parametrize(
    ("canary", "champion", "who"), [(199, 5_000, "canary"), (500, 10, "champion"), (0, 0, "canary")]
)
def test_few_payments_say_nothing(canary: int, champion: int, who: str) -> None:
    health = compare(decided(canary), decided(champion), Limits())
    assert health.standing == "too few"
    assert f"the {who} decided" in health.why


def test_a_model_that_scores_alike_has_no_psi() -> None:
    same = decided(10_000).probabilities
    assert psi(same, same) == 0
    assert psi(same, decided(10_000, seed=2).probabilities) < 0.01 < psi(same, np.full(10_000, 0.9))
