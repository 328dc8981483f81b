"""The queue as a file: who took it is written down, and analysts get it without personal data."""

import csv
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from io import StringIO

from msgspec import Struct, structs

from app.desk.desk import Deed, Desk, write_down
from app.desk.people import Role
from domain.decision import Verdict

MOST_ROWS = 10_000
PERSONAL = ("transaction_id", "user_id", "card_id", "device_id")
_HASH_DIGITS = 16
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run a text that begins so


class ExportRow(Struct, frozen=True, kw_only=True):
    """An alert as a line of the file; money is in minor units."""

    decision_id: str
    decided_at: datetime
    verdict: Verdict
    amount_minor: int
    currency: str
    at_risk_minor: int
    worth: float
    score: int
    pickup_zone: str
    transaction_id: str
    user_id: str
    card_id: str
    device_id: str
    lead_reason: str | None
    rule_ids: list[str]
    model_version: str | None
    assignee: str | None
    escalated_at: datetime | None


class Exporting:
    """Raises NotAllowed, DeskUnavailable, and what `read` raises; then no file was taken."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def queue(
        self,
        read: Callable[[], Sequence[ExportRow]],
        *,
        person_id: str,
        secret: bytes,
        asked: Mapping[str, object],
    ) -> str:
        """CSV; whose role, as of now, is below lead gets keyed hashes for ids of people and their things.

        With the same `secret` an id has the same hash, so that rows of one rider stay together.
        """
        with self._desk.writing(person_id) as (connection, person):
            whole = person.role.allows(Role.LEAD)
            rows = read()
            details = {"rows": len(rows), "filters": asked, "personal_data": whole}
            write_down(connection, person, Deed(action="export.queue", details=details))
        return _csv(rows if whole else [_hidden(row, secret) for row in rows])


def _hidden(row: ExportRow, secret: bytes) -> ExportRow:
    hashes = {name: _hash(getattr(row, name), secret) for name in PERSONAL}
    return structs.replace(row, **hashes)


def _hash(value: str, secret: bytes) -> str:
    return hmac.new(secret, value.encode(), sha256).hexdigest()[:_HASH_DIGITS]


def _csv(rows: Iterable[ExportRow]) -> str:
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(ExportRow.__struct_fields__)
    writer.writerows([_cell(value) for value in structs.astuple(row)] for row in rows)
    return file.getvalue()


def _cell(value: object) -> object:
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat()
        case list():
            return _safe(" ".join(value))
        case str():
            return _safe(value)
    return value


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
