"""Fraud in money: what the ledger can honestly say of a period."""

from msgspec import Struct

from dashboard.readings import ChargebackTotal, Snapshot, VerdictTotal
from domain.decision import Verdict
from domain.display import count
from domain.money import format_money


class Tile(Struct, frozen=True, kw_only=True):
    name: str
    value: str
    note: str
    is_loss: bool = False


def tiles(snapshot: Snapshot) -> list[Tile]:
    return [
        decided(snapshot.verdicts, snapshot.period_min),
        stopped(snapshot.verdicts),
        in_review(snapshot.verdicts),
        missed(snapshot.chargebacks),
        charged_back(snapshot.chargebacks),
    ]


def decided(verdicts: list[VerdictTotal], period_min: int) -> Tile:
    payments = sum(row.payments for row in verdicts)
    money = sum(row.amount_minor for row in verdicts)
    note = f"{_payments(payments)}{_pace(payments / period_min)}"
    return Tile(name="Decided", value=format_money(money), note=note)


def stopped(verdicts: list[VerdictTotal]) -> Tile:
    """Held or refused, less what a passed challenge let go."""
    held = [row for row in verdicts if row.verdict.stops_payment]
    payments = sum(row.payments - row.released_payments for row in held)
    money = sum(row.amount_minor - row.released_minor for row in held)
    note = f"{_payments(payments)} declined, or challenged and not passed; honest ones may be among them"
    return Tile(name="Stopped", value=format_money(money), note=note)


def in_review(verdicts: list[VerdictTotal]) -> Tile:
    rows = [row for row in verdicts if row.verdict is Verdict.REVIEW]
    payments, money = sum(row.payments for row in rows), sum(row.amount_minor for row in rows)
    note = f"{_payments(payments)} let through, for a person to look at"
    return Tile(name="For review", value=format_money(money), note=note)


def missed(chargebacks: list[ChargebackTotal]) -> Tile:
    """Fraud that was approved, as far as it has come to light."""
    rows = [row for row in chargebacks if row.verdict is Verdict.APPROVE]
    number, money = sum(row.chargebacks for row in rows), sum(row.amount_minor for row in rows)
    note = f"{_chargebacks(number)} arrived on approved payments; they come late, so expect more"
    return Tile(name="Missed", value=format_money(money), note=note, is_loss=money > 0)


def charged_back(chargebacks: list[ChargebackTotal]) -> Tile:
    number = sum(row.chargebacks for row in chargebacks)
    money = sum(row.amount_minor for row in chargebacks)
    note = f"{_chargebacks(number)} arrived in all: missed, reviewed or challenged"
    return Tile(name="Charged back", value=format_money(money), note=note)


def _pace(a_minute: float) -> str:
    """Left out when it says less than the number."""
    if a_minute < 1:
        return ""
    return f", {a_minute / 60:.1f} a second" if a_minute >= 60 else f", {count(a_minute)} a minute"


def _payments(number: int) -> str:
    return f"{count(number)} payment{'' if number == 1 else 's'}"


def _chargebacks(number: int) -> str:
    return f"{count(number)} chargeback{'' if number == 1 else 's'}"
