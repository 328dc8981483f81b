import numpy as np
from judged_rows import answers, rows_of

from scoring.learning.stress import Stress, stress_of

CAUGHT, MISSED = 0.95, 0.01
KINDS = np.repeat(["card_testing", "stolen_phone"], [20, 80])


def stress(challenger: list[float], champion: list[float] | None = None) -> str | None:
    attacks = rows_of(np.ones(100), kinds=KINDS)
    return Stress(
        rows=attacks, champion=answers(champion or [CAUGHT] * 100), challenger=answers(challenger)
    ).complaint()


def test_who_stops_what_the_champion_stops_has_forgotten_nothing() -> None:
    assert stress([CAUGHT] * 100) is None
    assert stress([MISSED] * 100, [MISSED] * 100) is None
    assert stress([CAUGHT] * 100, [MISSED] * 100) is None


def test_forgetting_all_attacks_a_little_is_too_much() -> None:
    assert "10% more of the money in past attacks" in str(stress(([CAUGHT] * 9 + [MISSED]) * 10))


def test_forgetting_one_attack_is_told_by_its_name() -> None:
    assert "it forgot card_testing: 20%" in str(stress([MISSED] * 4 + [CAUGHT] * 96))


def test_a_few_payments_are_chance() -> None:
    assert stress([MISSED] * 2 + [CAUGHT] * 98) is None


def test_what_one_attack_gains_does_not_pay_for_another() -> None:
    assert "card_testing" in str(stress([MISSED] * 20 + [CAUGHT] * 80, [CAUGHT] * 20 + [MISSED] * 80))


def test_models_are_compared_where_each_would_stop_as_many_honest_payments() -> None:
    """A model that only cuts elsewhere has forgotten nothing; one that ranks attacks lower has."""
    labels = np.repeat([0, 1], [200, 40])
    past = rows_of(labels, kinds=np.where(labels == 1, "card_testing", ""))
    separating = [0.01 * (n % 10) for n in range(200)] + [0.5] * 40
    milder = [p / 4 for p in separating]
    blind = [0.01 * (n % 10) for n in range(200)] + [0.05] * 40
    assert stress_of(past, answers(separating), answers(milder)).complaint() is None
    assert stress_of(past, answers(milder), answers(separating)).complaint() is None
    assert "100% more" in str(stress_of(past, answers(separating), answers(blind)).complaint())


def test_without_past_attacks_nothing_is_forgotten() -> None:
    assert Stress(rows=rows_of([]), champion=answers([]), challenger=answers([])).complaint() is None
