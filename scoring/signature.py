"""What a model folder says of itself, `signature.json`, and the seal that proves that nobody else wrote it.

The signature names every other file with its sha256; `signature.seal` is the keyed hash of the signature. The
key lives outside the folder and the database: who can write either still cannot make a model that is loaded.
"""

from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest
from hmac import new as hmac
from pathlib import Path
from typing import Literal

import msgspec

from domain.catalogue import FEATURE_NAMES, SIGNATURE
from domain.errors import ModelRefused
from domain.model_key import derived
from domain.thresholds import Thresholds

BOOSTER_FILE = "model.ubj"
CHECKPOINT_FILE = "model.tl"
LIBRARY_FILE = "model.so"
SIGNATURE_FILE = "signature.json"
SEAL_FILE = "signature.seal"
SEAL_PURPOSE = "model seal"
TRAIN_AGAIN = "Train a new model."

Kind = Literal["compiled", "interpreter"]


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """A strictly increasing map of the model's margin (log odds) to one whose probabilities hold."""

    kind: Literal["identity", "platt"] = "identity"
    slope: float = 1.0
    intercept: float = 0.0


class GoldenRow(msgspec.Struct, frozen=True, kw_only=True):
    """A vector (float32, little endian, base64 in JSON) and the uncalibrated margin that XGBoost gives it."""

    vector: bytes
    margin: float


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    version: str
    scorer: Kind
    compiler: str  # what built the library, or why none was built
    catalogue: str
    features: list[str]
    thresholds: Thresholds
    calibration: Calibration
    files: dict[str, str]  # every file but the signature and its seal
    libraries: dict[str, str]
    metrics: dict[str, float]
    data: dict[str, int | str]
    trained_at: str
    golden: list[GoldenRow]

    def content_version(self) -> str:
        """The id that this content must carry: the same trees, calibration and thresholds, the same id."""
        content = [self.catalogue, self.features, self.thresholds, self.calibration, self.files[BOOSTER_FILE]]
        return f"mdl_{sha256(msgspec.json.encode(content)).hexdigest()[:16]}"


def seal_of(signature: bytes, key: bytes) -> str:
    """The keyed hash of a signature's bytes, in hexadecimal."""
    return hmac(derived(key, SEAL_PURPOSE), signature, sha256).hexdigest()


def read_signature(folder: Path, key: bytes) -> Signature:
    """Raises ModelRefused: not whole, not sealed with this key, or not made for this catalogue."""
    path = folder / SIGNATURE_FILE
    signature = opened(_read(path), _read(folder / SEAL_FILE), key, where=path)
    if tuple(signature.features) != FEATURE_NAMES:
        raise ModelRefused(
            f"{path} names other features than the catalogue: {_difference(signature)}. {TRAIN_AGAIN}"
        )
    if signature.catalogue != SIGNATURE:
        raise ModelRefused(f"{path} was made for other definitions of the same features. {TRAIN_AGAIN}")
    if BOOSTER_FILE not in signature.files or signature.version != signature.content_version():
        raise ModelRefused(
            f"{path} was changed after it was written: its version does not match. {TRAIN_AGAIN}"
        )
    return signature


def opened(content: bytes, seal: bytes, key: bytes, *, where: Path | str) -> Signature:
    """The signature whose bytes carry this seal; nothing is parsed before that is sure."""
    if not compare_digest(seal.strip(), seal_of(content, key).encode()):
        raise ModelRefused(
            f"{where} was changed after it was written, or sealed with another key: its seal does not match. "
            f"{TRAIN_AGAIN}"
        )
    try:
        return msgspec.json.decode(content, type=Signature)
    except msgspec.MsgspecError as error:
        raise ModelRefused(f"{where} cannot be read: {error}. {TRAIN_AGAIN}") from error


def read_files(folder: Path, files: Mapping[str, str]) -> dict[str, bytes]:
    """Every file of `files` (name to sha256); raises ModelRefused naming the first that is another one."""
    return {name: _checked(folder / name, digest) for name, digest in files.items()}


def _checked(path: Path, expected: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelRefused(f"{path} cannot be read: {error.strerror}. {TRAIN_AGAIN}") from error
    if sha256(content).hexdigest() != expected:
        raise ModelRefused(f"{path} is not the file that was written with the model. {TRAIN_AGAIN}")
    return content


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelRefused(
            f"There is no whole model in {path.parent}: {path.name}: {error.strerror}. {TRAIN_AGAIN}"
        ) from error


def _difference(signature: Signature) -> str:
    theirs, ours = set(signature.features), set(FEATURE_NAMES)
    only = [f"only in the model {sorted(theirs - ours)}"] if theirs - ours else []
    only += [f"only in the catalogue {sorted(ours - theirs)}"] if ours - theirs else []
    return ", ".join(only) or "another order"
