"""Models judged by the truth: how well they tell an attack from honest payments, and what they cost."""

from domain.cost import Costs
from scoring.dataset import Dataset, Split
from scoring.learning.contest import Answers
from scoring.learning.past import Past
from scoring.metrics import average_precision
from scoring.train import fit

OLDER_SHARE = 0.85  # of the live payments, to learn from; the newest say when to stop


def attack_precision(rows: Dataset, answers: Answers, attack: str) -> float:
    """Average precision of an attack among honest payments; other frauds are left out."""
    part = (rows.labels == 0) | (rows.kinds == attack)
    return average_precision(rows.labels[part], answers.probabilities[part])


def money_lost_minor(rows: Dataset, answers: Answers) -> int:
    """What all payments cost under a model's verdicts, frauds let pass and honest riders stopped alike."""
    return round(float(answers.costs_minor(rows, Costs()).sum()))


def oracle_precision(past: Past, told: Dataset, judged: Dataset, attack: str) -> float:
    """Of a model that learned from the past and from all live payments in `told`, by the truth."""
    cut = int(len(told) * OLDER_SHARE)
    older, newer = told.take(slice(None, cut)), told.take(slice(cut, None))
    booster = fit(
        Split(
            train=Dataset.concat(past.split.train, older),
            validation=Dataset.concat(past.split.validation, newer),
            test=judged,
        )
    )
    part = (judged.labels == 0) | (judged.kinds == attack)
    margins = booster.inplace_predict(judged.vectors[part], predict_type="margin")
    return average_precision(judged.labels[part], margins)
