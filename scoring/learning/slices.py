"""What labelled payments are used for: the newest that have matured judge, those before them teach.

Whoever stole cards in the part that judges teaches nothing: of one thief's payments all are on one side.
"""

from dataclasses import dataclass

import numpy as np

from scoring.dataset import PRESUMED, Dataset, TrainingSetRefused, refuse_one_class

TEACHING, CALIBRATING = 0.4, 0.2  # of the frauds that have matured, by time; the rest judges
CALIBRATING_MOST, JUDGING_MOST = 75, 150  # frauds; more of them teach more than they would tell
FRAUDS_MIN = 40
HONEST_MIN = 300
HONEST_JUDGING, HONEST_CALIBRATING = 150, 50  # an attack may be so quick that frauds alone would be held out


@dataclass(frozen=True, kw_only=True)
class Slices:
    """`teaching` also has young payments, known or presumed good; `judging` never does.

    `calibrating` may be without fraud.
    """

    teaching: Dataset
    calibrating: Dataset
    judging: Dataset


def divide(rows: Dataset, matured_before_ms: int) -> Slices:
    """Raises TrainingSetRefused where too little has matured."""
    matured = rows.between(None, matured_before_ms)
    if matured.frauds < FRAUDS_MIN:
        raise TrainingSetRefused(
            f"{matured.frauds} frauds have matured, {FRAUDS_MIN} are needed to teach a model and to judge it."
        )
    honest = len(matured) - matured.frauds
    if honest < HONEST_MIN:
        raise TrainingSetRefused(
            f"{honest} honest payments have matured beside {matured.frauds} frauds, {HONEST_MIN} are needed."
        )
    frauds = matured.frauds
    judge = min(round(frauds * (1 - TEACHING - CALIBRATING)), JUDGING_MOST)
    calibrate = min(round(frauds * CALIBRATING), CALIBRATING_MOST)
    judges_from = _newest(matured, judge, HONEST_JUDGING)
    calibrates_from = _newest(matured, judge + calibrate, HONEST_JUDGING + HONEST_CALIBRATING)
    held_out = rows.between(calibrates_from, matured_before_ms)
    early = rows.between(matured_before_ms, None)
    taught = Dataset.concat(rows.between(None, calibrates_from), early)
    slices = Slices(
        teaching=_without_thieves_of(held_out, taught),
        calibrating=held_out.between(None, judges_from),
        judging=held_out.between(judges_from, None),
    )
    for name in ("teaching", "judging"):
        refuse_one_class(f"The {name} part of the recent payments", getattr(slices, name))
    return slices


def _newest(matured: Dataset, frauds: int, honest: int) -> int:
    """From when on there are so many frauds and as many honest payments as asked for, or more."""
    thefts, others = (matured.as_of_ms[matured.labels == label] for label in (1, 0))
    return min(int(thefts[-frauds]), int(others[-honest]))


def _without_thieves_of(held_out: Dataset, taught: Dataset) -> Dataset:
    thefts = held_out.labels == 1
    met = np.isin(taught.user_ids, held_out.user_ids[thefts]) | np.isin(
        taught.card_ids, held_out.card_ids[thefts]
    )
    return taught.take(~(met & ((taught.labels == 1) | (taught.sources == PRESUMED))))
