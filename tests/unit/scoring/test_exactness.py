"""Contributions and margin over many vectors that nobody pays with: what adds up, and what rises."""

import json
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

from domain.catalogue import FEATURE_NAMES
from domain.decision import Verdict
from scoring.dataset import Dataset
from scoring.generate_c import add_up_in_double
from scoring.scorer import (
    BOOSTER_FILE,
    FLOAT32_MAX,
    Calibration,
    CompiledTrees,
    Scorer,
    Thresholds,
    XGBoostLibrary,
)
from scoring.train import ModelReport

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
    return Scorer.load(trained.folder)


def differences(scorer: Scorer, vectors: NDArray[np.float32]) -> list[float]:
    return [abs(fsum(scorer.contributions(vector)) - scorer.margin(vector)) for vector in vectors]


def test_contributions_and_base_add_up_to_the_margin(scorer: Scorer) -> None:
    assert max(differences(scorer, odd_vectors(VECTORS, 1))) <= TOLERANCE


def test_they_add_up_without_a_compiler_too(interpreted: tuple[ModelReport, list[str]]) -> None:
    scorer = Scorer.load(interpreted[0].folder)
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
    trees = json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]["model"]["trees"]
    weights = [np.array(tree["split_conditions"], np.float32) for tree in trees]
    leaves = booster.predict(xgboost.DMatrix(vectors, feature_names=list(FEATURE_NAMES)), pred_leaf=True)
    base = scorer._margin(vectors[0]) - _sum_of_leaves(weights, leaves[0])
    for vector, reached in zip(vectors, leaves, strict=True):
        assert scorer._margin(vector) == pytest.approx(base + _sum_of_leaves(weights, reached), abs=1e-6)


def _sum_of_leaves(weights: list[NDArray[np.float32]], leaves: NDArray[np.float32]) -> float:
    return fsum(float(tree[int(leaf)]) for tree, leaf in zip(weights, leaves, strict=True))


LIBRARY = """
int get_num_feature(void) {{ return 2; }}
const char* get_leaf_output_type(void) {{ return "{kind}"; }}
void predict(void* data, int pred_margin, {c}* result) {{ result[0] += 0.1; result[0] += 0.2; }}
"""


@pytest.mark.parametrize(
    ("kind", "c", "total"), [("float32", "float", float(np.float32(0.3))), ("float64", "double", 0.3)]
)
@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_a_library_is_read_by_the_type_that_it_says(tmp_path: Path, kind: str, c: str, total: float) -> None:
    (tmp_path / "trees.c").write_text(LIBRARY.format(kind=kind, c=c))
    command = ["cc", "-shared", "-fPIC", "-o", str(tmp_path / "trees.so"), str(tmp_path / "trees.c")]
    subprocess.run(command, check=True)
    trees = CompiledTrees((tmp_path / "trees.so").read_bytes(), 2, where=tmp_path / "trees.so")
    assert [trees(np.zeros(2, np.float32)) for _ in range(2)] == pytest.approx([total] * 2, abs=1e-12)


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


def calibrated(scorer: Scorer, shap: XGBoostLibrary, calibration: Calibration, margin: float) -> float:
    signature = structs.replace(scorer.signature, calibration=calibration)
    return Scorer(signature=signature, margin=lambda _: margin, shap=shap).score(np.zeros(SIZE, np.float32))


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
    raw = [scorer._margin(vector) for vector in vectors]
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
