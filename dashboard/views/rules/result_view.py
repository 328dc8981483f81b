"""A back-test as HTML; everything that comes from data is escaped here."""

from collections.abc import Mapping
from datetime import datetime
from html import escape

from app.rules.back_test_store import KeptBackTest
from app.rules.backtest import BackTest, Part, Sample
from dashboard.views.rules import wording
from domain.display import count, percent
from domain.labels import MATURITY_DAYS, Label
from domain.money import format_money

TRUTHS = {Label.FRAUD: "fraud", Label.GOOD: "good riders", Label.UNKNOWN: "not known yet"}


def result(kept: KeptBackTest, now: datetime) -> str:
    found = kept.result
    frauds, caught, good = found.all[Label.FRAUD], found.hits[Label.FRAUD], found.hits[Label.GOOD]
    tiles = (
        _tile("Would hit", count(found.hit_count), f"of {count(found.decisions)} decisions"),
        _tile("Fraud caught", count(caught.count), f"of {count(frauds.count)} known, {_money(caught)}"),
        _tile("New of these", count(found.let_through[Label.FRAUD].count),
              f"{_money(found.let_through[Label.FRAUD])} that nothing stopped"),
        _tile("Good riders hit", count(good.count), _money(good)),
        _tile("Stopped already", percent(found.stopped_already / found.hit_count) if found.hit_count else "-",
              "of the hits, by others"),
    )  # fmt: skip
    return (
        f"<section class='fg-tried'>{_head(kept, now)}<div class='fg-tiles'>{''.join(tiles)}</div>"
        f"{truth_bar(found.hits)}{_notes(found)}{_samples(found.samples)}</section>"
    )


def _head(kept: KeptBackTest, now: datetime) -> str:
    told = f"{wording.period(kept.since, kept.until)} until {wording.at(kept.until)} UTC"
    old = "" if kept.is_fresh(now) else "<b class='fg-watchful'>too old to propose with</b>"
    return (
        f"<header><b>Back-test</b><span class='fg-soft'>{escape(told)}, run by {escape(kept.run_by)} "
        f"{wording.ago(kept.run_at, now)}</span>{old}"
        f"<code>{escape(kept.back_test_id)}</code></header>"
    )


def _tile(name: str, value: str, note: str) -> str:
    return (
        f"<div class='fg-tile'><div class='fg-name'>{escape(name)}</div>"
        f"<div class='fg-big'>{escape(value)}</div><div class='fg-soft'>{escape(note)}</div></div>"
    )


def truth_bar(hits: Mapping[Label, Part], *, legend: bool = True) -> str:
    """Of the hits, how many were fraud, good and not known."""
    whole = sum(part.count for part in hits.values())
    told = ", ".join(f"{count(hits[label].count)} {words}" for label, words in TRUTHS.items())
    pieces = "".join(
        f"<i class='fg-truth-{label}' style='width:{100 * hits[label].count / whole:.2f}%'></i>"
        for label in TRUTHS
        if whole and hits[label].count
    )
    bar = f"<div class='fg-truth' role='img' aria-label='{told}' title='{told}'>{pieces}</div>"
    if not legend:
        return bar
    words = "".join(
        f"<span><i class='fg-swatch fg-truth-{label}'></i>{count(hits[label].count)} {name}, "
        f"{_money(hits[label])}</span>"
        for label, name in TRUTHS.items()
    )
    return f"{bar}<div class='fg-truths'>{words}</div>"


def _notes(found: BackTest) -> str:
    notes = [f"{rule_id} acted on {count(hits)} of them" for rule_id, hits in found.most_overlap]
    if not found.complete and found.oldest:
        notes.append(
            f"the period has more decisions: the newest {count(found.decisions)} were read, "
            f"back to {wording.at(found.oldest)} UTC"
        )
    if found.maturity_days != MATURITY_DAYS:
        notes.append(f"a payment counts as good {found.maturity_days:g} days after it was captured")
    if found.passed_over:
        notes.append(f"{count(found.passed_over)} decisions have no features that it can look at")
    if found.failed:
        notes.append(f"it failed on {count(found.failed)}")
    return (
        f"<ul class='fg-tried-notes'>{''.join(f'<li>{escape(note)}</li>' for note in notes)}</ul>"
        if notes
        else ""
    )


def _samples(samples: Mapping[Label, list[Sample]]) -> str:
    columns = "".join(
        f"<div><h4>{escape(name)}</h4>{_links(samples.get(label, []))}</div>"
        for label, name in _SAMPLED.items()
    )
    return f"<div class='fg-samples'>{columns}</div>"


_SAMPLED = {
    Label.FRAUD: "Newest frauds hit",
    Label.GOOD: "Newest good riders hit",
    Label.UNKNOWN: "Newest not known yet",
}


def _links(samples: list[Sample]) -> str:
    if not samples:
        return "<p class='fg-soft'>none</p>"
    rows = "".join(
        f"<li><a href='/case?decision={escape(each.decision_id, quote=True)}' target='_self' "
        f"title='{escape(each.decision_id, quote=True)}'>{escape(_short(each.decision_id))}</a>"
        f"<span class='fg-number'>{escape(format_money(each.amount_minor))}</span></li>"
        for each in samples
    )
    return f"<ol>{rows}</ol>"


def _short(decision_id: str) -> str:
    """Ids of one hour begin alike: their ends tell them apart."""
    return f"…{decision_id[-10:]}" if len(decision_id) > 14 else decision_id


def _money(part: Part) -> str:
    return format_money(part.amount_minor)
