"""Which kinds of fraud came at which hour: an analyst's word where there is one, else what is suspected."""

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from app.desk.fraud_types import FRAUD_TYPES, OTHER, suspected_type
from dashboard.views.overview.readings import TypeRow

HOURS = range(24)


class Cell(Struct, frozen=True, kw_only=True):
    """`kind` in words."""

    kind: str
    hour: int
    alerts: int
    amount_minor: int


def cells(rows: Iterable[TypeRow]) -> list[Cell]:
    """Of every kind that came, at each hour of the day; the most frequent kind first, the unknown last."""
    alerts: Counter[tuple[str, int]] = Counter()
    money: Counter[tuple[str, int]] = Counter()
    for row in rows:
        kind = row.fraud_type or suspected_type(row.lead_reason, row.rule_ids)
        alerts[kind, row.hour] += row.alerts
        money[kind, row.hour] += row.amount_minor
    totals: Counter[str] = Counter()
    for (kind, _), number in alerts.items():
        totals[kind] += number
    ranked = sorted(totals, key=lambda kind: (kind == OTHER, -totals[kind]))
    return [
        Cell(
            kind=FRAUD_TYPES.get(kind, kind),
            hour=hour,
            alerts=alerts[kind, hour],
            amount_minor=money[kind, hour],
        )
        for kind in ranked
        for hour in HOURS
    ]
