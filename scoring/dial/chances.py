"""How far a payment of the past counts as fraud, by all that is known of it now.

- A chargeback or an analyst's word is the truth, and so is the silence of the whole maturity after a capture.
- A captured payment that nobody has spoken of yet counts by the model's probability, and by less the longer
  the silence lasts: as if chargebacks came evenly over the maturity. They come early, so this errs towards
  fraud.
- A payment that was stopped was never paid, so nobody knows what it would have become. It counts by the
  model's probability; a challenge that was passed or failed moves the odds as domain.cost expects of honest
  riders and of thieves.
- The few that were let through by lot correct this: each stands for as many as would have been stopped like
  it, within scoring.weights.WEIGHT_MAX. A single one may so count above 1 or below 0; the sums are right.

So the figures of a payment that was stopped are as good as the model's calibration, and no better.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.cost import Costs
from scoring.weights import weights_of

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Known:
    """A payment a row. `label` is 1 fraud, 0 good, -1 unknown; `silent_share` how much of the maturity has
    gone by since the decision, 0 to 1; `propensity` is of those that were drawn by lot, else NaN."""

    probabilities: Floats
    label: NDArray[np.signedinteger[Any]]
    captured: Flags
    silent_share: Floats
    passed_challenge: Flags
    failed_challenge: Flags
    propensity: Floats


def chances_of(known: Known, costs: Costs | None = None) -> Floats:
    """Of fraud; rows as given."""
    by_model = known.probabilities
    told = _after_challenge(by_model, known, costs or Costs())
    told = np.where(known.captured, _after_silence(told, known.silent_share), told)
    told = np.where(known.label >= 0, known.label == 1, told).astype(np.float64)
    drawn = ~np.isnan(known.propensity)
    stands_for = np.ones(len(told))
    stands_for[drawn] = weights_of(known.propensity[drawn])
    return by_model + stands_for * (told - by_model)


def _after_challenge(chance: Floats, known: Known, costs: Costs) -> Floats:
    passed = costs.challenge_fraud_passes / (1 - costs.challenge_honest_leaves)
    failed = (1 - costs.challenge_fraud_passes) / costs.challenge_honest_leaves
    factor = np.where(known.passed_challenge, passed, np.where(known.failed_challenge, failed, 1.0))
    moved: Floats = chance * factor
    return np.asarray(moved / (moved + 1 - chance))


def _after_silence(chance: Floats, share: Floats) -> Floats:
    """Nobody has complained for this share of the time in which complaints come."""
    left = 1 - chance * share
    return np.divide(chance * (1 - share), left, out=np.zeros_like(chance), where=left > 0)
