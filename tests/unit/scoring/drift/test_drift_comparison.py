import numpy as np
import pytest
from drift_windows import MISSING, alarms, column, of, payments
from scipy.stats import ks_2samp

from scoring.drift import DriftRefused, check, reference_of
from scoring.drift.comparison import AGES, OF_THE_MOMENT, psi
from scoring.drift.limits import LEAST_ROWS
from scoring.drift.reference import SCORE

REFERENCE_ROWS = 6_000
VECTORS, PROBABILITIES = payments(REFERENCE_ROWS, 1)
REFERENCE = reference_of(VECTORS, PROBABILITIES)


@pytest.mark.parametrize("rows", [LEAST_ROWS, 600, 5_000])
def test_no_alarm_from_chance(rows: int) -> None:
    random = np.random.default_rng(rows)
    for seed in range(3):
        drawn = random.integers(0, REFERENCE_ROWS, rows)
        assert alarms(check(REFERENCE, VECTORS[drawn], PROBABILITIES[drawn])) == {}
        assert alarms(check(REFERENCE, *payments(rows, 100 + seed))) == {}


def test_no_alarm_from_a_small_reference_either() -> None:
    for seed in range(3):
        small = reference_of(*payments(LEAST_ROWS, seed))
        assert alarms(check(small, *payments(2_000, 50 + seed))) == {}


@pytest.mark.parametrize("rows", [LEAST_ROWS, 2_000])
def test_a_feature_that_doubles_is_an_alarm_of_its_own(rows: int) -> None:
    vectors, probabilities = payments(rows, 2)
    vectors[:, column("distance")] *= 3
    found = check(REFERENCE, vectors, probabilities)
    assert set(alarms(found)) == {"distance"}
    assert found[0].subject == "distance"
    assert "half are at most 0.1 km, in training 0.0 km (PSI " in str(found[0].alarm)


def test_higher_scores_are_an_alarm() -> None:
    vectors, probabilities = payments(1_000, 2)
    found = alarms(check(REFERENCE, vectors, np.minimum(probabilities * 4, 1)))
    assert set(found) == {SCORE}


def test_a_small_shift_of_many_rows_is_none() -> None:
    """However certain it is, it has to matter."""
    vectors, probabilities = payments(20_000, 2)
    vectors[:, column("amount")] *= 1.05
    found = check(REFERENCE, vectors, probabilities)
    assert alarms(found) == {}
    assert 0.002 < (of(found, "amount").psi or 0) < 0.1


def test_values_that_go_missing_are_an_alarm() -> None:
    vectors, probabilities = payments(1_000, 2)
    vectors[:200, column("rating")] = np.nan
    found = of(check(REFERENCE, vectors, probabilities), "rating")
    assert found.missing_rise == pytest.approx(0.8 * MISSING + 0.2 - MISSING, abs=0.02)
    assert "unknown for 2" in str(found.alarm)


def test_a_feature_that_vanishes_is_told_without_distances() -> None:
    vectors, probabilities = payments(1_000, 2)
    vectors[:, column("amount")] = np.nan
    found = of(check(REFERENCE, vectors, probabilities), "amount")
    assert (found.psi, found.ks, found.out_of_range) == (None, None, 0.0)
    assert str(found.alarm).startswith("unknown for 100.0 % of payments, in training for")


