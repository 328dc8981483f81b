from collections.abc import Mapping

import numpy as np

from scoring.report.intervals import Weights, intervals

RANDOM = np.random.default_rng(8)


def mean_of(values: np.ndarray) -> object:
    def figures(weights: Weights | None) -> Mapping[str, float]:
        return {"mean": float(np.average(values, weights=weights))}

    return figures


def test_it_is_as_wide_as_the_theory_says_where_each_rider_pays_once() -> None:
    values = RANDOM.normal(2, 1, 400)
    riders = np.array([f"usr_{i}" for i in range(400)])
    found = intervals(mean_of(values), riders, replicates=800)["mean"]  # type: ignore[arg-type]
    assert found.low < found.value < found.high
    assert np.isclose(found.high - found.low, 2 * 1.96 * values.std() / 20, rtol=0.12)


def test_a_rider_who_pays_twenty_times_alike_tells_no_more_than_once() -> None:
    values = np.repeat(RANDOM.normal(2, 1, 100), 20)
    riders = np.repeat([f"usr_{i}" for i in range(100)], 20)
    clustered = intervals(mean_of(values), riders)["mean"]  # type: ignore[arg-type]
    apart = intervals(mean_of(values), np.array([str(i) for i in range(2_000)]))["mean"]  # type: ignore[arg-type]
    assert clustered.high - clustered.low > 3 * (apart.high - apart.low)


def test_the_same_seed_draws_the_same_riders() -> None:
    values, riders = RANDOM.random(50), np.array([f"usr_{i % 9}" for i in range(50)])
    one, other = (intervals(mean_of(values), riders, replicates=20) for _ in range(2))  # type: ignore[arg-type]
    assert one == other


def test_a_figure_that_is_unknown_in_some_samples_is_told_of_the_others() -> None:
    def figures(weights: Weights | None) -> Mapping[str, float]:
        seen = weights is None or weights[0] > 0
        return {"share": 1.0 if seen else float("nan")}

    found = intervals(figures, np.array(["a", "b", "c"]), replicates=50)["share"]
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)
