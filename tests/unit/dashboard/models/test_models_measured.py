"""Models beside each other, how true probabilities are, and a report that can reach nobody."""

import pytest
from models_page_factories import a_bin, agreement, judged

from dashboard.views.models import calibration
from dashboard.views.models.comparison import compare
from dashboard.views.models.report import META, locked
from domain.decision import Verdict


def test_agreement_is_told_with_who_is_harder() -> None:
    told = [
        agreement(Verdict.APPROVE, Verdict.APPROVE, 90),
        agreement(Verdict.APPROVE, Verdict.DECLINE, 6),
        agreement(Verdict.CHALLENGE, Verdict.REVIEW, 4),
    ]
    compared = compare(told, [])["mdl_alpha"]
    assert (compared.payments, compared.agreed, compared.stricter, compared.milder) == (100, 0.9, 0.06, 0.04)
    assert compared.mix[Verdict.DECLINE] == 0.06
    assert compared.mix_decided[Verdict.CHALLENGE] == 0.04
    assert compared.ap is None


def test_who_is_right_where_the_truth_is_known() -> None:
    rows = [judged(True, 0.2, 0.9, would=Verdict.DECLINE) for _ in range(5)]
    rows += [judged(False, 0.3, 0.1) for _ in range(5)]
    compared = compare([agreement(Verdict.APPROVE, Verdict.APPROVE, 10)], rows)["mdl_alpha"]
    assert (compared.known, compared.frauds, compared.ap) == (10, 5, 1.0)
    assert compared.ap_decided == pytest.approx(0.5)
    assert compared.cheaper_minor == 5 * (10_000 + 2_500)


def test_few_frauds_compare_nothing() -> None:
    compared = compare([agreement(Verdict.APPROVE, Verdict.APPROVE, 1)], [judged(True, 0.2, 0.9)])
    assert compared["mdl_alpha"].cheaper_minor is None


def test_a_probability_that_means_what_it_says() -> None:
    points = calibration.points([a_bin(), a_bin(payments=0)])
    assert [(point.said, point.proved, point.is_off) for point in points] == [(0.35, 0.35, False)]
    assert "the probabilities mean what they say" in calibration.sentence(points)


def test_a_probability_that_is_off_is_named() -> None:
    points = calibration.points([a_bin(), a_bin(place=6, payments=200, frauds=60)])
    assert calibration.sentence(points) == (
        "On 300 payments whose truth is known, 1 of 2 tenths are off by more than chance: "
        "around 65.0 %, 30.0 % proved fraud."
    )


def test_few_payments_say_nothing_of_calibration() -> None:
    assert not calibration.is_enough([a_bin(payments=19)])
    assert calibration.is_enough([a_bin(payments=12), a_bin(payments=8)])


@pytest.mark.parametrize("html", ["<html><head><title>r</title></head></html>", "<p>r</p>"])
def test_a_report_may_load_nothing(html: str) -> None:
    assert f"<head>{META}" in locked(html)
