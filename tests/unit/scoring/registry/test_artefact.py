"""A model folder read and written whole, or refused with the file that is wrong."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from small_model import MODEL_KEY, write_small_model

from domain.errors import ModelRefused
from scoring.registry import artefact
from scoring.scorer import Scorer


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_model(tmp_path_factory.mktemp("models") / "small", beside={"reference.json": b"{}"})


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "copy"))


def test_what_is_read_and_written_again_can_be_loaded(folder: Path, tmp_path: Path) -> None:
    kept = artefact.read(folder)
    assert "reference.json" in kept.files
    artefact.write(kept, tmp_path / "models" / "again")
    assert Scorer.load(tmp_path / "models" / "again", MODEL_KEY).version == kept.signature.version
    assert list((tmp_path / "models").iterdir()) == [tmp_path / "models" / "again"]


def test_what_stands_in_its_place_is_replaced(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "half.part").touch()
    artefact.write(artefact.read(folder), out)
    assert sorted(path.name for path in out.iterdir()) == sorted(path.name for path in folder.iterdir())


def test_a_window_that_the_signature_does_not_tell_is_when_it_was_trained(folder: Path) -> None:
    trained = datetime(2026, 1, 1, tzinfo=UTC)
    assert artefact.read(folder).window == (trained, trained)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda folder: (folder / "model.ubj").unlink(), "model.ubj cannot be read"),
        (lambda folder: (folder / "model.so").write_bytes(b"\x7fELF"), "model.so is not the file"),
        (lambda folder: (folder / "signature.seal").unlink(), "signature.seal cannot be read"),
        (lambda folder: (folder / "signature.seal").write_text("no"), "no hexadecimal"),
        (lambda folder: (folder / "signature.json").write_text("{"), "cannot be read"),
        (lambda folder: _edit(folder, '"slope": 1', '"slope": 2'), "its content is not"),
    ],
)
def test_a_spoilt_folder_is_refused_with_what_is_wrong(
    folder: Path, spoil: Callable[[Path], object], why: str
) -> None:
    spoil(folder)
    with pytest.raises(ModelRefused, match=why):
        artefact.read(folder)


def test_a_file_that_is_not_kept_is_named(folder: Path) -> None:
    kept = artefact.read(folder)
    with pytest.raises(ModelRefused, match=r"the shelf lacks model\.so"):
        artefact.checked(kept.signed, kept.seal, _without(kept.files), where="the shelf")


def test_a_folder_that_cannot_be_written_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ModelRefused, match="cannot be written"):
        artefact.write(artefact.read(folder), tmp_path / "file" / "model")


def _without(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if name != "model.so"}


def _edit(folder: Path, before: str, after: str) -> None:
    file = folder / "signature.json"
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))
