"""What the registry, the ledger and the learner say of models."""

from datetime import datetime, timedelta

from msgspec import Struct

from app.queries import queries_of
from dashboard.database import Pool
from dashboard.reading import reading, rows_of
from dashboard.readings import DriftRow
from dashboard.views.models.readings import (
    Agreement,
    Bin,
    Judged,
    Paid,
    Process,
    Round,
    ScoreDrift,
    Standing,
)
from scoring.registry import ModelUnknown, Registry
from scoring.registry.preparation import ALIVE_S

LATELY = timedelta(hours=24)
JUDGED_BACK, CALIBRATED_BACK, DRIFT_BACK = timedelta(days=30), timedelta(days=120), timedelta(days=7)
MOST_MOVES, MOST_ROUNDS, MOST_DRIFTED, MOST_CHECKS, MOST_KNOWN = 60, 12, 12, 500, 10_000
_rows = rows_of(queries_of(__file__))


class _Clock(Struct, frozen=True):
    now: datetime


class _Version(Struct, frozen=True):
    version: str


class ModelsReader:
    """Every method raises ReadingsUnavailable."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def standing(self) -> Standing:
        with reading(self._pool) as connection:
            now = _rows(connection, _Clock, "clock", {})[0].now
            registry = Registry(connection)
            former = registry.former_champion()
            return Standing(
                now=now,
                models=registry.models(),
                moves=registry.moves()[:MOST_MOVES],
                former=former.version if former else None,
                reported=[row.version for row in _rows(connection, _Version, "reported", {})],
                paid=_rows(connection, Paid, "paid", {"since": now - LATELY}),
            )

    def agreements(self, now: datetime) -> list[Agreement]:
        with reading(self._pool) as connection:
            return _rows(connection, Agreement, "agreements", {"since": now - LATELY})

    def judged(self, now: datetime) -> list[Judged]:
        asked = {"since": now - JUDGED_BACK, "most": MOST_KNOWN}
        with reading(self._pool) as connection:
            return _rows(connection, Judged, "judged", asked)

    def calibration(self, version: str, now: datetime, settled: datetime) -> list[Bin]:
        asked = {
            "version": version,
            "since": now - CALIBRATED_BACK,
            "settled": settled,
            "most": MOST_KNOWN,
        }
        with reading(self._pool) as connection:
            return _rows(connection, Bin, "calibration", asked)

    def drift(self) -> list[DriftRow]:
        with reading(self._pool) as connection:
            return _rows(connection, DriftRow, "newest_drift", {"most": MOST_DRIFTED})

    def score_drift(self, now: datetime) -> list[ScoreDrift]:
        with reading(self._pool) as connection:
            asked = {"since": now - DRIFT_BACK, "most": MOST_CHECKS}
            return _rows(connection, ScoreDrift, "score_drift", asked)

    def rounds(self) -> list[Round]:
        with reading(self._pool) as connection:
            return _rows(connection, Round, "rounds", {"most": MOST_ROUNDS})

    def report(self, version: str) -> str | None:
        """The HTML, if the model is known and was registered with one."""
        with reading(self._pool) as connection:
            try:
                return Registry(connection).report_of(version)
            except ModelUnknown:
                return None

    def processes(self, version: str) -> list[Process]:
        with reading(self._pool) as connection:
            return _rows(connection, Process, "processes", {"version": version, "alive_s": ALIVE_S})
