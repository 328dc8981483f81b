"""Exact SHAP values by XGBoost's C interface on one thread: its Python package costs 1.5 s and 150 MB."""

import ctypes
import importlib.util
import json
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from domain.errors import ModelRefused
from scoring.trees import Vector, check_size

FLOAT32_MAX = float(np.finfo(np.float32).max)


class XGBoostLibrary:
    """One booster in XGBoost's own library; calls take turns."""

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
        check_size(vector, self._size)
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


def _xgboost_library() -> Path:
    found = importlib.util.find_spec("xgboost")
    if found is None or not found.submodule_search_locations:
        raise ModelRefused("XGBoost is not installed. Run `make install`.")
    return Path(found.submodule_search_locations[0]) / "lib" / "libxgboost.so"
