"""A model in the shadow beside the one that decides: where they agree, and who is right where it is known."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import Struct

from dashboard.views.models.readings import Agreement, Judged
from domain.cost import Costs
from domain.decision import Verdict
from scoring.metrics import Ranking
from scoring.money import MILDEST_FIRST, costs_minor

FEWEST_FRAUDS = 5


class Comparison(Struct, frozen=True, kw_only=True):
    """Shares of all payments by verdict; the model would have decided `stricter` harder, and `milder` softer.

    `ap`, `ap_decided` and `cheaper_minor` rest on `known` payments, `frauds` of them frauds; None when those
    are too few. `cheaper_minor` is what the model's verdicts would have cost less.
    """

    payments: int
    agreed: float
    stricter: float
    milder: float
    mix: dict[Verdict, float]
    mix_decided: dict[Verdict, float]
    known: int = 0
    frauds: int = 0
    ap: float | None = None
    ap_decided: float | None = None
    cheaper_minor: int | None = None


def compare(agreements: Iterable[Agreement], judged: Iterable[Judged]) -> dict[str, Comparison]:
    """By the model's version; one that has scored nothing lately is left out."""
    seen: dict[str, list[Agreement]] = defaultdict(list)
    known: dict[str, list[Judged]] = defaultdict(list)
    for agreement in agreements:
        seen[agreement.model_version].append(agreement)
    for row in judged:
        known[row.model_version].append(row)
    return {version: _comparison(rows, known[version]) for version, rows in seen.items()}


def _comparison(rows: list[Agreement], judged: list[Judged]) -> Comparison:
    total = sum(row.payments for row in rows)
    would: Counter[Verdict] = Counter()
    decided: Counter[Verdict] = Counter()
    moved: Counter[int] = Counter()
    for row in rows:
        would[row.would] += row.payments
        decided[row.decided] += row.payments
        moved[int(np.sign(_severity(row.would) - _severity(row.decided)))] += row.payments
    ap, ap_decided, cheaper = _by_truth(judged)
    return Comparison(
        payments=total,
        agreed=moved[0] / total,
        stricter=moved[1] / total,
        milder=moved[-1] / total,
        mix={verdict: would[verdict] / total for verdict in Verdict},
        mix_decided={verdict: decided[verdict] / total for verdict in Verdict},
        known=len(judged),
        frauds=sum(row.fraud for row in judged),
        ap=ap,
        ap_decided=ap_decided,
        cheaper_minor=cheaper,
    )


def _by_truth(judged: Sequence[Judged]) -> tuple[float | None, float | None, int | None]:
    frauds = sum(row.fraud for row in judged)
    if frauds < FEWEST_FRAUDS or frauds == len(judged):
        return None, None, None
    labels = np.array([row.fraud for row in judged], np.int8)
    amounts = np.array([row.amount_minor for row in judged], np.int64)
    would, decided = (
        np.array([_severity(verdict) for verdict in verdicts], np.int64)
        for verdicts in ([row.would for row in judged], [row.decided for row in judged])
    )
    saved = costs_minor(decided, labels, amounts, Costs()) - costs_minor(would, labels, amounts, Costs())
    return (
        _precision(labels, [row.shadow_probability for row in judged]),
        _precision(labels, [row.probability for row in judged]),
        round(float(saved.sum())),
    )


def _precision(labels: "np.ndarray[tuple[int], np.dtype[np.int8]]", probabilities: list[float]) -> float:
    return Ranking(labels, np.array(probabilities, np.float64)).caught().average_precision()


def _severity(verdict: Verdict) -> int:
    return MILDEST_FIRST.index(verdict)
