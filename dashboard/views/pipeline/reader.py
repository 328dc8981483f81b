"""How PostgreSQL sees the stream, and which histories a decision read."""

from datetime import timedelta

from msgspec import Struct

from app.queries import queries_of
from dashboard.database import Pool
from dashboard.ledger_reader import PARITY_DUE
from dashboard.reading import reading, rows_of
from dashboard.readings import Parity, Pipeline, RungTotal
from dashboard.views.pipeline.readings import Flow, Kept, Row
from domain.online_store import VIEW_OF_KIND, WATERMARK_ENTITY, WATERMARK_VIEW

RATE_OVER = timedelta(seconds=10)
RUNGS_OVER = timedelta(minutes=5)
FOLLOWED_OVER, FOLLOWED_MOST = timedelta(minutes=2), 200
DECIDED_BACK = timedelta(days=1)
VIEWS = {"card_view": VIEW_OF_KIND["card"], "user_view": VIEW_OF_KIND["user"]}
_rows = rows_of(queries_of(__file__))


class _Count(Struct, frozen=True):
    decisions: int


class _Position(Struct, frozen=True):
    source: int
    next_offset: int


class _Id(Struct, frozen=True):
    decision_id: str


class PipelineReader:
    """Every method raises ReadingsUnavailable."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def flow(self) -> Flow:
        watermark = {"watermark_view": WATERMARK_VIEW, "watermark_entity": WATERMARK_ENTITY}
        with reading(self._pool) as connection:
            rings = _rows(connection, _Position, "ring_positions", {})
            return Flow(
                pipeline=_rows(connection, Pipeline, "pipeline", watermark)[0],
                decisions_10s=_rows(connection, _Count, "decided", {"lately": RATE_OVER})[0].decisions,
                rungs=_rows(connection, RungTotal, "rungs", {"lately": RUNGS_OVER}),
                parity=_rows(connection, Parity, "parity", PARITY_DUE)[0],
                ring_positions={row.source: row.next_offset for row in rings},
            )

    def kept(self, decision_id: str) -> Kept | None:
        with reading(self._pool) as connection:
            return next(iter(_rows(connection, Kept, "kept", {"decision_id": decision_id})), None)

    def rows(self, kept: Kept) -> list[Row]:
        """Of its card and its rider."""
        asked = {**VIEWS, "card_id": kept.card_id, "user_id": kept.user_id}
        with reading(self._pool) as connection:
            return _rows(connection, Row, "rows", asked)

    def to_follow(self) -> str | None:
        """The newest decision of which all is known yet; else the newest that read any history."""
        asked = {**VIEWS, "lately": FOLLOWED_OVER, "most": FOLLOWED_MOST}
        with reading(self._pool) as connection:
            found = _rows(connection, _Id, "newest_followed", asked) or _rows(
                connection, _Id, "newest_decision", {"back": DECIDED_BACK}
            )
        return found[0].decision_id if found else None
