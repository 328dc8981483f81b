from dataclasses import replace

import numpy as np
from dataset_factories import a_dataset

from domain.catalogue import FEATURE_NAMES
from scoring.baselines.single_rules import best_single_rules
from scoring.dataset import Dataset

ROWS = a_dataset(4_000, fraud_share=0.05)


def telling(values: np.ndarray) -> Dataset:
    """All features are noise but one."""
    vectors = np.random.default_rng(5).random(ROWS.vectors.shape, np.float32)
    vectors[:, 12] = values
    return replace(ROWS, vectors=vectors)


def test_a_type_with_a_loud_feature_is_found_in_both_directions() -> None:
    loud = (ROWS.kinds == "card_testing") * 5.0
    for sign, above in ((1, True), (-1, False)):
        found = best_single_rules(telling(sign * loud))
        assert found["card_testing"].recall == 1.0
        assert (found["card_testing"].feature, found["card_testing"].above) == (FEATURE_NAMES[12], above)
        assert found["stolen_card_burst"].recall < 0.1


def test_no_more_honest_payments_are_stopped_than_allowed() -> None:
    values = np.where(ROWS.labels == 1, 1.0, 0.0)
    honest = np.flatnonzero(ROWS.labels == 0)
    values[honest[: int(0.006 * len(honest))]] = 1.0
    assert all(rule.recall < 0.2 for rule in best_single_rules(telling(values)).values())
    values[honest[int(0.004 * len(honest)) :]] = 0.0
    assert all(rule.recall == 1.0 for rule in best_single_rules(telling(values)).values())


def test_what_is_missing_meets_no_rule() -> None:
    values = np.where(ROWS.labels == 1, np.nan, 1.0)
    assert all(rule.recall < 0.2 for rule in best_single_rules(telling(values)).values())


def test_a_rule_keeps_its_word() -> None:
    for kind, rule in best_single_rules(ROWS).items():
        values = ROWS.vectors[:, FEATURE_NAMES.index(rule.feature)]
        met = values >= rule.border if rule.above else values <= rule.border
        assert met[ROWS.labels == 0].mean() <= 0.005
        assert met[ROWS.kinds == kind].mean() == rule.recall
