"""Contributions and margin over many vectors that nobody pays with: what adds up, and what rises."""

import shutil
import subprocess
from itertools import pairwise
from math import fsum, inf, nextafter
from pathlib import Path

import numpy as np
import pytest
import xgboost
from msgspec import structs
from numpy.typing import NDArray
from small_model import MODEL_KEY

from domain.catalogue import FEATURE_NAMES
from domain.decision import Verdict
from domain.thresholds import Thresholds
from scoring.booster_trees import exact_margins
from scoring.contributions import XGBoostLibrary
from scoring.dataset import Dataset
from scoring.generate_c import add_up_in_double, write_entry
from scoring.scorer import BOOSTER_FILE, FLOAT32_MAX, Calibration, Scorer
from scoring.train import ModelReport
from scoring.trees import CompiledTrees, Vector

SIZE, VECTORS = len(FEATURE_NAMES), 2_500
TOLERANCE = 1e-5
EXTREMES = np.array([FLOAT32_MAX, -FLOAT32_MAX, inf, -inf, 1e30, -1e30, 1e-40, -1.0, -0.0, 0.0], np.float32)


def odd_vectors(number: int, seed: int) -> NDArray[np.float32]:
    """Usual values, values of another size than any seen, extremes, and a varying share of missing ones."""
    random = np.random.default_rng(seed)
    vectors = np.floor(random.gamma(1.2, 3, (number, SIZE)))
    unseen = random.random(number) < 0.2
    vectors[unseen] = random.normal(0, 1e4, (int(unseen.sum()), SIZE))
    vectors = vectors.astype(np.float32)
    extreme = random.random(vectors.shape) < 0.04
    vectors[extreme] = random.choice(EXTREMES, int(extreme.sum()))
    vectors[random.random(vectors.shape) < random.random((number, 1))] = np.nan
    return vectors


@pytest.fixture(scope="module")
def scorer(trained: ModelReport) -> Scorer:
    return Scorer.load(trained.folder, MODEL_KEY)


def differences(scorer: Scorer, vectors: NDArray[np.float32]) -> list[float]:
    return [abs(fsum(scorer.contributions(vector)) - scorer.margin(vector)) for vector in vectors]


def test_contributions_and_base_add_up_to_the_margin(scorer: Scorer) -> None:
    assert max(differences(scorer, odd_vectors(VECTORS, 1))) <= TOLERANCE


def test_they_add_up_without_a_compiler_too(interpreted: tuple[ModelReport, list[str]]) -> None:
    scorer = Scorer.load(interpreted[0].folder, MODEL_KEY)
    assert max(differences(scorer, odd_vectors(VECTORS // 5, 2))) <= TOLERANCE


def test_they_add_up_on_payments_as_they_come(scorer: Scorer, rows: Dataset) -> None:
    assert max(differences(scorer, rows.vectors[:1_000])) <= TOLERANCE


def test_a_base_that_is_off_would_be_found(scorer: Scorer) -> None:
    vector = odd_vectors(1, 3)[0]
    contributions = scorer.contributions(vector)
    contributions[-1] += 2 * TOLERANCE
    assert abs(fsum(contributions) - scorer.margin(vector)) > TOLERANCE


def test_the_compiled_margin_is_added_up_in_double(scorer: Scorer, trained: ModelReport) -> None:
    booster = xgboost.Booster(model_file=trained.folder / BOOSTER_FILE)
    vectors = np.nan_to_num(odd_vectors(1_000, 6), nan=np.nan, posinf=FLOAT32_MAX, neginf=-FLOAT32_MAX)
    margins = exact_margins(booster, vectors)
    assert [scorer._trees(vector) for vector in vectors] == pytest.approx(margins.tolist(), abs=1e-6)


def test_margins_without_rounding_are_xgboosts_own_but_for_its_rounding(trained: ModelReport) -> None:
    booster = xgboost.Booster(model_file=trained.folder / BOOSTER_FILE)
    vectors = np.nan_to_num(odd_vectors(1_000, 7), nan=np.nan, posinf=FLOAT32_MAX, neginf=-FLOAT32_MAX)
    told = booster.inplace_predict(vectors, predict_type="margin", missing=np.nan)
    assert exact_margins(booster, vectors) == pytest.approx(told.tolist(), abs=2e-5)


HEADER = """
#include <stddef.h>
#include <stdint.h>
union Entry {{ int missing; float fvalue; }};
int32_t get_num_feature(void);
void predict(union Entry* data, int pred_margin, {c}* result);
"""
LIBRARY = """
#include "header.h"
int32_t get_num_feature(void) {{ return 2; }}
void predict(union Entry* data, int pred_margin, {c}* result) {{
  result[0] += data[1].missing == -1 ? 7 : 0.1;
  result[0] += 0.2;
}}
"""


@pytest.mark.parametrize(("c", "total"), [("float", float(np.float32(0.3))), ("double", 0.3)])
@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_the_entry_adds_up_in_the_type_of_the_trees(tmp_path: Path, c: str, total: float) -> None:
    (tmp_path / "header.h").write_text(HEADER.format(c=c))
    (tmp_path / "trees.c").write_text(LIBRARY.format(c=c))
    write_entry(tmp_path, 2)
    library, sources = tmp_path / "trees.so", map(str, tmp_path.glob("*.c"))
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), *sources], check=True)
    trees = CompiledTrees(library.read_bytes(), 2, where=library)
    assert [trees(np.zeros(2, np.float32)) for _ in range(2)] == pytest.approx([total] * 2, abs=1e-12)
    assert trees(np.array([0, np.nan], np.float32)) == pytest.approx(7.2, abs=1e-6)


