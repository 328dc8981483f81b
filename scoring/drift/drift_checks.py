"""Where findings are kept, for the health page and the metrics."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import psycopg

from scoring.drift.finding import DriftFinding
from scoring.queries import queries_of

_query = queries_of(__file__)


def record(connection: psycopg.Connection[Any], version: str, findings: Sequence[DriftFinding]) -> None:
    """Adds all findings of one check, at one instant, in one statement; none are no check."""
    if not findings:
        return
    columns = {
        field.name: [getattr(finding, field.name) for finding in findings] for field in fields(DriftFinding)
    }
    connection.execute(_query("record_findings"), {"version": version, **columns})
