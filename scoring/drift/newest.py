"""The newest payments that a model decided, as they were served."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.rows import tuple_row

from domain.catalogue import FEATURE_NAMES
from scoring.queries import queries_of

MOST = 2_000
_query = queries_of(__file__)


@dataclass(frozen=True, kw_only=True)
class Newest:
    """vectors float32 [rows, features] in catalogue order; probabilities float64, one a row."""

    vectors: NDArray[np.float32]
    probabilities: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.probabilities)


def newest(connection: psycopg.Connection[Any], version: str, *, most: int = MOST) -> Newest:
    """At most `most` payments that the model decided within a day; vectors of other features are left out."""
    width = 4 * len(FEATURE_NAMES)
    with connection.cursor(row_factory=tuple_row) as cursor:
        asked = {"version": version, "width": width, "most": most}
        rows = cursor.execute(_query("newest_scored"), asked).fetchall()
    vectors = np.frombuffer(b"".join(bytes(vector) for vector, _ in rows), "<f4")
    return Newest(
        vectors=vectors.reshape(len(rows), len(FEATURE_NAMES)),
        probabilities=np.array([probability for _, probability in rows], np.float64),
    )
