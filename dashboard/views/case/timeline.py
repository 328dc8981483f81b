"""What the rider, the card and the device paid around this payment, and who shares them."""

from collections.abc import Sequence
from html import escape

from dashboard import addresses, markup
from dashboard.markup import head
from dashboard.views.case.readings import PaymentRow, Subject
from dashboard.wording import OUTCOMES
from domain.decision import Outcome
from domain.display import DAY_MS, timestamp
from domain.events import to_ms
from domain.labels import Label
from domain.money import format_money

ALONE = "The rider, the card and the device paid nothing else in these weeks."
LABELS = {Label.FRAUD: "said to be fraud", Label.GOOD: "said to be good", Label.UNKNOWN: "nobody can tell"}


def rows_around(payments: Sequence[PaymentRow], subject: Subject, most: int = 40) -> list[PaymentRow]:
    """The newest first; the payment itself is always among them."""
    kept = list(payments[:most])
    if any(row.decision_id == subject.decision_id for row in kept):
        return kept
    own = [row for row in payments if row.decision_id == subject.decision_id] or [_own(subject)]
    return sorted([*kept[: most - 1], *own], key=lambda row: row.decided_at, reverse=True)


def shared_with(payments: Sequence[PaymentRow], subject: Subject) -> int:
    """How many other riders paid with the card or from the device."""
    return len({row.user_id for row in payments} - {subject.user_id})


def summary(payments: Sequence[PaymentRow], subject: Subject) -> str:
    others = shared_with(payments, subject)
    shared = "" if not others else f"; {others} other rider{'' if others == 1 else 's'} among them"
    number = len(payments)
    return f"{number} payment{'' if number == 1 else 's'}, newest first{shared}"


def markup_of(payments: Sequence[PaymentRow], subject: Subject) -> str:
    rows = rows_around(payments, subject)
    if len(rows) < 2:
        return f"<p class='fg-soft fg-small'>{ALONE}</p>"
    body = "".join(_row(row, subject) for row in rows)
    names = head("When", "", "#Amount", "Rider", "Card", "Device", "Route", "Since then")
    table = f"<table class='fg-table fg-dense'>{names}<tbody>{body}</tbody></table>"
    return f"<div class='fg-scroll fg-timeline'>{table}</div>"


def _row(row: PaymentRow, subject: Subject) -> str:
    mark = " class='fg-opened'" if row.decision_id == subject.decision_id else ""
    cells = (
        f"<td>{addresses.to_case(row.decision_id, _when(row, subject))}</td>",
        f"<td>{markup.verdict(row.verdict)}</td>",
        f"<td class='fg-number{_loss(row)}'>{escape(format_money(row.amount_minor, row.currency))}</td>",
        _party(row.user_id, subject.user_id, "another rider"),
        _party(row.card_id, subject.card_id, "another card"),
        _party(row.device_id, subject.device_id, "another device"),
        f"<td class='fg-soft'>{escape(_short(row.pickup_zone))} → {escape(_short(row.dropoff_zone))}</td>",
        f"<td class='fg-soft fg-since'>{escape(_since(row))}</td>",
    )
    return f"<tr{mark}>{''.join(cells)}</tr>"


def _when(row: PaymentRow, subject: Subject) -> str:
    at_ms = to_ms(row.decided_at)
    days = at_ms // DAY_MS - to_ms(subject.decided_at) // DAY_MS
    clock = timestamp(at_ms)[11:19]
    return clock if days == 0 else f"{timestamp(at_ms)[5:10]} {clock[:5]}"


def _party(value: str, own: str, other: str) -> str:
    if value == own:
        return "<td class='fg-same' title='the same'>●</td>"
    return f"<td class='fg-other' title='{escape(f'{other}: {value}', quote=True)}'>{escape(value[-4:])}</td>"


def _since(row: PaymentRow) -> str:
    told = [OUTCOMES[row.outcome]] if row.outcome else []
    return ", ".join([*told, *([LABELS[row.label]] if row.label else [])])


def _loss(row: PaymentRow) -> str:
    return " fg-loss" if row.outcome is Outcome.CHARGEBACK else ""


def _short(zone: str) -> str:
    return zone.removeprefix("zone_")


def _own(subject: Subject) -> PaymentRow:
    names = [name for name in PaymentRow.__struct_fields__ if name not in ("outcome", "label")]
    return PaymentRow(**{name: getattr(subject, name) for name in names}, outcome=None, label=None)
