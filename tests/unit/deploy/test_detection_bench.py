"""The benchmark's own sums, on cities too small to prove anything."""

from argparse import ArgumentParser
from typing import Any

import pytest

from deploy.bench import detection
from deploy.simulated_past import END_MS, later_ms, scenario_past, simulated_past
from domain.display import DAY_MS
from scoring.dataset import Split

TOLD = ("ap", "recall_at_half_percent", "money_saved_share")


@pytest.fixture(scope="module")
def split() -> Split:
    parser = ArgumentParser()
    detection.options(parser)
    sizes = ["--riders", "150", "--payments", "1500", "--held-out", "1500", "--cities", "1", "--seed", "3"]
    return detection.held_out_split(parser.parse_args(sizes), lambda _: None)


@pytest.fixture(scope="module")
def found(split: Split) -> dict[str, Any]:
    return detection.measured(split, lambda _: None)


def test_it_tells_each_contender_with_its_interval(found: dict[str, Any]) -> None:
    for prefix in ("", "logistic_", "rules_"):
        for name in TOLD:
            low, value, high = (found[f"{prefix}{name}{end}"] for end in ("_low", "", "_high"))
            assert low <= value <= high, name


def test_it_tells_the_best_single_rule_of_each_type(found: dict[str, Any]) -> None:
    assert len(found["best_single_rule_recall"]) >= 4
    assert all(0 <= share <= 1 for share in found["best_single_rule_recall"].values())
    assert len(found) == 3 * 3 * len(TOLD) + 1


def test_what_is_held_out_is_another_city_and_a_later_month(split: Split) -> None:
    assert split.train.as_of_ms.max() <= split.validation.as_of_ms.min()
    assert split.validation.as_of_ms.max() < END_MS <= split.test.as_of_ms.min()
    learned = {*split.train.user_ids.tolist(), *split.validation.user_ids.tolist()}
    assert learned.isdisjoint(split.test.user_ids.tolist())
    assert later_ms(1) - END_MS == 30 * DAY_MS


def test_a_past_is_the_same_for_the_same_seed() -> None:
    one, other = (simulated_past(5, riders=50, payments=200) for _ in range(2))
    assert one.transaction_ids.tolist() == other.transaction_ids.tolist()


def test_a_scenario_holds_its_own_payments_alone() -> None:
    night = scenario_past("surge", 5, riders=100, payments=700)
    assert 0 < len(night) < 500
    assert night.as_of_ms.max() - night.as_of_ms.min() < DAY_MS