def test_fewer_missing_values_are_no_alarm() -> None:
    vectors, probabilities = payments(2_000, 2)
    spotty = VECTORS.copy()
    spotty[: REFERENCE_ROWS // 2, column("rating")] = np.nan
    found = check(reference_of(spotty, PROBABILITIES), vectors, probabilities)
    assert of(found, "rating").missing_rise < -0.4
    assert alarms(found) == {}


def test_values_that_training_never_saw_are_an_alarm() -> None:
    vectors, probabilities = payments(1_000, 2)
    vectors[:40, column("amount")] = 1e6
    found = of(check(REFERENCE, vectors, probabilities), "amount")
    assert found.out_of_range == pytest.approx(0.04, abs=0.005)
    assert "of values are outside of what training saw, $0.00 to $" in str(found.alarm)


def test_infinite_values_are_out_of_range() -> None:
    vectors, probabilities = payments(1_000, 2)
    vectors[:100, column("amount")] = np.inf
    assert of(check(REFERENCE, vectors, probabilities), "amount").out_of_range == pytest.approx(0.1, abs=0.02)


def test_a_feature_that_stands_still_is_told_so() -> None:
    vectors, probabilities = payments(1_000, 2)
    vectors[:, column("distance")] = 2
    assert (
        "always 0.0 km, in training 0.0 km to" in alarms(check(REFERENCE, vectors, probabilities))["distance"]
    )


def test_a_constant_that_moves_is_out_of_range() -> None:
    still = VECTORS.copy()
    still[:, column("amount")] = 700
    vectors, probabilities = payments(1_000, 2)
    vectors[:, column("amount")] = 800
    (alarm,) = alarms(check(reference_of(still, PROBABILITIES), vectors, probabilities)).values()
    assert "100.0 % of values are others than $7.00, the only one in training" in alarm


def test_a_flag_is_told_in_shares() -> None:
    vectors, probabilities = payments(2_000, 2)
    vectors[:, column("promo_used")] = np.arange(2_000) % 2
    found = alarms(check(REFERENCE, vectors, probabilities))
    assert "so for 50.0 % of payments, in training for 9.8 % (PSI 0.9" in found["promo_used"]


@pytest.mark.parametrize("name", sorted(OF_THE_MOMENT | AGES))
def test_what_every_window_has_otherwise_is_not_compared(name: str) -> None:
    vectors, probabilities = payments(2_000, 2)
    vectors[:, column(name)] = 30
    found = check(REFERENCE, vectors, probabilities)
    assert alarms(found) == {}
    assert of(found, name).psi is None


def test_moments_and_ages_are_known_by_the_catalogue() -> None:
    assert {"hour_of_day", "zone_payments_5m", "platform_decline_rise"} <= OF_THE_MOMENT
    assert {"device_age", "account_age", "card_since_added"} <= AGES
    assert not {"amount", "card_since_last_payment", "rating"} & (OF_THE_MOMENT | AGES)


def test_only_absurd_ages_are_out_of_range() -> None:
    vectors, probabilities = payments(1_000, 2)
    oldest = float(np.nanmax(VECTORS[:, column("device_age")]))
    vectors[:, column("device_age")] = 3 * oldest
    assert alarms(check(REFERENCE, vectors, probabilities)) == {}
    vectors[:, column("device_age")] = 1_000 * oldest
    assert set(alarms(check(REFERENCE, vectors, probabilities))) == {"device_age"}


def test_too_few_rows_are_not_judged() -> None:
    vectors, probabilities = payments(LEAST_ROWS - 1, 2)
    assert check(REFERENCE, vectors * 9, probabilities) == []
    more, _ = payments(LEAST_ROWS, 2)
    assert SCORE not in {finding.subject for finding in check(REFERENCE, more, probabilities)}
    assert check(reference_of(vectors, probabilities), VECTORS, PROBABILITIES) == []


def test_rows_of_other_features_are_refused() -> None:
    with pytest.raises(DriftRefused, match="these have shape"):
        check(REFERENCE, VECTORS[:, :-1], PROBABILITIES)


def test_psi_is_the_index_of_the_books() -> None:
    usual, now = np.array([1_000, 3_000, 6_000]), np.array([200, 300, 500])
    expected = sum((b - a) * np.log(b / a) for a, b in ((0.1, 0.2), (0.3, 0.3), (0.6, 0.5)))
    assert psi(usual, now) == pytest.approx(expected, rel=0.01)
    assert psi(usual, usual * 3) == pytest.approx(0, abs=1e-6)


def test_ks_on_what_was_kept_is_that_of_all_rows() -> None:
    vectors, probabilities = payments(1_500, 2)
    vectors[:, column("amount")] *= 1.5
    found = of(check(REFERENCE, vectors, probabilities), "amount")
    before, after = (rows[:, column("amount")] for rows in (VECTORS, vectors))
    whole = ks_2samp(before[~np.isnan(before)], after[~np.isnan(after)], method="asymp").statistic
    assert found.ks == pytest.approx(whole, abs=0.01)
