"""The numbers of the overview, and what each rests on."""

from datetime import timedelta

import pytest
from overview_factories import LAST, drawn, overview, stopped, truths

from dashboard import maturity
from dashboard.shares import wilson
from dashboard.views.overview import figures
from dashboard.views.overview.readings import Known, Times
from domain.display import DAY_MS


def test_the_range_of_a_share_is_wide_where_little_was_seen() -> None:
    few, many = wilson(1, 4), wilson(250, 1_000)
    assert few.low < 0.06
    assert few.high > 0.65
    assert 0.22 < many.low < 0.25 < many.high < 0.28
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)
    assert wilson(0, 50).low == pytest.approx(0.0)


def test_what_was_decided_is_money_payments_and_the_share_approved() -> None:
    tile = figures.decided(overview())
    assert (tile.value, tile.note) == ("$2,400.00", "120 payments, 83.3 % approved at once")


def test_few_known_truths_say_the_rate_of_all_so_far() -> None:
    tile = figures.fraud_rate(overview())
    assert tile.value == "10.0 %"
    assert "12 frauds of 15 whose truth is known (80.0 %)" in tile.note
    assert "silence counts as good after 90 d" in tile.note


def test_where_most_truths_are_known_the_rate_is_theirs() -> None:
    tile = figures.fraud_rate(overview(truths=truths(matured=85)))
    assert tile.value == "12.0 %"
    assert "85 of them good by silence" in tile.note


def test_without_any_truth_the_rate_is_not_known() -> None:
    assert figures.fraud_rate(overview(truths=truths(known=[]))).value == "not known"


def test_what_was_saved_is_told_frauds_and_presumed_ones_with_fees() -> None:
    tile = figures.saved(overview())
    # 10 told: 10 * (50.00 + 25.00); 10 unknown: 400.00 expected and 8 * 25.00
    assert tile.value == "$1,350.00"
    assert tile.note.startswith("$750.00 by analysts' words, $600.00 by the model's probability")


def test_good_payments_that_were_stopped_save_nothing() -> None:
    assert figures.saved(overview(truths=truths(stopped=[stopped("good")]))).value == "$0.00"


def test_the_lottery_corrects_the_probability_once_it_has_settled() -> None:
    settled = [drawn("fraud", days_ago=100)] * 8 + [drawn(days_ago=100)] * 12
    told = overview(drawn=[*settled, drawn("fraud"), drawn("fraud")])
    assert figures.lottery_factor(told) == pytest.approx(8 / 16)
    assert figures.lottery_factor(overview(drawn=[drawn("fraud")] * 40)) is None
    assert "times 0.50, as the lottery found" in figures.saved(told).note


def test_false_declines_by_the_lottery_are_a_range() -> None:
    settled = [drawn(days_ago=100)] * 10 + [drawn("fraud", days_ago=100)] * 30
    tile = figures.false_declines(overview(drawn=settled))
    assert tile.value == "14 to 40 % of stops"
    assert "of 40 that the lottery let through, 30 proved fraud so far" in tile.note


def test_a_lottery_that_says_nothing_yet_gives_way_to_the_analysts() -> None:
    held = [stopped("fraud", 15), stopped("good", 5), stopped(None, 80)]
    tile = figures.false_declines(overview(drawn=[drawn()] * 40, truths=truths(stopped=held)))
    assert tile.value == "11 to 47 % of stops"
    assert "analysts called 5 of 20 good; they choose what they look at" in tile.note


def test_where_nobody_looked_the_model_is_the_only_witness() -> None:
    tile = figures.false_declines(overview(truths=truths(stopped=[stopped(None)])))
    assert tile.value == "20.0 %"
    assert "nobody looked yet" in tile.note


def test_nothing_stopped_is_no_false_decline() -> None:
    assert figures.false_declines(overview(truths=truths(stopped=[]))).value == "none"


def test_the_time_to_a_decision_is_that_of_a_usual_slice_and_the_worst() -> None:
    slow = Times(starts_at=LAST - timedelta(hours=1), p50_us=3_100.0, p99_us=41_000.0)
    tile = figures.time_to_decision([*overview().times, slow])
    assert (tile.value, tile.note) == ("3 ms", "p99 26 ms as a rule, 41 ms in the worst slice")
    assert figures.time_to_decision([]).value == "none"


def test_maturity_is_told_by_the_learners_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAREGATE_MATURITY_S", "3600")
    assert maturity.read_ms() == 3_600_000
    monkeypatch.setenv("FAREGATE_MATURITY_S", "soon")
    assert maturity.read_ms() == 90 * DAY_MS


def test_known_frauds_alone_do_not_divide_by_nothing() -> None:
    known = [Known(starts_at=LAST, frauds=1, good=0, lost_payments=1, lost_minor=100)]
    tile = figures.fraud_rate(overview(decided=[], truths=truths(known=known)))
    assert tile.value == "100.0 %"
