import json
import subprocess
import sys
from array import array
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from math import exp, log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost
from small_model import MODEL_KEY

from domain.catalogue import FEATURE_NAMES
from domain.errors import ModelRefused
from scoring.compile import compile_model
from scoring.dataset import Dataset
from scoring.golden import golden_rows
from scoring.model_folder import write_signature
from scoring.scorer import BOOSTER_FILE, FLOAT32_MAX, SEAL_FILE, SIGNATURE_FILE, Scorer
from scoring.signature import seal_of
from scoring.train import ModelReport

SIZE = len(FEATURE_NAMES)


@pytest.fixture(scope="module", params=["compiled", "interpreter"])
def scorer(
    request: pytest.FixtureRequest, trained: ModelReport, interpreted: tuple[ModelReport, list[str]]
) -> Scorer:
    return Scorer.load(trained.folder if request.param == "compiled" else interpreted[0].folder, MODEL_KEY)


def resign(model: Path, change: Callable[[dict[str, Any]], object], key: bytes = MODEL_KEY) -> None:
    """Change the signature and seal it again."""
    path = model / SIGNATURE_FILE
    signature = json.loads(path.read_text())
    change(signature)
    path.write_text(json.dumps(signature))
    (model / SEAL_FILE).write_text(seal_of(path.read_bytes(), key))


def test_odd_vectors_score_as_xgboost_scores_them(scorer: Scorer, trained: ModelReport) -> None:
    booster = xgboost.Booster(model_file=trained.folder / BOOSTER_FILE)
    constants = (np.nan, 0.0, -0.0, 1e-40, -1.0, 1e30, FLOAT32_MAX, -FLOAT32_MAX)
    rows = np.array([[value] * SIZE for value in constants], np.float32)
    margins = booster.inplace_predict(rows, predict_type="margin", missing=np.nan).tolist()
    calibration = scorer.signature.calibration
    for row, margin in zip(rows, margins, strict=True):
        expected = 1 / (1 + exp(-(calibration.slope * margin + calibration.intercept)))
        assert scorer.score(row) == pytest.approx(expected, abs=2e-6)


def test_an_infinity_scores_as_the_largest_number(scorer: Scorer) -> None:
    infinite, largest = np.full(SIZE, np.inf, np.float32), np.full(SIZE, FLOAT32_MAX, np.float32)
    assert scorer.score(infinite) == scorer.score(largest)
    assert scorer.contributions(infinite) == scorer.contributions(largest)


def test_a_vector_may_be_an_array_of_floats(scorer: Scorer, rows: Dataset) -> None:
    vector = array("f", rows.vectors[3].tolist())
    assert scorer.score(vector) == scorer.score(rows.vectors[3])
    assert scorer.contributions(vector) == scorer.contributions(rows.vectors[3])


def test_contributions_sum_to_the_log_odds(scorer: Scorer, rows: Dataset) -> None:
    for row in rows.vectors[:200]:
        contributions = scorer.contributions(row)
        assert len(contributions) == SIZE + 1
        probability = scorer.score(row)
        assert sum(contributions) == pytest.approx(scorer.margin(row), abs=1e-5)
        assert sum(contributions) == pytest.approx(log(probability / (1 - probability)), abs=1e-5)


def test_contributions_are_xgboosts_own(scorer: Scorer, trained: ModelReport, rows: Dataset) -> None:
    booster = xgboost.Booster(model_file=trained.folder / BOOSTER_FILE)
    matrix = xgboost.DMatrix(rows.vectors[:50], feature_names=list(FEATURE_NAMES))
    exact = booster.predict(matrix, pred_contribs=True) * scorer.signature.calibration.slope
    for row, values in zip(rows.vectors[:50], exact, strict=True):
        assert scorer.contributions(row)[:-1] == pytest.approx(values[:-1].tolist(), abs=1e-6)


def test_one_row_leaves_nothing_for_the_next(scorer: Scorer, rows: Dataset) -> None:
    nothing = np.full(SIZE, np.nan, np.float32)
    first = scorer.score(rows.vectors[0])
    scorer.score(nothing)
    assert scorer.score(rows.vectors[0]) == first


