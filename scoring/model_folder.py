"""Writes a model folder under a temporary name and gives it its own only when it is whole and verified."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
import xgboost

from domain.catalogue import FEATURE_NAMES, SIGNATURE
from domain.errors import ModelRefused
from domain.thresholds import Thresholds
from scoring.compile import Compiled
from scoring.signature import (
    BOOSTER_FILE,
    SEAL_FILE,
    SIGNATURE_FILE,
    TRAIN_AGAIN,
    Calibration,
    GoldenRow,
    Signature,
    read_files,
    read_signature,
    seal_of,
)

LIBRARIES = {"xgboost": ("xgboost-cpu", "xgboost"), "treelite": ("treelite",), "tl2cgen": ("tl2cgen",)}


@contextmanager
def half_written(out: Path) -> Iterator[Path]:
    """A temporary folder beside `out`, gone after the block unless `publish` renamed it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(folder: Path, out: Path) -> None:
    """Give a whole folder its name, in place of the model that had it."""
    if out.exists():
        with half_written(out) as aside:
            out.rename(aside / "replaced")
            folder.rename(out)
    else:
        folder.rename(out)


def write_signature(
    folder: Path,
    *,
    compiled: Compiled,
    calibration: Calibration,
    thresholds: Thresholds,
    metrics: dict[str, float],
    data: dict[str, int | str],
    trained_at: str,
    golden: Sequence[GoldenRow],
    key: bytes,
) -> Signature:
    """Sign and seal the files in `folder`: what they expect, were measured at, hash to and must answer."""
    unnamed = Signature(
        version="",
        scorer=compiled.kind,
        compiler=compiled.compiler,
        catalogue=SIGNATURE,
        features=list(FEATURE_NAMES),
        thresholds=thresholds,
        calibration=calibration,
        files=_hashes(folder),
        libraries={name: _installed(packages) for name, packages in LIBRARIES.items()},
        metrics=metrics,
        data=data,
        trained_at=trained_at,
        golden=list(golden),
    )
    signature = msgspec.structs.replace(unnamed, version=unnamed.content_version())
    content = msgspec.json.format(msgspec.json.encode(signature), indent=2) + b"\n"
    (folder / SIGNATURE_FILE).write_bytes(content)
    (folder / SEAL_FILE).write_text(seal_of(content, key))
    return signature


def booster_of(folder: Path, key: bytes) -> xgboost.Booster:
    """The trees of a sealed model; raises ModelRefused as loading its scorer would."""
    return xgboost.Booster(model_file=bytearray(file_of(folder, key, BOOSTER_FILE)))


def file_of(folder: Path, key: bytes, name: str) -> bytes:
    """One file of a sealed model; raises ModelRefused when the model has none of that name, or another."""
    files = read_signature(folder, key).files
    if name not in files:
        raise ModelRefused(f"{folder} has no {name}. {TRAIN_AGAIN}")
    return read_files(folder, {name: files[name]})[name]


def _hashes(folder: Path) -> dict[str, str]:
    own = {SIGNATURE_FILE, SEAL_FILE}
    paths = sorted(path for path in folder.iterdir() if path.name not in own)
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in paths}


def _installed(packages: tuple[str, ...]) -> str:
    for package in packages:
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return "unknown"