def test_generated_code_is_changed_whole_or_not_at_all(tmp_path: Path) -> None:
    before = (
        'const char* get_leaf_output_type(void) {\n  return "float32";\n}\nvoid predict(float* result);\n'
    )
    (tmp_path / "main.c").write_text(before)
    add_up_in_double(tmp_path)
    assert (tmp_path / "main.c").read_text() == before.replace("float32", "float64").replace(
        "float*", "double*"
    )
    strange = before.replace("float* result", "float *result")
    (tmp_path / "main.c").write_text(strange)
    add_up_in_double(tmp_path)
    assert (tmp_path / "main.c").read_text() == strange


class Constant:
    """Trees that say one margin of everything."""

    def __init__(self, margin: float) -> None:
        self.margin = margin

    def __call__(self, _: Vector) -> float:
        return self.margin

    def many(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.full(len(rows), self.margin)


def calibrated(scorer: Scorer, shap: XGBoostLibrary, calibration: Calibration, margin: float) -> float:
    signature = structs.replace(scorer.signature, calibration=calibration)
    return Scorer(signature=signature, trees=Constant(margin), shap=shap).score(np.zeros(SIZE, np.float32))


def test_the_calibration_rises_strictly(scorer: Scorer, trained: ModelReport) -> None:
    shap = XGBoostLibrary((trained.folder / BOOSTER_FILE).read_bytes(), SIZE)
    calibration = scorer.signature.calibration
    assert calibration.slope > 0
    grid = [step / 100 for step in range(-1_500, 1_501)]
    probabilities = [calibrated(scorer, shap, calibration, margin) for margin in grid]
    assert all(low < high for low, high in pairwise(probabilities))
    assert 0 < probabilities[0] < probabilities[-1] < 1


def test_the_order_of_raw_margins_is_the_order_of_probabilities(scorer: Scorer) -> None:
    vectors = odd_vectors(500, 4)
    raw = [scorer._trees(vector) for vector in vectors]
    scores = [scorer.score(vector) for vector in vectors]
    by_raw = [scores[place] for place in np.argsort(raw, kind="stable")]
    assert by_raw == sorted(scores)
    assert len(set(scores)) > 100


THRESHOLDS = Thresholds(review=0.2, challenge=0.5, decline=0.8)


@pytest.mark.parametrize(
    ("at", "verdict", "below"),
    [
        (0.2, Verdict.REVIEW, Verdict.APPROVE),
        (0.5, Verdict.CHALLENGE, Verdict.REVIEW),
        (0.8, Verdict.DECLINE, Verdict.CHALLENGE),
    ],
)
def test_a_threshold_acts_on_the_probability_from_its_very_value_on(
    at: float, verdict: Verdict, below: Verdict
) -> None:
    assert THRESHOLDS.verdict(at) is verdict
    assert THRESHOLDS.verdict(nextafter(at, 1)) is verdict
    assert THRESHOLDS.verdict(nextafter(at, 0)) is below


def test_a_verdict_never_softens_as_the_probability_rises(scorer: Scorer) -> None:
    scores = sorted(scorer.score(vector) for vector in odd_vectors(500, 5))
    order = [list(Verdict).index(scorer.thresholds.verdict(score)) for score in scores]
    assert order == sorted(order)
    assert len(set(order)) > 1
