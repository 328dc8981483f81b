"""A contender's figures on payments it has not learned from."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.cost import Costs
from domain.decision import Verdict
from scoring.dataset import Dataset, Strings
from scoring.metrics import Cards, Ranking
from scoring.money import MILDEST_FIRST, costs_minor, saved_share
from scoring.report.contender import Contender
from scoring.report.intervals import REPLICATES, Interval, Weights, intervals

AP = "ap"
FALSE_DECLINES = 0.005
RECALLS = {
    "recall_at_tenth_percent": 0.001,
    "recall_at_half_percent": FALSE_DECLINES,
    "recall_at_one_percent": 0.01,
}
CARDS = "card_precision_at_100"
SAVED = "money_saved_share"
FIGURES = (AP, *RECALLS, CARDS, SAVED)


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    contender: Contender
    rows: int
    frauds: int
    figures: Mapping[str, Interval]  # by the names in FIGURES
    saved_minor: float  # against approving everything
    by_kind: Mapping[str, Interval]  # recall at half a percent of false declines, a type of fraud
    verdict_shares: Mapping[str, float]  # of all payments
    honest_stopped: float  # share of honest payments that were declined or challenged


def evaluate(
    contender: Contender, rows: Dataset, *, costs: Costs | None = None, replicates: int = REPLICATES
) -> Evaluation:
    """Figures with 95 % intervals over riders; `rows` hold both classes."""
    costs = costs or Costs()
    probabilities = contender.probabilities(rows.vectors)
    given = contender.verdicts(rows.vectors)
    spent = costs_minor(given, rows.labels, rows.amounts_minor, costs)
    without = costs_minor(np.zeros_like(given), rows.labels, rows.amounts_minor, costs)
    ranking = Ranking(rows.labels, probabilities)
    cards = Cards(rows.labels, probabilities, rows.card_ids)
    own = rows.weights.astype(np.float64)

    def figures(drawn: Weights | None) -> Mapping[str, float]:
        weights = own if drawn is None else own * drawn
        caught = ranking.caught(weights)
        return {
            AP: caught.average_precision(),
            **{name: caught.recall_at(rate) for name, rate in RECALLS.items()},
            CARDS: cards.precision(weights),
            SAVED: saved_share(spent, without, weights),
        }

    stops = np.array([verdict.stops_payment for verdict in MILDEST_FIRST])
    honest = rows.labels == 0
    return Evaluation(
        contender=contender,
        rows=len(rows),
        frauds=rows.frauds,
        figures=intervals(figures, rows.user_ids, replicates=replicates),
        saved_minor=float(own @ (without - spent)),
        by_kind=recall_by(rows.kinds, rows, stopped_by(contender, rows), replicates=replicates),
        verdict_shares=_shares(given, own),
        honest_stopped=float(np.average(stops[given[honest]], weights=own[honest])),
    )


def recall_by(
    groups: Strings, rows: Dataset, stopped: NDArray[np.bool_], *, replicates: int = REPLICATES
) -> dict[str, Interval]:
    """The share of fraud stopped in each group but the nameless one; one that was not drawn says nothing."""
    fraud = (rows.labels == 1) & (groups != "")
    group, caught, own = groups[fraud], stopped[fraud], rows.weights[fraud].astype(np.float64)
    names = np.unique(group).tolist()
    if not names:
        return {}

    def recalls(drawn: Weights | None) -> Mapping[str, float]:
        weights = own if drawn is None else own * drawn
        return {name: _share(weights * (group == name), caught) for name in names}

    return intervals(recalls, rows.user_ids[fraud], replicates=replicates)


def stopped_by(contender: Contender, rows: Dataset) -> NDArray[np.bool_]:
    """Where a threshold stops that lets through all but half a percent of these honest payments."""
    probabilities = contender.probabilities(rows.vectors)
    threshold = Ranking(rows.labels, probabilities).threshold_at(FALSE_DECLINES, rows.weights)
    return np.asarray(probabilities >= threshold)


def _share(weights: Weights, caught: NDArray[np.bool_]) -> float:
    total = float(weights.sum())
    return float(weights @ caught) / total if total else float("nan")


def _shares(given: NDArray[np.int64], weights: Weights) -> dict[str, float]:
    counted = np.bincount(given, weights, minlength=len(MILDEST_FIRST)) / weights.sum()
    return {Verdict(verdict).value: float(counted[i]) for i, verdict in enumerate(MILDEST_FIRST)}
