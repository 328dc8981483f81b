"""Scores one vector; the one module of this package that the API loads, and it imports none of the rest.

A model folder holds `model.ubj` (XGBoost), `model.tl` (treelite), `model.so` (compiled, where a C compiler
was found) and `signature.json`, which says what the model expects and the sha256 of each file. Nothing is
loaded before its bytes match. Heavy packages stay out: both native libraries are called by ctypes.
"""

import ctypes
import importlib.util
import json
import os
from array import array
from collections.abc import Callable
from hashlib import sha256
from math import exp
from pathlib import Path
from threading import Lock
from typing import Any, Literal, Self, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.catalogue import FEATURE_NAMES, SIGNATURE
from domain.errors import ModelRefused
from domain.thresholds import Thresholds

BOOSTER_FILE = "model.ubj"
CHECKPOINT_FILE = "model.tl"
LIBRARY_FILE = "model.so"
SIGNATURE_FILE = "signature.json"
ENTRY_MISSING = -1  # tl2cgen's entry is a union of int and float; missing is the int -1, not a NaN
FLOAT32_MAX = float(np.finfo(np.float32).max)

Kind = Literal["compiled", "interpreter"]
Vector: TypeAlias = "array[float] | NDArray[np.float32]"
Margin = Callable[[Vector], float]


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """A strictly increasing map of the model's margin (log odds) to one whose probabilities hold."""

    kind: Literal["identity", "platt"] = "identity"
    slope: float = 1.0
    intercept: float = 0.0


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    version: str
    scorer: Kind
    compiler: str  # what built the library, or why none was built
    catalogue: str
    features: list[str]
    thresholds: Thresholds
    calibration: Calibration
    files: dict[str, str]
    libraries: dict[str, str]
    metrics: dict[str, float]
    data: dict[str, int | str]
    trained_at: str

    def content_version(self) -> str:
        """The id that this content must carry: the same trees, calibration and thresholds, the same id."""
        content = [self.catalogue, self.features, self.thresholds, self.calibration, self.files[BOOSTER_FILE]]
        return f"mdl_{sha256(msgspec.json.encode(content)).hexdigest()[:16]}"


class Scorer:
    """A loaded model. Every method may be called from many threads; calls on one scorer take turns."""

    def __init__(self, *, signature: Signature, margin: Margin, shap: "XGBoostLibrary") -> None:
        self.signature = signature
        self.version = signature.version
        self.kind: Kind = signature.scorer
        self.thresholds = signature.thresholds
        self._slope = signature.calibration.slope
        self._intercept = signature.calibration.intercept
        self._margin = margin
        self._shap = shap

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Load a model folder; raises ModelRefused when it is not whole or not made for this catalogue."""
        signature = _read_signature(folder)
        wanted = [BOOSTER_FILE, LIBRARY_FILE if signature.scorer == "compiled" else CHECKPOINT_FILE]
        files = {name: _read_checked(folder / name, signature.files.get(name)) for name in wanted}
        size = len(signature.features)
        margin: Margin
        if signature.scorer == "compiled":
            margin = CompiledTrees(files[LIBRARY_FILE], size, where=folder / LIBRARY_FILE)
        else:
            margin = InterpretedTrees(files[CHECKPOINT_FILE], size, where=folder / CHECKPOINT_FILE)
        return cls(signature=signature, margin=margin, shap=XGBoostLibrary(files[BOOSTER_FILE], size))

    def score(self, vector: Vector) -> float:
        """The probability of fraud of one vector: float32 in catalogue order, NaN where missing."""
        return 1.0 / (1.0 + exp(-self.margin(vector)))

    def margin(self, vector: Vector) -> float:
        """The calibrated log odds of fraud."""
        return self._slope * self._margin(vector) + self._intercept

    def contributions(self, vector: Vector) -> list[float]:
        """Exact SHAP values in log odds, one a feature and the base last; their sum is `margin(vector)`."""
        values = self._shap.contributions(vector)
        values = [self._slope * value for value in values]
        values[-1] += self._intercept
        return values


class CompiledTrees:
    """The library that tl2cgen and a C compiler made, called with one buffer kept for its life."""

    def __init__(self, library: bytes, size: int, *, where: Path) -> None:
        # PyDLL keeps the interpreter lock: taking it back from a busy thread would cost more than the call.
        try:
            self._library = ctypes.PyDLL(_in_memory(library, where))
        except OSError as error:
            raise ModelRefused(f"{where} cannot be loaded on this machine: {error}. {TRAIN_AGAIN}") from error
        made_for = int(self._library.get_num_feature())
        if made_for != size:
            raise ModelRefused(
                f"{where} reads {made_for} features, its signature names {size}. {TRAIN_AGAIN}"
            )
        self._predict = self._library.predict
        self._predict.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p]
        self._predict.restype = None
        self._size = size
        self._values = np.zeros(size, np.float32)
        self._entries = self._values.view(np.int32)
        self._library.get_leaf_output_type.restype = ctypes.c_char_p
        # Older libraries add up in float32 and say so.
        self._result = np.zeros(1, self._library.get_leaf_output_type().decode())
        self._values_at = self._values.ctypes.data
        self._result_at = self._result.ctypes.data
        self._lock = Lock()

    def __call__(self, vector: Vector) -> float:
        _check_size(vector, self._size)
        with self._lock:
            self._values[:] = vector
            self._entries[np.isnan(self._values)] = ENTRY_MISSING
            self._result[0] = 0.0  # the library adds its trees to what stands there
            self._predict(self._values_at, 1, self._result_at)
            return float(self._result[0])


class InterpretedTrees:
    """treelite's own interpreter, for machines without a C compiler: same answers, some five times slower."""

    def __init__(self, checkpoint: bytes, size: int, *, where: Path) -> None:
        import treelite
        from treelite import gtil

        try:
            self._model = treelite.Model.deserialize_bytes(checkpoint)
        except treelite.TreeliteError as error:
            raise ModelRefused(f"treelite cannot read {where}: {error}. {TRAIN_AGAIN}") from error
        self._predict = gtil.predict
        self._size = size
        self._lock = Lock()

    def __call__(self, vector: Vector) -> float:
        _check_size(vector, self._size)
        row = np.asarray(vector, np.float32).reshape(1, self._size)
        with self._lock:
            return float(self._predict(self._model, row, nthread=1, pred_margin=True).item())


