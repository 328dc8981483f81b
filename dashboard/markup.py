"""The page's pieces as HTML; everything that comes from data is escaped here."""

import re
from collections.abc import Iterable
from html import escape
from urllib.parse import urlencode

from dashboard import decision_view
from dashboard.decision_view import Fact
from dashboard.drift import Moved
from dashboard.health import Level, Line
from dashboard.money_tiles import Tile
from dashboard.readings import Alert, DecisionDetail, DecisionRow
from dashboard.verdict_mix import ALERTS, Mix
from dashboard.wording import OUTCOMES, RUNGS, VERDICTS
from domain.decision import Rung, Verdict
from domain.display import MINUTE_MS, clock, duration_ms
from domain.events import to_ms
from domain.money import format_money

LEVELS = {Level.WELL: "well", Level.UNKNOWN: "unknown", Level.WATCH: "watch", Level.BAD: "bad"}


def period(minutes: int) -> str:
    """As it is shown, and as it stands in the address."""
    return duration_ms(minutes * MINUTE_MS)


def headline(line: Line) -> str:
    note = f"<span class='fg-soft'>{_prose(line.note)}</span>" if line.note else ""
    return (
        f"<div class='fg-headline fg-{LEVELS[line.level]}' role='status'>"
        f"<i class='fg-dot'></i><b>{escape(line.value)}</b>{note}</div>"
    )


def tiles(of: Iterable[Tile]) -> str:
    return f"<div class='fg-tiles'>{''.join(map(_tile, of))}</div>"


def _tile(tile: Tile) -> str:
    loss = " fg-loss" if tile.is_loss else ""
    return (
        f"<div class='fg-tile'><div class='fg-name'>{escape(tile.name)}</div>"
        f"<div class='fg-big{loss}'>{escape(tile.value)}</div>"
        f"<div class='fg-soft'>{escape(tile.note)}</div></div>"
    )


def decisions(rows: Iterable[DecisionRow], *, period_min: int, opened: str | None) -> str:
    names = head("Time", "Verdict", "#Amount", "Rider", "Card", "Route", "#Score", "Rung", "#Took")
    body = "".join(_decision(row, period_min, opened) for row in rows)
    return (
        f"<div class='fg-scroll'><table class='fg-table fg-live'>{names}<tbody>{body}</tbody></table></div>"
    )


def _decision(row: DecisionRow, period_min: int, opened: str | None) -> str:
    cells = (
        f"<td>{_link(row.decision_id, clock(to_ms(row.decided_at)), period_min)}</td>",
        f"<td>{verdict(row.verdict)}</td>",
        f"<td class='fg-number'>{escape(format_money(row.amount_minor, row.currency))}</td>",
        _id(row.user_id),
        _id(row.card_id),
        f"<td>{escape(row.pickup_zone)} → {escape(row.dropoff_zone)}</td>",
        f"<td class='fg-number'>{row.score}</td>",
        f"<td>{_rung(row.rung)}</td>",
        f"<td class='fg-number fg-soft'>{duration_ms(row.latency_us / 1000)}</td>",
    )
    return f"<tr{_mark(row.decision_id, opened)}>{''.join(cells)}</tr>"


def alerts(rows: Iterable[Alert], *, period_min: int, opened: str | None) -> str:
    names = head("Time", "Verdict", "#Amount", "#Score", "Why", "Since then")
    body = "".join(_alert(row, period_min, opened) for row in rows)
    return f"<table class='fg-table fg-alerts'>{names}<tbody>{body}</tbody></table>"


def _alert(row: Alert, period_min: int, opened: str | None) -> str:
    since = OUTCOMES[row.last_outcome] if row.last_outcome else "nothing yet"
    cells = (
        f"<td>{_link(row.decision_id, clock(to_ms(row.decided_at)), period_min)}</td>",
        f"<td>{verdict(row.verdict)}</td>",
        f"<td class='fg-number'>{escape(format_money(row.amount_minor, row.currency))}</td>",
        f"<td class='fg-number'>{row.score}</td>",
        f"<td class='fg-why'>{escape(decision_view.why(row.reasons))}</td>",
        f"<td class='fg-soft'>{escape(since)}</td>",
    )
    return f"<tr{_mark(row.decision_id, opened)}>{''.join(cells)}</tr>"


def verdict(value: Verdict) -> str:
    return f"<span class='fg-verdict fg-{value}'>{VERDICTS[value]}</span>"


def mix(of: Mix) -> str:
    shares = "".join(
        f"<div><i class='fg-swatch fg-{share.verdict}'></i>{VERDICTS[share.verdict]}"
        f"<span class='fg-number'>{share.payments}</span>"
        f"<span class='fg-number fg-soft'>{share.share}</span></div>"
        for share in of.shares
    )
    bars = "".join(
        f"<div class='fg-bar' title='{escape(bar.tip, quote=True)}'>"
        + "".join(
            f"<i class='fg-{v}' style='height:{100 * bar.heights[v]:.1f}%'></i>"
            for v in reversed(ALERTS)
            if v in bar.heights
        )
        + "</div>"
        for bar in of.bars
    )
    most = f"most in one bar: {of.most}" if of.most else "no alerts"
    return (
        f"<div class='fg-shares'>{shares}</div><div class='fg-bars'>{bars}</div>"
        f"<div class='fg-axis fg-soft'><span>{of.starts}</span><span>{most}</span>"
        f"<span>{of.ends}</span></div>"
    )


def health(of: Iterable[Line]) -> str:
    return f"<dl class='fg-health'>{''.join(map(_line, of))}</dl>"


