import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from some_models import a_model

from app.metrics import MOST_RULES, Metrics
from app.models.in_service import Canary, InService
from app.stages import Stage


def an_answer(**changed: Any) -> Any:
    known: dict[str, Any] = {
        "repeated": False,
        "verdict": "approve",
        "rung": "R0",
        "rung_reason": None,
        "feature_age_ms": 300,
        "rules": (("rule_night", True), ("rule_new_card", False)),
        "failed_rules": ("rule_broken",),
        "total_s": 0.004,
        "overran": False,
    }
    return SimpleNamespace(**known | changed)


def samples(metrics: Metrics) -> dict[str, float]:
    """As Prometheus' own reader takes the page."""
    families = text_string_to_metric_families(metrics.page().decode())
    return {
        each.name + "".join(f"|{name}={value}" for name, value in sorted(each.labels.items())): each.value
        for family in families
        for each in family.samples
    }


def test_a_decision_is_counted_by_verdict_rung_and_reason() -> None:
    metrics = Metrics()
    metrics.count_answer(an_answer())
    metrics.count_answer(an_answer(verdict="review", rung="R2", rung_reason="no_model"))
    found = samples(metrics)
    assert found["faregate_decisions_total|reason=|rung=R0|verdict=approve"] == 1
    assert found["faregate_decisions_total|reason=no_model|rung=R2|verdict=review"] == 1
    assert found["faregate_repeats_total"] == 0


def test_a_repeat_is_no_decision() -> None:
    metrics = Metrics()
    metrics.count_answer(an_answer(repeated=True, verdict=None, rung=None))
    found = samples(metrics)
    assert found["faregate_repeats_total"] == 1
    assert found["faregate_decision_seconds_count"] == 0


def test_times_fall_into_rising_buckets() -> None:
    metrics = Metrics()
    for seconds in (0.0005, 0.004, 10.0):
        metrics.count_answer(an_answer(total_s=seconds))
    found = samples(metrics)
    below = [
        found[f"faregate_decision_seconds_bucket|le={le}"] for le in ("0.0005", "0.003", "0.005", "+Inf")
    ]
    assert below == [1, 1, 2, 3]
    assert found["faregate_decision_seconds_sum"] == pytest.approx(10.0045)


def test_each_stage_has_its_sum() -> None:
    metrics = Metrics()
    metrics.stage(Stage.READ, 0.002)
    metrics.stage(Stage.READ, 0.001)
    metrics.stage(Stage.KEEP, 0.004)
    found = samples(metrics)
    assert found["faregate_stage_seconds_sum|stage=read"] == pytest.approx(0.003)
    assert found["faregate_stage_seconds_count|stage=keep"] == 1


def test_rules_are_counted_by_what_they_did() -> None:
    metrics = Metrics()
    metrics.count_answer(an_answer())
    found = samples(metrics)
    assert found["faregate_rule_hits_total|acted=yes|rule=rule_night"] == 1
    assert found["faregate_rule_hits_total|acted=no|rule=rule_new_card"] == 1
    assert found["faregate_rule_failures_total|rule=rule_broken"] == 1


def test_an_unknown_value_of_a_closed_label_is_other() -> None:
    metrics = Metrics()
    metrics.refusals.labels("made-up").inc()
    metrics.stage("nowhere", 1.0)
    found = samples(metrics)
    assert found["faregate_refusals_total|problem=other"] == 1
    assert found["faregate_stage_seconds_count|stage=other"] == 1


def test_however_many_rules_there_are_the_page_is_bounded() -> None:
    metrics = Metrics()
    metrics.count_rules([(f"rule_{number}", True) for number in range(MOST_RULES + 50)], ())
    hits = {name: value for name, value in samples(metrics).items() if "rule_hits" in name}
    assert len(hits) == MOST_RULES + 1
    assert hits["faregate_rule_hits_total|acted=yes|rule=other"] == 50


def test_label_values_are_escaped() -> None:
    metrics = Metrics()
    metrics.model.labels('a"b\\c\nd', "compiled", "champion").set(1)
    assert samples(metrics)['faregate_model_info|kind=compiled|state=champion|version=a"b\\c\nd'] == 1