def test_threads_do_not_disturb_each_other(scorer: Scorer, rows: Dataset) -> None:
    vectors = list(rows.vectors[:400])
    expected = [(scorer.score(v), scorer.contributions(v)) for v in vectors]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda v: (scorer.score(v), scorer.contributions(v)), vectors)) == expected


@pytest.mark.parametrize("size", [0, 1, SIZE - 1, SIZE + 1])
def test_a_vector_of_another_size_is_refused(scorer: Scorer, size: int) -> None:
    for method in (scorer.score, scorer.contributions):
        with pytest.raises(ValueError, match=f"{SIZE} features is needed, got {size}"):
            method(np.zeros(size, np.float32))


@pytest.mark.parametrize("name", ["model.ubj", "model.tl", "model.so"])
def test_a_file_with_another_hash_is_refused(model: Path, name: str) -> None:
    content = bytearray((model / name).read_bytes())
    content[len(content) // 2] ^= 1
    (model / name).write_bytes(content)
    with pytest.raises(ModelRefused, match=f"{name} is not the file"):
        Scorer.load(model, MODEL_KEY)


def test_a_truncated_library_is_refused_before_it_is_loaded(model: Path) -> None:
    library = model / "model.so"
    library.write_bytes(library.read_bytes()[:5_000])
    with pytest.raises(ModelRefused, match="is not the file"):
        Scorer.load(model, MODEL_KEY)


def test_a_library_for_another_machine_is_refused(model: Path) -> None:
    (model / "model.so").write_bytes(b"\x7fELF from elsewhere")
    digest = sha256((model / "model.so").read_bytes()).hexdigest()
    resign(model, lambda s: s["files"].update({"model.so": digest}))
    with pytest.raises(ModelRefused, match="cannot be loaded on this machine"):
        Scorer.load(model, MODEL_KEY)


def test_other_features_are_refused_and_named(model: Path) -> None:
    resign(model, lambda s: s["features"].__setitem__(0, "shoe_size"))
    with pytest.raises(ModelRefused, match="only in the model \\['shoe_size'\\]"):
        Scorer.load(model, MODEL_KEY)


def test_features_in_another_order_are_refused(model: Path) -> None:
    resign(model, lambda s: s["features"].reverse())
    with pytest.raises(ModelRefused, match="another order"):
        Scorer.load(model, MODEL_KEY)


def test_other_definitions_are_refused(model: Path) -> None:
    resign(model, lambda s: s.update(catalogue="0" * 64))
    with pytest.raises(ModelRefused, match="other definitions"):
        Scorer.load(model, MODEL_KEY)


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s["thresholds"].update(decline=0.99),
        lambda s: s["calibration"].update(slope=9.0),
        lambda s: s.update(version="mdl_other"),
        lambda s: s["files"].pop("model.ubj"),
    ],
)
def test_a_signature_changed_afterwards_is_refused(
    model: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    resign(model, change)
    with pytest.raises(ModelRefused, match="changed after it was written"):
        Scorer.load(model, MODEL_KEY)


def test_a_signature_without_its_own_seal_is_refused_before_it_is_read(model: Path) -> None:
    path = model / SIGNATURE_FILE
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ModelRefused, match="its seal does not match"):
        Scorer.load(model, MODEL_KEY)
    path.write_text("{")
    with pytest.raises(ModelRefused, match="its seal does not match"):
        Scorer.load(model, MODEL_KEY)


@pytest.mark.parametrize("key", [b"", MODEL_KEY[:-1], bytes(32)])
def test_a_model_sealed_with_another_key_is_refused(model: Path, key: bytes) -> None:
    resign(model, lambda _: None, key)
    with pytest.raises(ModelRefused, match="sealed with another key"):
        Scorer.load(model, MODEL_KEY)


