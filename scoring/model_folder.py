"""Writes a model folder under a temporary name and gives it its own only when it is whole and verified."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

from domain.catalogue import FEATURE_NAMES, SIGNATURE
from domain.thresholds import Thresholds
from scoring.compile import Compiled
from scoring.scorer import (
    BOOSTER_FILE,
    CHECKPOINT_FILE,
    LIBRARY_FILE,
    SIGNATURE_FILE,
    Calibration,
    Signature,
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
) -> Signature:
    """Sign the files in `folder`: what they expect, what they were measured at, and what they hash to."""
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
    )
    signature = msgspec.structs.replace(unnamed, version=unnamed.content_version())
    (folder / SIGNATURE_FILE).write_bytes(
        msgspec.json.format(msgspec.json.encode(signature), indent=2) + b"\n"
    )
    return signature


def _hashes(folder: Path) -> dict[str, str]:
    paths = [folder / name for name in (BOOSTER_FILE, CHECKPOINT_FILE, LIBRARY_FILE)]
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in paths if path.exists()}


def _installed(packages: tuple[str, ...]) -> str:
    for package in packages:
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return "unknown"