def test_workers_show_what_all_of_them_counted(tmp_path: Path) -> None:
    one, other = Metrics(tmp_path, "worker_0"), Metrics(tmp_path, "worker_1")
    one.count_answer(an_answer())
    other.count_answer(an_answer())
    other.count_answer(an_answer(verdict="decline"))
    assert one.page() == other.page()
    assert samples(one)["faregate_decisions_total|reason=|rung=R0|verdict=approve"] == 2
    assert samples(one)["faregate_decisions_total|reason=|rung=R0|verdict=decline"] == 1
    assert samples(one)["faregate_decision_seconds_count"] == 3


def test_a_worker_that_comes_again_goes_on_counting(tmp_path: Path) -> None:
    Metrics(tmp_path, "worker_0").count_answer(an_answer())
    again = Metrics(tmp_path, "worker_0")
    again.count_answer(an_answer())
    assert samples(again)["faregate_decisions_total|reason=|rung=R0|verdict=approve"] == 2
    assert samples(again)["faregate_rule_hits_total|acted=yes|rule=rule_night"] == 2


def test_workers_that_come_again_and_again_keep_to_the_bounds(tmp_path: Path) -> None:
    for life in range(3):
        Metrics(tmp_path, "worker_0").count_rules([(f"rule_{life}_{n}", True) for n in range(MOST_RULES)], ())
    found = samples(Metrics(tmp_path, "worker_0"))
    assert sum("rule_hits" in name for name in found) == MOST_RULES + 1
    assert found["faregate_rule_hits_total|acted=yes|rule=other"] == 2 * MOST_RULES


def test_a_name_that_is_half_written_is_passed_over(tmp_path: Path) -> None:
    Metrics(tmp_path, "worker_1").repeats.inc()
    with (tmp_path / "worker_1.names").open("a") as names:
        names.write('[99, 1, "faregate_dec')
    assert samples(Metrics(tmp_path, "worker_0"))["faregate_repeats_total"] == 1


def test_of_a_level_the_highest_worker_counts(tmp_path: Path) -> None:
    one, other = Metrics(tmp_path, "worker_0"), Metrics(tmp_path, "worker_1")
    one.show_policies(rules=7, lists=3)
    other.show_policies(rules=8, lists=2)
    found = samples(one)
    assert found["faregate_policy_version|kind=rules"] == 8
    assert found["faregate_policy_version|kind=lists"] == 3


@pytest.mark.parametrize("shared", [False, True])
def test_counting_a_decision_costs_microseconds(tmp_path: Path, shared: bool) -> None:
    """The bound is wide, for a busy machine; the benchmark of decisions shows the real share."""
    metrics, answer = Metrics(tmp_path if shared else None, "worker_0"), an_answer()
    for _ in range(100):
        count_all(metrics, answer)
    began = time.thread_time()
    for _ in range(2_000):
        count_all(metrics, answer)
    assert (time.thread_time() - began) / 2_000 < 60e-6


def count_all(metrics: Metrics, answer: Any) -> None:
    for stage in Stage:
        metrics.stage(stage, 0.0004)
    metrics.count_answer(answer)


def test_each_model_is_shown_where_it_stands_now() -> None:
    metrics = Metrics()
    one, other = a_model("mdl_a"), a_model("mdl_b")
    metrics.show_models(InService(champion=one, shadows=(other,)))
    metrics.show_models(InService(champion=other, canaries=(Canary(scoring=one, share=0.2),)))
    shown = {name: value for name, value in samples(metrics).items() if "model_info" in name}
    assert {name for name, value in shown.items() if value == 1} == {
        "faregate_model_info|kind=compiled|state=champion|version=mdl_b",
        "faregate_model_info|kind=compiled|state=canary|version=mdl_a",
    }
    assert len(shown) == 4


def test_drift_is_shown_where_it_is_compared() -> None:
    metrics = Metrics()
    metrics.show_drift({"score": (0.31, True), "amount": (0.02, False), "hour_of_day": (None, False)})
    shown = samples(metrics)
    assert (shown["faregate_drift_psi|subject=score"], shown["faregate_drift_alarm|subject=score"]) == (
        0.31,
        1,
    )
    assert "faregate_drift_psi|subject=hour_of_day" not in shown
    assert shown["faregate_drift_alarm|subject=hour_of_day"] == 0