class XGBoostLibrary:
    """Exact SHAP by XGBoost's C interface on one thread; its Python package would cost 1.5 s and 150 MB."""

    # c_api.h describes both: XGDMatrixCreateFromDense and XGBoosterPredictFromDMatrix (2: contributions).
    MATRIX = json.dumps({"missing": float("nan"), "nthread": 1, "data_split_mode": 0}).encode()
    CONTRIBUTIONS = json.dumps(
        {"type": 2, "training": False, "iteration_begin": 0, "iteration_end": 0, "strict_shape": False}
    ).encode()

    def __init__(self, booster: bytes, size: int) -> None:
        self._library = ctypes.CDLL(str(_xgboost_library()))
        self._library.XGBGetLastError.restype = ctypes.c_char_p
        self._row = np.zeros((1, size), np.float32)
        self._interface = json.dumps(self._row.__array_interface__).encode()
        self._size = size
        self._lock = Lock()
        self._handle = ctypes.c_void_p()
        self._call("XGBoosterCreate", None, ctypes.c_uint64(0), ctypes.byref(self._handle))
        self._call("XGBoosterLoadModelFromBuffer", self._handle, booster, ctypes.c_uint64(len(booster)))
        self._call("XGBoosterSetParam", self._handle, b"nthread", b"1")

    def contributions(self, vector: Vector) -> list[float]:
        _check_size(vector, self._size)
        matrix, length = ctypes.c_void_p(), ctypes.c_uint64()
        shape, values = ctypes.POINTER(ctypes.c_uint64)(), ctypes.POINTER(ctypes.c_float)()
        with self._lock:
            # XGBoost refuses infinities; the largest float takes the same branches.
            np.clip(vector, -FLOAT32_MAX, FLOAT32_MAX, out=self._row[0])
            self._call("XGDMatrixCreateFromDense", self._interface, self.MATRIX, ctypes.byref(matrix))
            try:
                outputs = (ctypes.byref(shape), ctypes.byref(length), ctypes.byref(values))
                self._call("XGBoosterPredictFromDMatrix", self._handle, matrix, self.CONTRIBUTIONS, *outputs)
                return values[: self._size + 1]
            finally:
                self._call("XGDMatrixFree", matrix)

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self._library.XGBoosterFree(self._handle)

    def _call(self, name: str, *arguments: Any) -> None:
        if getattr(self._library, name)(*arguments) != 0:
            raise ModelRefused(f"XGBoost's {name} failed: {self._library.XGBGetLastError().decode()}")


TRAIN_AGAIN = "Train a new model."


def _read_signature(folder: Path) -> Signature:
    path = folder / SIGNATURE_FILE
    try:
        signature = msgspec.json.decode(path.read_bytes(), type=Signature)
    except OSError as error:
        raise ModelRefused(f"There is no whole model in {folder}: {error.strerror}. {TRAIN_AGAIN}") from error
    except msgspec.MsgspecError as error:
        raise ModelRefused(f"{path} cannot be read: {error}. {TRAIN_AGAIN}") from error
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


def _difference(signature: Signature) -> str:
    theirs, ours = set(signature.features), set(FEATURE_NAMES)
    only = [f"only in the model {sorted(theirs - ours)}"] if theirs - ours else []
    only += [f"only in the catalogue {sorted(ours - theirs)}"] if ours - theirs else []
    return ", ".join(only) or "another order"


def _read_checked(path: Path, expected: str | None) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelRefused(f"{path} cannot be read: {error.strerror}. {TRAIN_AGAIN}") from error
    if sha256(content).hexdigest() != expected:
        raise ModelRefused(f"{path} is not the file that was written with the model. {TRAIN_AGAIN}")
    return content


def _in_memory(library: bytes, where: Path) -> str:
    """A path whose bytes are exactly those that were checked, and which no other library ever had.

    The loader knows libraries by path and would hand out an old one for a replaced file; the descriptor stays
    open for the process's life, as the loaded library does, so that its number is not used again.
    """
    descriptor = os.memfd_create(where.name)
    with os.fdopen(descriptor, "wb", closefd=False) as file:
        file.write(library)
    return f"/proc/self/fd/{descriptor}"


def _xgboost_library() -> Path:
    found = importlib.util.find_spec("xgboost")
    if found is None or not found.submodule_search_locations:
        raise ModelRefused("XGBoost is not installed. Run `make install`.")
    return Path(found.submodule_search_locations[0]) / "lib" / "libxgboost.so"


def _check_size(vector: Vector, size: int) -> None:
    if len(vector) != size:
        raise ValueError(f"a vector of {size} features is needed, got {len(vector)}")
