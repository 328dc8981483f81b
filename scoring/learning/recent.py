"""The recent payments out of the ledger: the newest that have matured, and what is known of newer ones."""

from collections import Counter
from dataclasses import dataclass

from psycopg.rows import scalar_row

from domain.events import from_ms
from scoring.dataset import Dataset
from scoring.learning.rounds import query
from scoring.learning.workshop import Workshop
from scoring.ledger_dataset import read_ledger

MOST = 40_000  # decisions that are looked at on either side of the maturity


@dataclass(frozen=True, kw_only=True)
class Recent:
    """Payments with a label, or presumed good while young, and how many were set aside for which reason."""

    rows: Dataset
    set_aside: dict[str, int]


def read_recent(workshop: Workshop, *, most: int = MOST) -> Recent:
    """Within the window that is set, and within what memory takes."""
    edge_ms = workshop.matured_before_ms
    matured_from_ms = max(workshop.since_ms, _first_of(workshop, edge_ms, most))
    early_from_ms = max(edge_ms, _first_of(workshop, workshop.now_ms, most))
    parts = [
        read_ledger(
            workshop.connection,
            since_ms=since_ms,
            until_ms=until_ms,
            now_ms=workshop.now_ms,
            maturity_ms=workshop.maturity_ms,
            presuming=presuming,
        )
        for since_ms, until_ms, presuming in (
            (matured_from_ms, edge_ms, False),
            # Frauds are known early, the honest late: a model would learn the hour instead of the fraud.
            (early_from_ms, workshop.now_ms, True),
        )
    ]
    return Recent(
        rows=Dataset.concat(*(part.dataset for part in parts)),
        set_aside=dict(sum((Counter(part.set_aside) for part in parts), Counter())),
    )


def _first_of(workshop: Workshop, until_ms: int, most: int) -> int:
    """When the oldest of the `most` decisions before an instant was made; 0 where there are fewer."""
    with workshop.connection.cursor(row_factory=scalar_row) as cursor:
        values = {"until": from_ms(until_ms), "most": most - 1}
        first_ms: int | None = cursor.execute(query("first_of_newest"), values).fetchone()
    return first_ms or 0