def _line(line: Line) -> str:
    note = f"<small class='fg-soft'>{_prose(line.note)}</small>" if line.note else ""
    level = LEVELS[line.level]
    return (
        f"<dt class='fg-{level}'><i class='fg-dot' title='{level}'></i>{escape(line.name)}</dt>"
        f"<dd class='fg-{level}'>{escape(line.value)}{note}</dd>"
    )


def drifted(of: Iterable[Moved]) -> str:
    names = head("What", "#PSI", "#KS", "#Unknown", "#Out of range", "Alarm")
    body = "".join(
        f"<tr><td>{escape(row.name)}</td>"
        + "".join(f"<td class='fg-number'>{escape(number)}</td>" for number in row.numbers)
        + f"<td class='fg-why'>{escape(row.alarm)}</td></tr>"
        for row in of
    )
    return f"<table class='fg-table fg-alerts'>{names}<tbody>{body}</tbody></table>"


def decision(detail: DecisionDetail, *, period_min: int) -> str:
    money = escape(format_money(detail.amount_minor, detail.currency))
    return (
        "<section class='fg-detail'><header>"
        f"{verdict(detail.verdict)}<b class='fg-big'>{money}</b>"
        f"<span>{escape(decision_view.likelihood(detail))}</span>"
        f"<code>{escape(detail.decision_id)}</code>{_close(period_min)}</header>"
        f"<div class='fg-columns'><div>{_reasons(detail)}{_outcomes(detail)}</div>"
        f"<div><h4>Who</h4>{facts(decision_view.parties(detail))}</div>"
        f"<div><h4>How</h4>{facts(decision_view.provenance(detail))}</div></div></section>"
    )


def unknown_decision(decision_id: str, *, period_min: int) -> str:
    return (
        f"<section class='fg-detail'><header><span>The ledger holds no decision "
        f"<code>{escape(decision_id)}</code>. Check the link, or open one from the tables below.</span>"
        f"{_close(period_min)}</header></section>"
    )


def facts(of: Iterable[Fact]) -> str:
    pairs = "".join(f"<dt>{escape(fact.name)}</dt><dd>{escape(fact.value)}</dd>" for fact in of)
    return f"<dl class='fg-facts'>{pairs}</dl>"


def values(of: Iterable[Fact]) -> str:
    pairs = "".join(
        f"<div><span class='fg-soft'>{escape(fact.name)}</span><span>{escape(fact.value)}</span></div>"
        for fact in of
    )
    return f"<div class='fg-values'>{pairs}</div>"


def notice(sentence: str, *, level: Level = Level.UNKNOWN) -> str:
    dot = "<i class='fg-dot'></i>"
    return (
        f"<div class='fg-notice fg-{LEVELS[level]}' role='status'>{dot}<span>{_prose(sentence)}</span></div>"
    )


def title(text: str, note: str = "") -> str:
    return f"<h3 class='fg-title'>{escape(text)}<span class='fg-soft'>{escape(note)}</span></h3>"


def _reasons(detail: DecisionDetail) -> str:
    rows = "".join(
        f"<tr><td>{escape(view.sentence)}</td><td class='fg-number'>{escape(view.value)}</td>"
        f"<td class='fg-number'>{escape(view.usual)}</td>"
        f"<td class='fg-push' title='{view.contribution}'>"
        f"<i style='width:{max(view.push, 0.02) * 100:.0f}%'></i><span>{view.contribution}</span></td></tr>"
        for view in decision_view.reasons(detail)
    )
    if not rows:
        return "<h4>Why</h4><p class='fg-soft'>Nothing spoke against this payment.</p>"
    names = head("Why", "#Value", "#Usual", "Push to the score")
    return f"<table class='fg-table fg-reasons'>{names}<tbody>{rows}</tbody></table>"


def _outcomes(detail: DecisionDetail) -> str:
    rows = "".join(f"<li>{escape(text)}</li>" for text in decision_view.outcomes(detail))
    told = f"<ul>{rows}</ul>" if rows else "<p class='fg-soft'>Nothing has been reported yet.</p>"
    return f"<h4>Since then</h4>{told}"


def head(*names: str) -> str:
    """A name that begins with # heads numbers."""
    return f"<thead><tr>{''.join(map(_heading, names))}</tr></thead>"


def _heading(name: str) -> str:
    if name.startswith("#"):
        return f"<th class='fg-number'>{escape(name[1:])}</th>"
    return f"<th>{escape(name)}</th>"


def _prose(text: str) -> str:
    """Words of ours, in which `backquotes` set off what is to be typed."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def _id(value: str) -> str:
    return f"<td class='fg-id' title='{escape(value, quote=True)}'>{escape(value)}</td>"


def _rung(rung: Rung) -> str:
    return f"<span class='fg-rung fg-{rung}' title='{escape(RUNGS[rung], quote=True)}'>{rung}</span>"


def _mark(decision_id: str, opened: str | None) -> str:
    return " class='fg-opened'" if decision_id == opened else ""


def _link(decision_id: str, text: str, period_min: int) -> str:
    address = _address(period_min, decision=decision_id)
    key = escape(decision_id, quote=True)
    return f"<a href='{address}' target='_self' data-decision='{key}'>{escape(text)}</a>"


def _close(period_min: int) -> str:
    address = _address(period_min)
    return f"<a class='fg-close' href='{address}' target='_self' data-decision=''>Close</a>"


def _address(period_min: int, **more: str) -> str:
    return escape("?" + urlencode({"period": period(period_min), **more}), quote=True)
