"""All that a report tells: contenders on the newest payments, by type, by week, and on days unlike others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from domain.display import DAY_MS
from scoring.baselines.rules import Rulebook
from scoring.baselines.single_rules import SingleRule, best_single_rules
from scoring.calibration import reliability
from scoring.dataset import Dataset
from scoring.metrics import Ranking
from scoring.report.chart import Points
from scoring.report.contender import Contender, Contest
from scoring.report.evaluation import Evaluation, evaluate, recall_by, stopped_by
from scoring.report.intervals import REPLICATES, Interval
from scoring.weights import WEIGHT_MAX, effective_size

WEEK_MS = 7 * DAY_MS
MONDAY_MS = 4 * DAY_MS  # the first one after the epoch
BINS = 10
FRAUDS_MIN = 5  # a week or a scenario with fewer is not told


@dataclass(frozen=True, kw_only=True)
class Report:
    version: str
    trained_on: str  # a sentence
    evaluated_on: str
    evaluations: tuple[Evaluation, ...]  # the model first
    precision_recall: Mapping[str, Points]  # recall, precision; by contender
    calibration: Mapping[str, Points]  # foretold, seen
    calibration_error: Mapping[str, float]
    by_week: Mapping[str, tuple[Interval, ...]]  # recall by Monday's date, a contender each
    scenarios: Mapping[str, tuple[Evaluation, ...]]
    single_rules: Mapping[str, SingleRule]
    rulebook: Rulebook
    set_aside: Mapping[str, int] = field(default_factory=dict)


def make_report(
    contest: Contest,
    rows: Dataset,
    *,
    version: str,
    trained_on: str,
    scenarios: Mapping[str, Dataset] | None = None,
    set_aside: Mapping[str, int] | None = None,
    replicates: int = REPLICATES,
) -> Report:
    """`rows` and the scenarios' rows are payments that no contender has learned from."""
    told = {name: found for name, found in (scenarios or {}).items() if found.frauds >= FRAUDS_MIN}
    return Report(
        version=version,
        trained_on=trained_on,
        evaluated_on=_sentence(rows),
        evaluations=tuple(evaluate(one, rows, replicates=replicates) for one in contest.all),
        precision_recall={one.name: _precision_recall(one, rows) for one in contest.all},
        calibration={one.name: _calibration(one, rows) for one in contest.all},
        calibration_error={one.name: _error(one, rows) for one in contest.all},
        by_week=_by_week(contest.all, rows, replicates),
        scenarios={
            name: tuple(evaluate(one, found, replicates=replicates) for one in contest.all)
            for name, found in told.items()
        },
        single_rules=best_single_rules(rows),
        rulebook=contest.rulebook,
        set_aside=set_aside or {},
    )


def _sentence(rows: Dataset) -> str:
    first, last = (_date(int(rows.as_of_ms[i])) for i in (0, -1))
    told = f"{len(rows):,} payments from {first} to {last}, {rows.frauds:,} of them fraud"
    size = effective_size(rows.weights)
    if size > len(rows) - 0.5:
        return told
    return (
        f"{told}; some stand for others that were stopped (weight at most {WEIGHT_MAX:g}): they say as "
        f"much as {size:,.0f} of equal weight. Nothing is claimed of payments outside the pass-through"
    )


def _precision_recall(one: Contender, rows: Dataset) -> Points:
    caught = Ranking(rows.labels, one.probabilities(rows.vectors)).caught(rows.weights)
    precision = caught.frauds / np.maximum(caught.frauds + caught.honest, 1e-12)
    return caught.frauds / caught.frauds[-1], precision


def _calibration(one: Contender, rows: Dataset) -> Points:
    """Probabilities in bins with as many frauds foretold in each, so that the rare high ones are seen."""
    probabilities = one.probabilities(rows.vectors)
    order = np.argsort(probabilities, kind="stable")
    foretold = np.cumsum(probabilities[order] * rows.weights[order])
    place = np.minimum((BINS * foretold / foretold[-1]).astype(int), BINS - 1)
    counted = np.maximum(np.bincount(place, rows.weights[order], BINS), 1e-12)
    mean = np.bincount(place, probabilities[order] * rows.weights[order], BINS) / counted
    seen = np.bincount(place, rows.labels[order] * rows.weights[order], BINS) / counted
    filled = counted > 1e-12
    return mean[filled], seen[filled]


def _error(one: Contender, rows: Dataset) -> float:
    return reliability(rows.labels, one.probabilities(rows.vectors), rows.weights)["calibration_error"]


def _by_week(
    contenders: tuple[Contender, ...], rows: Dataset, replicates: int
) -> dict[str, tuple[Interval, ...]]:
    """Recall, by Monday's date, at thresholds that hold for all weeks."""
    weeks = (rows.as_of_ms - MONDAY_MS) // WEEK_MS
    mondays = np.full(len(rows), "", "<U10")
    for week in np.unique(weeks).tolist():
        if rows.labels[weeks == week].sum() >= FRAUDS_MIN:
            mondays[weeks == week] = _date(week * WEEK_MS + MONDAY_MS)
    found = [recall_by(mondays, rows, stopped_by(one, rows), replicates=replicates) for one in contenders]
    return {monday: tuple(each[monday] for each in found) for monday in found[0]}


def _date(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d")
