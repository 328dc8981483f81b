"""Rules as a good analyst writes them: thresholds on one or two features, chosen greedily on past payments.

A payment's score is that of the best rule it meets: how likely fraud was among the payments that met it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.catalogue import FEATURE_NAMES
from scoring.dataset import Dataset
from scoring.metrics import average_precision

RULES = 15
CUTS = 16  # thresholds tried a feature and direction
PARTNERS = 60  # conditions that are also tried in pairs
STRICTNESS = (1.0, 2.0, 3.0)  # powers of a rule's precision by which its reach is multiplied
HONEST_MOST = 15_000  # honest payments that rules are tried on
FRAUDS_MIN = 8
PRIOR = 20.0  # honest payments imagined behind each rule, so that luck counts for little

Mask = NDArray[np.bool_]
Vectors = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A feature at or above, or at or below, a border; a missing value meets none."""

    feature: int
    above: bool
    border: float

    def met_by(self, vectors: Vectors) -> Mask:
        values = vectors[:, self.feature]
        return np.asarray(values >= self.border if self.above else values <= self.border)

    def __str__(self) -> str:
        return f"{FEATURE_NAMES[self.feature]} {'>=' if self.above else '<='} {self.border:g}"


@dataclass(frozen=True, kw_only=True)
class Rule:
    conditions: tuple[Condition, ...]
    precision: float  # the smoothed share of fraud among past payments that met it

    def met_by(self, vectors: Vectors) -> Mask:
        return np.asarray(np.all([condition.met_by(vectors) for condition in self.conditions], axis=0))

    def __str__(self) -> str:
        return " and ".join(map(str, self.conditions))


@dataclass(frozen=True, kw_only=True)
class Rulebook:
    """Rules in the order of their choice."""

    rules: tuple[Rule, ...]
    otherwise: float  # the share of fraud among payments that met no rule

    def scores(self, vectors: Vectors) -> NDArray[np.float64]:
        """The log odds of the best rule that each vector [rows, features] meets."""
        best = np.full(len(vectors), self.otherwise)
        for rule in self.rules:
            best = np.where(rule.met_by(vectors), np.maximum(best, rule.precision), best)
        return np.asarray(np.log(best / (1 - best)))


def best_rules(
    train: Dataset,
    validation: Dataset,
    *,
    rules: int = RULES,
    strictness: Sequence[float] = STRICTNESS,
) -> Rulebook:
    """Greedily the rules that catch most of what is not caught yet, at the precision they have there.

    How much precision counts against reach is what serves the validation part best.
    """
    sample = _Sample.of(train)
    books = [_rulebook(sample, rules, strict) for strict in strictness]
    return max(books, key=lambda book: average_precision(validation.labels, book.scores(validation.vectors)))


def _rulebook(sample: "_Sample", rules: int, strict: float) -> Rulebook:
    search = _Search(sample, strict)
    chosen: list[Rule] = []
    while len(chosen) < rules and (found := search.best()):
        chosen.append(found)
        search.leave(found)
    return Rulebook(rules=tuple(chosen), otherwise=search.precision_left())


@dataclass(frozen=True, kw_only=True)
class _Sample:
    """All frauds and some of the honest payments, with every condition tried on each of them."""

    vectors: Vectors
    fraud: NDArray[np.float32]
    stands_for: NDArray[np.float32]  # payments a row
    conditions: tuple[Condition, ...]
    met: Mask  # [conditions, rows]

    @classmethod
    def of(cls, train: Dataset) -> "_Sample":
        honest = np.flatnonzero(train.labels == 0)
        taken = honest[:: max(1, len(honest) // HONEST_MOST)]
        rows = np.sort(np.append(np.flatnonzero(train.labels == 1), taken))
        part = train.take(rows)
        conditions = tuple(_conditions(part))
        return cls(
            vectors=part.vectors,
            fraud=part.labels.astype(np.float32),
            stands_for=np.where(part.labels == 1, 1.0, len(honest) / max(1, len(taken))).astype(np.float32),
            conditions=conditions,
            met=np.array([condition.met_by(part.vectors) for condition in conditions], bool).reshape(
                -1, len(part)
            ),
        )


class _Search:
    """The rows no chosen rule has met yet, and what every condition alone would catch of them."""

    def __init__(self, sample: _Sample, strict: float) -> None:
        self._sample = sample
        self._strict = strict
        self._left = np.ones(len(sample.fraud), bool)
        self._counts = self._counted(sample.met, self._left)

    def leave(self, rule: Rule) -> None:
        """Take the rows that `rule` meets out of the search."""
        met = self._left & rule.met_by(self._sample.vectors)
        self._counts -= self._counted(self._sample.met[:, met], met)
        self._left &= ~met

    def precision_left(self) -> float:
        sample = self._sample
        frauds, rows = sample.fraud[self._left].sum(), sample.stands_for[self._left].sum()
        return (float(frauds) + 1) / (float(rows) + 2)

    def best(self) -> Rule | None:
        """The best of single conditions and of the best ones paired."""
        worths = self._worths()
        rule = max(worths, key=lambda each: (worths[each], -len(each)), default=())
        if not rule or worths[rule] <= 0:
            return None
        conditions = tuple(self._sample.conditions[i] for i in dict.fromkeys(rule))
        stopped = np.all(self._sample.met[list(rule)], axis=0) & self._left
        caught = float(self._sample.fraud[stopped].sum())
        return Rule(
            conditions=conditions,
            precision=caught / (float(self._sample.stands_for[stopped].sum()) + PRIOR),
        )

    def _worths(self) -> dict[tuple[int, ...], float]:
        """By the places of their conditions, what the best single ones and their best pairs are worth."""
        alone = self._worth(self._counts)
        partners = np.argsort(-alone)[:PARTNERS].tolist()
        worths: dict[tuple[int, ...], float] = {(place,): float(alone[place]) for place in partners}
        met = self._sample.met[partners][:, self._left]
        for first, of_first in zip(partners, met, strict=True):
            worth = self._worth(self._counted(met & of_first, self._left))
            second = int(np.argmax(worth))
            worths[first, partners[second]] = float(worth[second])
        return worths

    def _counted(self, met: Mask, rows: Mask) -> NDArray[np.float64]:
        """Frauds caught and payments stopped, one row a condition."""
        columns = np.column_stack([self._sample.fraud[rows], self._sample.stands_for[rows]])
        return np.asarray(met.astype(np.float32) @ columns, np.float64)

    def _worth(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Frauds caught times a power of the smoothed precision; nothing below FRAUDS_MIN frauds."""
        caught, stopped = counts[:, 0], np.maximum(counts[:, 1], 0.0)
        worth = caught * (np.maximum(caught, 0.0) / (stopped + PRIOR)) ** self._strict
        return np.where(caught >= FRAUDS_MIN - 0.5, worth, 0.0)


def _conditions(train: Dataset) -> Iterator[Condition]:
    """Borders at the quantiles of each feature among frauds."""
    steps = np.linspace(0.02, 0.98, CUTS)
    for feature in range(train.vectors.shape[1]):
        values = train.vectors[train.labels == 1, feature]
        known = values[~np.isnan(values)]
        if len(known) < FRAUDS_MIN:
            continue
        for border in np.unique(np.quantile(known, steps, method="nearest")):
            yield Condition(feature=feature, above=True, border=float(border))
            yield Condition(feature=feature, above=False, border=float(border))
