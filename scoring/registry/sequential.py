"""Which of two models is better, asked after every payment and still wrong at most `alpha` of the time.

Each payment that both models judged is a pair: what the champion's verdict cost less what the challenger's
cost, in units of `unit_minor`, cut to [-1, 1]. Two gamblers start with 1 each: one bets on every next pair
that the challenger saves, the other that it loses. While neither model is better no capital is expected to
grow, so one comes to 2 / alpha with a chance of alpha / 2 at most, however often one looks: Ville's
inequality. Each spreads its capital over fixed stakes, so every bet is made before its pair is known.

Pairs must come in an order that does not depend on what they say: matured payments, by the time of decision.
"""

from dataclasses import dataclass, field
from math import exp, inf, log
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from domain.cost import Costs
from domain.decision import Verdict
from domain.display import count
from domain.money import format_money

ALPHA = 0.05
UNIT_MINOR = 10_000  # a dear ride and its fee; greater differences count as this much
STAKES = (0.01, 0.03, 0.1, 0.3, 0.9)  # of the capital, on one pair

Finding = Literal["better", "worse", "undecided"]


@dataclass(kw_only=True)
class Comparison:
    """Of a challenger with the champion. It accumulates: a finding, once made, stands."""

    alpha: float = ALPHA
    unit_minor: int = UNIT_MINOR
    pairs: int = 0
    finding: Finding = "undecided"
    evidence: float = 1.0  # of the finding, else of the gambler who is ahead; 2 / alpha decides
    _sum: float = 0.0
    _for: NDArray[np.float64] = field(default_factory=lambda: np.zeros(len(STAKES)), repr=False)
    _against: NDArray[np.float64] = field(default_factory=lambda: np.zeros(len(STAKES)), repr=False)

    def __post_init__(self) -> None:
        if not (0 < self.alpha < 1 and self.unit_minor > 0):
            raise ValueError("alpha is between 0 and 1, and the unit above 0")

    def add(self, saved_minor: ArrayLike) -> Finding:
        """`saved_minor`: what the challenger saved on each further payment, in minor units, in order."""
        saved = np.clip(np.asarray(saved_minor, np.float64).reshape(-1) / self.unit_minor, -1.0, 1.0)
        if not np.isfinite(saved).all():
            raise ValueError("what a payment saved is a finite number")
        self.pairs += len(saved)
        self._sum += float(saved.sum())
        if self.finding == "undecided":
            self._bet(saved)
        return self.finding

    @property
    def mean_minor(self) -> float:
        """Saved a payment, differences above the unit cut off; 0 without pairs."""
        return self._sum / self.pairs * self.unit_minor if self.pairs else 0.0

    def sentence(self) -> str:
        each = format_money(round(abs(self.mean_minor)))
        does = "saves" if self.mean_minor >= 0 else "loses"
        seen = f"on {count(self.pairs)} matured payments it {does} {each} a payment"
        needed = f"evidence {self.evidence:.3g} of {2 / self.alpha:g} needed"
        return f"{self.finding}: {seen}, {needed}"

    def _bet(self, saved: NDArray[np.float64]) -> None:
        gains = np.array(STAKES)[None, :] * saved[:, None]
        gamblers = {
            "better": self._for + np.cumsum(np.log1p(gains), axis=0),
            "worse": self._against + np.cumsum(np.log1p(-gains), axis=0),
        }
        capitals = {name: _total(logs) for name, logs in gamblers.items()}
        needed = log(2 / self.alpha)
        won = {name: _first(capital >= needed) for name, capital in capitals.items()}
        if len(saved):
            self._for, self._against = gamblers["better"][-1], gamblers["worse"][-1]
            self.evidence = exp(min(700.0, max(float(capital[-1]) for capital in capitals.values())))
        if won["better"] < won["worse"]:
            self._find("better", capitals["better"][int(won["better"])])
        elif won["worse"] < won["better"]:
            self._find("worse", capitals["worse"][int(won["worse"])])

    def _find(self, finding: Finding, capital: float) -> None:
        self.finding, self.evidence = finding, exp(capital)


def costs_minor(
    verdicts: ArrayLike, frauds: ArrayLike, amounts_minor: ArrayLike, costs: Costs | None = None
) -> NDArray[np.float64]:
    """What each payment cost under its verdict, in minor units: what a challenger saved is a difference."""
    costs = costs or Costs()
    judged = zip(
        np.asarray(verdicts).tolist(),
        np.asarray(frauds).tolist(),
        np.asarray(amounts_minor).tolist(),
        strict=True,
    )
    return np.array(
        [costs.of(Verdict(verdict), fraud=bool(fraud)).of(amount) for verdict, fraud, amount in judged],
        np.float64,
    )


def _total(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm of the mean capital over the stakes, a value a row."""
    highest = logs.max(axis=1, keepdims=True)
    total: NDArray[np.float64] = highest[:, 0] + np.log(np.exp(logs - highest).mean(axis=1))
    return total


def _first(reached: NDArray[np.bool_]) -> float:
    return float(np.argmax(reached)) if reached.any() else inf
