import json
from hashlib import sha256
from pathlib import Path

import pytest
from small_model import MODEL_KEY, write_small_model

from domain.catalogue import FEATURE_NAMES, SIGNATURE
from domain.errors import ModelRefused
from scoring.model_folder import booster_of, file_of, half_written, publish
from scoring.scorer import BOOSTER_FILE, SIGNATURE_FILE, Scorer
from scoring.train import ModelReport, train


def test_the_signature_says_what_the_model_is(trained: ModelReport) -> None:
    written = json.loads((trained.folder / SIGNATURE_FILE).read_text())
    assert written["features"] == list(FEATURE_NAMES)
    assert written["catalogue"] == SIGNATURE
    assert written["version"].startswith("mdl_")
    assert set(written["libraries"]) == {"xgboost", "treelite", "tl2cgen"}
    assert "unknown" not in written["libraries"].values()
    assert written["data"]["from"] < written["data"]["to"] < written["trained_at"]
    for name, digest in written["files"].items():
        assert sha256((trained.folder / name).read_bytes()).hexdigest() == digest


def test_nothing_else_is_left_beside_a_model(trained: ModelReport) -> None:
    assert list(trained.folder.parent.iterdir()) == [trained.folder]
    files = {path.name for path in trained.folder.iterdir()}
    assert files == {
        "model.ubj",
        "model.tl",
        "model.so",
        "reference.json",
        "signature.json",
        "signature.seal",
    }


def test_a_new_model_takes_the_place_of_the_old(model: Path, tmp_path: Path) -> None:
    (model / "only-in-the-old").touch()
    with half_written(model) as folder:
        (folder / "new").touch()
        publish(folder, model)
    assert [path.name for path in model.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [model]


def test_an_interrupted_writer_leaves_the_old_model_alone(model: Path, tmp_path: Path) -> None:
    def interrupted() -> None:
        with half_written(model) as folder:
            (folder / "half").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert Scorer.load(model, MODEL_KEY)
    assert list(tmp_path.iterdir()) == [model]


@pytest.mark.parametrize("absent", ["model.ubj", "model.tl", "model.so", "signature.json", "signature.seal"])
def test_a_half_written_folder_never_loads(model: Path, absent: str) -> None:
    (model / absent).unlink()
    with pytest.raises(ModelRefused):
        Scorer.load(model, MODEL_KEY)


def test_a_model_that_is_refused_replaces_nothing(
    model: Path, training_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scoring.verify.DIFFERENCE_MAX", -1.0)
    (model / "only-in-the-old").touch()
    with pytest.raises(ModelRefused, match="was not written"):
        train(training_set, model, key=MODEL_KEY, on_progress=lambda _: None)
    assert (model / "only-in-the-old").exists()
    assert list(tmp_path.iterdir()) == [model]


def test_the_trees_of_a_sealed_model_can_be_had(trained: ModelReport) -> None:
    assert booster_of(trained.folder, MODEL_KEY).num_boosted_rounds() == trained.trees


def test_trees_that_were_changed_cannot(model: Path) -> None:
    (model / BOOSTER_FILE).write_bytes((model / BOOSTER_FILE).read_bytes() + b"!")
    with pytest.raises(ModelRefused, match="is not the file"):
        booster_of(model, MODEL_KEY)


def test_a_file_that_the_model_does_not_have_is_told(model: Path) -> None:
    with pytest.raises(ModelRefused, match=r"has no diary.txt"):
        file_of(model, MODEL_KEY, "diary.txt")


def test_every_file_beside_the_signature_is_signed(tmp_path: Path) -> None:
    folder = write_small_model(tmp_path / "small", beside={"reference.json": b"{}"})
    assert file_of(folder, MODEL_KEY, "reference.json") == b"{}"
    (folder / "reference.json").write_bytes(b"{ }")
    with pytest.raises(ModelRefused, match=r"reference.json is not the file"):
        Scorer.load(folder, MODEL_KEY)
