"""From where on a difference is an alarm: large enough to matter, and more than chance makes of so few rows.

0.25 is the field's usual limit of a PSI that calls for a new model. A normal value moved by half its spread
has that PSI and a KS distance of 0.2. Both grow by chance alone when rows are few; the limits grow with it.
"""

from math import log, sqrt

from scipy.stats import beta, chi2, norm

LEAST_ROWS = 200  # below, chance hides all but a disaster
PSI_LIMIT = 0.25
KS_LIMIT = 0.2
MISSING_LIMIT = 0.05
RANGE_LIMIT = 0.02
FALSE_ALARM = 1e-3  # the chance of any alarm in a check of rows that are no others
# Payments of minutes share riders and attacks: so many rows say as much as one would alone.
ROWS_ALIKE = 2.0


def psi_limit(*, bins: int, reference_rows: int, rows: int, subjects: int) -> float:
    """By chance a PSI is distributed as chi² of bins - 1, times the sum of 1 / rows."""
    chance = chi2.isf(FALSE_ALARM / subjects, max(bins - 1, 1)) * _noise(reference_rows, rows)
    return max(PSI_LIMIT, float(chance))


def ks_limit(*, reference_rows: int, rows: int, subjects: int) -> float:
    """Kolmogorov's distribution far in its tail: P(D > d) = 2 exp(-2 d² / noise)."""
    chance = sqrt(log(2 * subjects / FALSE_ALARM) / 2 * _noise(reference_rows, rows))
    return max(KS_LIMIT, chance)


def missing_limit(*, share: float, reference_rows: int, rows: int, subjects: int) -> float:
    """Of the rise of a share; `share` is that of both windows together."""
    chance = _deviations(subjects) * sqrt(share * (1 - share) * _noise(reference_rows, rows))
    return max(MISSING_LIMIT, chance)


def range_limit(*, reference_rows: int, rows: int, subjects: int) -> float:
    """Of the share outside the least and greatest of so many values; that share is distributed as beta."""
    most = float(beta.isf(FALSE_ALARM / subjects, 2, max(reference_rows / ROWS_ALIKE, 1)))
    return max(RANGE_LIMIT, most + _deviations(subjects) * sqrt(most * ROWS_ALIKE / rows))


def _noise(reference_rows: int, rows: int) -> float:
    return ROWS_ALIKE * (1 / reference_rows + 1 / rows)


def _deviations(subjects: int) -> float:
    return float(norm.isf(FALSE_ALARM / subjects))
