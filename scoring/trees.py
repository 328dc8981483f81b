"""Two ways to walk a model's trees: machine code, and treelite's interpreter without a C compiler."""

import ctypes
import os
from array import array
from pathlib import Path
from threading import Lock
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from domain.errors import ModelRefused
from scoring.signature import TRAIN_AGAIN

Vector: TypeAlias = "array[float] | NDArray[np.float32]"
Rows: TypeAlias = NDArray[np.float32]


class Trees(Protocol):
    """The uncalibrated margin of one vector (float32, NaN where missing), or of many; raises ValueError."""

    def __call__(self, vector: Vector) -> float: ...
    def many(self, rows: Rows) -> NDArray[np.float64]: ...


class CompiledTrees:
    """The library that tl2cgen and a C compiler made; `entry.c` in it reads our vectors where they lie.

    No lock: an entry keeps everything on its own stack.
    """

    def __init__(self, library: bytes, size: int, *, where: Path) -> None:
        # PyDLL keeps the interpreter lock: taking it back from a busy thread would cost more than the call.
        try:
            self._library = ctypes.PyDLL(_in_memory(library, where))
            made_for = int(self._library.faregate_features())
            self._margin, self._margins = self._library.faregate_margin, self._library.faregate_margins
        except (OSError, AttributeError) as error:
            raise ModelRefused(f"{where} cannot be loaded on this machine: {error}. {TRAIN_AGAIN}") from error
        if made_for != size:
            raise ModelRefused(
                f"{where} reads {made_for} features, its signature names {size}. {TRAIN_AGAIN}"
            )
        self._margin.argtypes, self._margin.restype = [ctypes.c_void_p], ctypes.c_double
        self._margins.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
        self._margins.restype = None
        self._size = size

    def __call__(self, vector: Vector) -> float:
        check_size(vector, self._size)
        if type(vector) is array and vector.typecode == "f":
            return float(self._margin(vector.buffer_info()[0]))
        values = np.ascontiguousarray(vector, np.float32)
        return float(self._margin(values.ctypes.data))

    def many(self, rows: Rows) -> NDArray[np.float64]:
        """Margins of float32 rows [rows, features], each exactly as one by one."""
        values = np.ascontiguousarray(rows, np.float32)
        if values.ndim != 2 or values.shape[1] != self._size:
            raise ValueError(f"rows of {self._size} features are needed, got the shape {values.shape}")
        margins = np.empty(len(values))
        self._margins(values.ctypes.data, len(values), margins.ctypes.data)
        return margins


class InterpretedTrees:
    """treelite's own interpreter, for machines without a C compiler: same answers, much slower."""

    def __init__(self, checkpoint: bytes, size: int, *, where: Path) -> None:
        import treelite
        from treelite import gtil

        try:
            self._model = treelite.Model.deserialize_bytes(checkpoint)
        except treelite.TreeliteError as error:
            raise ModelRefused(f"treelite cannot read {where}: {error}. {TRAIN_AGAIN}") from error
        self._predict = gtil.predict_per_tree
        self._base = float(self._model.get_header_accessor().get_field("base_scores")[0])
        self._size = size
        self._lock = Lock()

    def __call__(self, vector: Vector) -> float:
        check_size(vector, self._size)
        return float(self.many(np.asarray(vector, np.float32).reshape(1, self._size))[0])

    def many(self, rows: Rows) -> NDArray[np.float64]:
        """Margins of float32 rows [rows, features], added up here because treelite does it in float32."""
        with self._lock:
            leaves = self._predict(self._model, rows, nthread=1)
        return np.asarray(self._base + leaves.reshape(len(rows), -1).sum(axis=1, dtype=np.float64))


def check_size(vector: Vector, size: int) -> None:
    """Raises ValueError."""
    if len(vector) != size:
        raise ValueError(f"a vector of {size} features is needed, got {len(vector)}")


def _in_memory(library: bytes, where: Path) -> str:
    """A path whose bytes are exactly those that were checked, and which no other library ever had.

    The loader knows libraries by path and would hand out an old one for a replaced file; the descriptor stays
    open for the process's life, as the loaded library does, so that its number is not used again.
    """
    descriptor = os.memfd_create(where.name)
    with os.fdopen(descriptor, "wb", closefd=False) as file:
        file.write(library)
    return f"/proc/self/fd/{descriptor}"
