"""The four figures of a setting, beside those of the present and of the best one."""

from collections.abc import Mapping
from html import escape

from msgspec import Struct

from dashboard.views.dial import wording
from domain.display import percent
from scoring.dial.figures import (
    FALSE_DECLINE_LOSS,
    FALSE_DECLINES,
    FRAUD_LOSS,
    REVIEW_HOURS,
    REVIEWS,
    SAVED,
    Figures,
)

ORDER = (SAVED, FRAUD_LOSS, FALSE_DECLINES, REVIEW_HOURS)
NAMES = {
    SAVED: "Net money saved a day",
    FRAUD_LOSS: "Fraud loss a day",
    FALSE_DECLINES: "Honest riders stopped a day",
    REVIEW_HOURS: "Review hours a day",
}


class Three(Struct, frozen=True, kw_only=True):
    """The same payments under three settings."""

    present: Figures
    yours: Figures
    best: Figures


def tiles(of: Three) -> str:
    return f"<div class='fg-dial-tiles'>{''.join(_tile(figure, of) for figure in ORDER)}</div>"


def _tile(figure: str, of: Three) -> str:
    yours = of.yours.ranges()[figure]
    loss = " fg-loss" if figure == FRAUD_LOSS and yours.value > 0 else ""
    note = wording.between(figure, yours) + _more(figure, of.yours)
    return (
        f"<div class='fg-tile'><div class='fg-name'>{NAMES[figure]}</div>"
        f"<div class='fg-big{loss}'>{escape(wording.amount(figure, yours.value))}</div>"
        f"<div class='fg-soft'>{escape(note)}</div>"
        f"<table class='fg-dial-rows'>{_rows(figure, of)}</table></div>"
    )


def _rows(figure: str, of: Three) -> str:
    present = wording.amount(figure, of.present.value(figure))
    rows = [
        ("present", present, ""),
        ("yours", wording.amount(figure, of.yours.value(figure)), _change(figure, of.yours, of.present)),
        ("optimal", wording.amount(figure, of.best.value(figure)), _change(figure, of.best, of.present)),
    ]
    return "".join(
        f"<tr class='fg-dial-{name}'><th>{name}</th><td class='fg-number'>{escape(value)}</td>"
        f"<td class='fg-number fg-soft'>{change}</td></tr>"
        for name, value, change in rows
    )


def _change(figure: str, after: Figures, before: Figures) -> str:
    """The difference, and its band below it."""
    change = after.change_from(before)[figure]
    low, high = (wording.signed(figure, value) for value in (change.low, change.high))
    told = wording.signed(figure, change.value)
    if told == low == high == wording.signed(figure, 0.0):
        return ""
    return f"<span title='90 of 100 times from {escape(low)} to {escape(high)}'>{escape(told)}</span>" + (
        f"<small>{escape(low)} … {escape(high)}</small>" if low != high else ""
    )


def _more(figure: str, of: Figures) -> str:
    """What the number alone does not say."""
    if figure == FALSE_DECLINES:
        lost = wording.money(of.value(FALSE_DECLINE_LOSS))
        return f"; {percent(of.false_decline_share)} of them, {lost} lost with them"
    if figure == REVIEW_HOURS:
        return f"; {wording.amount(REVIEWS, of.value(REVIEWS))} reviews"
    return ""


def evidence(of: Three, *, days: int, payments: float, frauds: int) -> dict[str, object]:
    """What the past said when a policy was set, for those who ask later."""
    change = of.yours.change_from(of.present)
    return {
        "days": days,
        "payments": round(payments),
        "frauds_known": frauds,
        "before": _values({name: of.present.value(name) for name in ORDER}),
        "after": _values({name: of.yours.value(name) for name in ORDER}),
        "change_low": _values({name: change[name].low for name in ORDER}),
        "change_high": _values({name: change[name].high for name in ORDER}),
    }


def _values(of: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in of.items()}
