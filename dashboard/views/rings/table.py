"""Rings as rows."""

from collections.abc import Sequence
from datetime import datetime
from html import escape

from dashboard import addresses
from dashboard.markup import head
from dashboard.views.rings.readings import RingRow
from domain.display import count, timestamp
from domain.events import to_ms
from domain.money import format_money

ORDERS = {"risk": "money at risk", "growth": "growth", "size": "size"}
NOTHING = "<span class='fg-soft'>-</span>"


def html(rows: Sequence[RingRow]) -> str:
    names = head(
        "Ring", "#Riders", "Joined, last 14 days", "#In 7 days", "#Cards", "#Devices", "#Open cases",
        "#At risk", "#Paid", "#Stopped", "#Charged back", "#Known frauds", "First seen",
    )  # fmt: skip
    body = "".join(map(_row, rows))
    return f"<table class='fg-table fg-rings'>{names}<tbody>{body}</tbody></table>"


def bars(joins: Sequence[int]) -> str:
    """How many joined a day, the oldest first."""
    most = max(joins, default=0) or 1
    tip = f"{sum(joins)} joined in {len(joins)} days"
    drawn = "".join(f"<i style='height:{100 * joined / most:.0f}%'></i>" for joined in joins)
    return f"<span class='fg-joins' title='{tip}'>{drawn}</span>"


def money(amount_minor: int) -> str:
    return escape(format_money(amount_minor)) if amount_minor else NOTHING


def many(things: int, name: str) -> str:
    """ "1 card", "2 cards"."""
    return f"{count(things)} {name}{'' if things == 1 else 's'}"


def day(at: datetime) -> str:
    return timestamp(to_ms(at))[:10]


def number(value: int) -> str:
    return count(value) if value else NOTHING


def _row(row: RingRow) -> str:
    cells = (
        f"<td>{addresses.to_ring(row.ring_id, row.ring_id)}</td>",
        _number(f"<b>{count(row.riders)}</b>"),
        f"<td>{bars(row.joins)}</td>",
        _number(f"+{row.joined_lately}" if row.joined_lately else number(0)),
        _number(number(row.shared_cards)),
        _number(number(row.shared_devices)),
        _number(number(row.open_cases)),
        _number(money(row.at_risk_minor)),
        _number(money(row.paid_minor)),
        _number(money(row.stopped_minor)),
        _number(money(row.charged_back_minor), style=" fg-loss" if row.charged_back_minor else ""),
        _number(f"{row.known_frauds} of {row.riders}" if row.known_frauds else number(0)),
        f"<td class='fg-soft'>{day(row.first_at)}</td>",
    )
    return f"<tr>{''.join(cells)}</tr>"


def _number(text: str, style: str = "") -> str:
    return f"<td class='fg-number{style}'>{text}</td>"
