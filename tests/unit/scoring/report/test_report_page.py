"""A contest on small data, told on one page."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from dataset_factories import a_dataset

from domain.display import DAY_MS
from scoring.dataset import Split, split_by_time
from scoring.report.contender import Contender, Contest
from scoring.report.evaluation import AP, CARDS, FIGURES, RECALLS, SAVED, evaluate
from scoring.report.page import page
from scoring.report.report import Report, make_report
from scoring.train import fit

START_MS = 1_790_000_000_000
ROWS = a_dataset(3_000, as_of_ms=START_MS + np.arange(3_000) * 20 * DAY_MS // 600)
NAMES = ["model", "logistic regression", "best rules"]


@pytest.fixture(scope="module")
def split() -> Split:
    return split_by_time(ROWS)


@pytest.fixture(scope="module")
def contest(split: Split) -> Contest:
    return Contest.of(fit(split), split)


@pytest.fixture(scope="module")
def report(contest: Contest, split: Split) -> Report:
    return make_report(
        contest,
        split.test,
        version="mdl_<b>",
        trained_on="2,100 payments",
        scenarios={"surge": split.validation, "new_city": split.validation.take(slice(0, 3))},
        set_aside={"no label yet": 1_234},
        replicates=30,
    )


def test_every_figure_is_told_of_every_contender_with_its_interval(report: Report) -> None:
    assert [each.contender.name for each in report.evaluations] == NAMES
    for each in report.evaluations:
        assert set(each.figures) == set(FIGURES) == {AP, *RECALLS, CARDS, SAVED}
        assert all(found.low <= found.value <= found.high for found in each.figures.values())


def test_a_contender_that_guesses_saves_nothing(split: Split) -> None:
    random = np.random.default_rng(1)
    guess = Contender.of("guess", lambda vectors: random.normal(-2, 1, len(vectors)), split.validation)
    found = evaluate(guess, split.test, replicates=20)
    assert found.figures[AP].value < 0.25
    assert found.figures[SAVED].value < 0.15
    assert sum(found.verdict_shares.values()) == pytest.approx(1)


def test_a_contender_that_knows_saves_nearly_all(split: Split) -> None:
    truth = {row.tobytes(): label for row, label in zip(ROWS.vectors, ROWS.labels, strict=True)}

    def knowing(vectors: np.ndarray) -> np.ndarray:
        return np.array([9.0 if truth[row.tobytes()] else -9.0 for row in vectors])

    found = evaluate(Contender.of("truth", knowing, split.validation), split.test, replicates=20)
    assert found.figures[AP].value == 1.0
    assert found.figures[SAVED].value > 0.95
    assert found.honest_stopped == 0.0
    assert {interval.value for interval in found.by_kind.values()} == {1.0}


def test_weeks_begin_on_mondays_and_each_has_its_recall(report: Report) -> None:
    assert len(report.by_week) >= 2
    mondays = [np.datetime64(day).astype("datetime64[D]") for day in report.by_week]
    assert {int((day - np.datetime64("2026-06-01")).astype(int)) % 7 for day in mondays} == {0}
    assert all(len(found) == len(NAMES) for found in report.by_week.values())


def test_a_scenario_with_too_little_fraud_is_not_told(report: Report) -> None:
    assert list(report.scenarios) == ["surge"]


def test_weights_are_owned_up_to(contest: Contest, split: Split) -> None:
    weights = np.where(np.arange(len(split.test)) % 9, 1.0, 20.0).astype(np.float32)
    heavy = replace(split.test, weights=weights)
    told = make_report(contest, heavy, version="mdl_a", trained_on="", replicates=5)
    assert "of equal weight. Nothing is claimed" in told.evaluated_on


class Outline(HTMLParser):
    """What a browser would fetch, and which elements are still open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [value for name, value in attrs if name in ("src", "href") and value]
        if tag != "meta" and tag not in ("path", "circle"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("path", "circle"):
            assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_no_network(report: Report) -> None:
    text = page(report)
    outline = Outline()
    outline.feed(text)
    assert outline.open == []
    assert outline.fetched == []
    assert "http" not in text
    assert "<script" not in text


def test_the_page_tells_every_part_and_escapes_what_it_tells(report: Report) -> None:
    text = page(report)
    headings = re.findall("<h2>(.*?)</h2>", text)
    assert headings == [
        "Against what it must beat",
        "Precision over recall",
        "Money",
        "By type of fraud: recall at 0.5 % false declines",
        "The best single rule on one feature",
        "By week: recall at 0.5 % false declines",
        "Calibration",
        "Scenario: surge",
        "The best rules",
        "Set aside",
    ]
    assert "mdl_&lt;b&gt;" in text
    assert "1,234" in text
    assert text.count("<svg") >= 6
