"""Whether payments still look as they did to the champion; an alarm asks for a candidate, never for more."""

import logging

from psycopg.rows import scalar_row

from scoring.learning.rounds import query
from scoring.learning.workshop import Workshop
from scoring.registry import RegisteredModel

EVERY_MS = 180_000
ROWS_MIN = 200
REFERENCE_FILE = "reference.json"
log = logging.getLogger("faregate.learning")


def look(workshop: Workshop, champion: RegisteredModel) -> str | None:
    """Checks the newest payments, unless that was done lately, and records the findings; the alarm if any."""
    with workshop.connection.cursor(row_factory=scalar_row) as cursor:
        checked_ms = cursor.execute(query("last_drift_check"), {"version": champion.version}).fetchone()
        wanted = {"version": champion.version, "name": REFERENCE_FILE}
        reference = cursor.execute(query("model_file"), wanted).fetchone()
    if reference is None or (checked_ms is not None and workshop.now_ms - checked_ms < EVERY_MS):
        return None
    from scoring import drift  # its statistics cost more than a round in which nothing is due

    rows = drift.newest(workshop.connection, champion.version)
    if len(rows) < ROWS_MIN:
        return None
    try:
        findings = drift.check(bytes(reference), rows.vectors, rows.probabilities)
    except drift.DriftRefused as problem:
        log.warning("drift was not looked for: %s", problem)
        return None
    drift.record(workshop.connection, champion.version, findings)
    return drift.alarmed(findings)