@pytest.mark.parametrize("seal", [b"", b"0" * 64, b"\xff\x00 no seal"])
def test_what_is_no_seal_is_refused(model: Path, seal: bytes) -> None:
    (model / SEAL_FILE).write_bytes(seal)
    with pytest.raises(ModelRefused, match="its seal does not match"):
        Scorer.load(model, MODEL_KEY)


def test_no_library_is_opened_before_the_seal_holds(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    monkeypatch.setattr("scoring.trees.ctypes.PyDLL", opened.append)
    monkeypatch.setattr("scoring.contributions.ctypes.CDLL", opened.append)
    with pytest.raises(ModelRefused):
        Scorer.load(model, bytes(32))
    assert opened == []


def test_golden_rows_go_with_a_model(trained: ModelReport) -> None:
    golden = trained.signature.golden
    assert len(golden) >= 12
    assert any(np.isnan(np.frombuffer(row.vector, "<f4")).all() for row in golden)


@pytest.mark.parametrize("off", [1e-3, -1e9])
def test_a_model_that_answers_golden_rows_otherwise_is_refused(model: Path, off: float) -> None:
    def change(signature: dict[str, Any]) -> None:
        signature["golden"][3]["margin"] += off

    resign(model, change)
    with pytest.raises(ModelRefused, match="golden row 3"):
        Scorer.load(model, MODEL_KEY)


def test_golden_rows_of_another_size_are_refused(model: Path) -> None:
    resign(model, lambda s: s["golden"][0].update(vector=b64encode(bytes(12)).decode()))
    with pytest.raises(ModelRefused, match="golden row 0"):
        Scorer.load(model, MODEL_KEY)


def test_a_signature_that_cannot_be_read_is_refused(model: Path, tmp_path: Path) -> None:
    resign(model, lambda s: s.pop("version"))
    with pytest.raises(ModelRefused, match="cannot be read"):
        Scorer.load(model, MODEL_KEY)
    with pytest.raises(ModelRefused, match="no whole model"):
        Scorer.load(tmp_path / "absent", MODEL_KEY)


def test_a_model_replaced_in_its_place_is_the_one_that_is_loaded(
    model: Path, trained: ModelReport, rows: Dataset
) -> None:
    before = Scorer.load(model, MODEL_KEY)
    booster = xgboost.Booster(model_file=model / BOOSTER_FILE)[:5]
    booster.save_model(model / BOOSTER_FILE)
    kept = trained.signature
    write_signature(
        model,
        compiled=compile_model(booster, model),
        calibration=kept.calibration,
        thresholds=kept.thresholds,
        metrics=kept.metrics,
        data=kept.data,
        trained_at=kept.trained_at,
        golden=golden_rows(booster, rows.vectors),
        key=MODEL_KEY,
    )
    after = Scorer.load(model, MODEL_KEY)
    margin = float(booster.inplace_predict(rows.vectors[:1], predict_type="margin", missing=np.nan)[0])
    expected = kept.calibration.slope * margin + kept.calibration.intercept
    assert after.margin(rows.vectors[0]) == pytest.approx(expected, abs=1e-5)
    assert after.version != before.version


def test_loading_a_scorer_loads_no_heavy_package(trained: ModelReport) -> None:
    program = (
        "import sys; from pathlib import Path; from scoring.scorer import Scorer\n"
        "scorer = Scorer.load(Path(sys.argv[1]), bytes.fromhex(sys.argv[2]))\n"
        "scorer.contributions([0.0] * int(sys.argv[3]))\n"
        "heavy = {'pandas', 'sklearn', 'scipy', 'xgboost', 'treelite', 'tl2cgen', 'pyarrow'}\n"
        "allowed = {f'scoring.{name}' for name in ('scorer', 'signature', 'trees', 'contributions')}\n"
        "ours = {name for name in sys.modules if name.startswith('scoring.')} - allowed\n"
        "print(sorted((heavy & set(sys.modules)) | ours))"
    )
    command = [sys.executable, "-c", program, str(trained.folder), MODEL_KEY.hex(), str(SIZE)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"
