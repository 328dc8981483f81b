"""Whoever has one voice, an analyst or whoever writes the labels of one day, cannot move the gate.

A twentieth of all labels is flipped, each time so that it helps the lie most. The truth says which model is
better; the gate sees only the labels.
"""

from dataclasses import replace

import numpy as np
import pytest
from judged_rows import answers, rows_of, seeing, some_rows

from scoring.dataset import Dataset
from scoring.learning.contest import Answers
from scoring.learning.gate import GateVerdict, Trial, judge
from scoring.learning.stress import Stress

ROWS, FRAUDS, FLIPPED = 1_200, 60, 60
DAY = 4


def truth() -> Dataset:
    """Three analysts label a sixth of the payments between them; ten days."""
    rows = some_rows(ROWS, FRAUDS)
    sources = rows.sources.astype("U20")
    sources[rows.labels == 1] = "chargeback"
    for number, name in enumerate(("ann", "bob", "eve")):
        sources[number::18] = f"analyst:{name}"
    return replace(rows, sources=sources)


def by_analyst(rows: Dataset, wanted: np.ndarray) -> Dataset:
    """Eve flips a twentieth of all labels, those of `wanted` rows first, and puts her name to them."""
    chosen = np.argsort(~wanted, kind="stable")[:FLIPPED]
    labels, sources = rows.labels.copy(), rows.sources.copy()
    labels[chosen] = 1 - labels[chosen]
    sources[chosen] = "analyst:eve"
    return replace(rows, labels=labels, sources=sources)


def by_day(rows: Dataset, wanted: np.ndarray) -> Dataset:
    """The same of labels that all became known within one tenth of the time, by whomever."""
    chosen = np.argsort(~wanted, kind="stable")[:FLIPPED]
    labels, known_ms = rows.labels.copy(), rows.labelled_ms.copy()
    labels[chosen] = 1 - labels[chosen]
    known_ms[chosen] = rows.labelled_ms[DAY * ROWS // 10 : DAY * ROWS // 10 + FLIPPED]
    return replace(rows, labels=labels, labelled_ms=known_ms)


def at_the_gate(rows: Dataset, champion: Answers, challenger: Answers) -> GateVerdict:
    attacks = rows_of(np.ones(50))
    same = answers([0.95] * 50)
    stress = Stress(rows=attacks, champion=same, challenger=same)
    return judge(Trial(rows=rows, champion=champion, challenger=challenger, stress=stress))


@pytest.mark.parametrize("poison", [by_analyst, by_day])
def test_a_worse_model_is_not_promoted(poison) -> None:  # type: ignore[no-untyped-def]
    """Honest payments that it scores high are called fraud: by the labels it would be the better one."""
    rows = truth()
    champion = seeing(rows.labels, 0.8)
    liked = np.zeros(ROWS, np.bool_)
    liked[np.random.default_rng(5).choice(np.flatnonzero(rows.labels == 0), FLIPPED, replace=False)] = True
    worse = np.where(liked, 0.95, seeing(rows.labels, 0.3).probabilities)
    poisoned = poison(rows, liked)

    verdict = at_the_gate(poisoned, champion, answers(worse))

    assert verdict.money is not None
    assert verdict.precision is not None
    assert verdict.money.low > 0  # the lie is believed
    assert verdict.precision.low > 0
    assert not verdict.passed
    assert verdict.why.startswith("without ")


@pytest.mark.parametrize("poison", [by_analyst, by_day])
def test_a_better_model_is_not_held_up(poison) -> None:  # type: ignore[no-untyped-def]
    """What it catches is called honest, and honest payments are called fraud."""
    rows = truth()
    champion, better = seeing(rows.labels, 0.2), seeing(rows.labels, 0.95, seed=3)
    caught_by_it = (rows.labels == 1) & better.stops & ~champion.stops & (np.cumsum(rows.labels) <= 30)
    assert at_the_gate(rows, champion, better).passed
    poisoned = poison(rows, caught_by_it)

    verdict = at_the_gate(poisoned, champion, better)

    assert verdict.passed
    assert verdict.set_aside in ("the analyst eve", "the labels of one tenth of the time")
    assert "set aside" in verdict.why


def test_without_a_lie_nobody_is_set_aside() -> None:
    rows = truth()
    verdict = at_the_gate(rows, seeing(rows.labels, 0.2), seeing(rows.labels, 0.9))
    assert verdict.passed
    assert verdict.set_aside is None
