"""One rule as HTML; everything that comes from data is escaped here."""

from collections.abc import Iterable
from datetime import datetime
from html import escape

from app.rules.proposals import Proposal
from app.rules.standing import Standings
from app.rules.store import RuleVersion
from dashboard.views.rules import wording
from dashboard.views.rules.addresses import link
from dashboard.views.rules.list_view import chip
from dashboard.views.rules.result_view import truth_bar
from dashboard.views.rules.source import RuleView
from domain.display import count
from domain.labels import Label
from domain.money import format_money
from domain.rules import Mode, Rule

STEPS = ("Draft", "Shadow", "Proposed", "Live")


def head(view: RuleView, now: datetime) -> str:
    rule = view.rule
    links = (link("All rules"), link("Copy", new="1", **{"from": rule.rule_id}))
    edit = link("Edit", css="fg-button", rule=rule.rule_id, edit="1")
    note = f"<p>{escape(rule.note)}</p>" if rule.note else ""
    return (
        f"<section class='fg-rule-head'><header><h2>{escape(rule.rule_id)}</h2>"
        f"{chip(rule, view.waiting, now)}<nav>{''.join(links)}{edit}</nav></header>{note}"
        f"{stepper(*steps_of(view))}<pre class='fg-expression'>{escape(rule.expression)}</pre></section>"
    )


def steps_of(view: RuleView) -> tuple[str, set[str]]:
    """The step of STEPS that the rule is at, and those that it has been at before; shadow may be left out."""
    modes = {kept.rule.mode for kept in view.history}
    done = {"Draft"} | ({"Shadow"} if Mode.SHADOW in modes else set())
    if view.rule.mode is Mode.LIVE:
        return "Live", done | ({"Proposed"} if view.proposals else set())
    if view.waiting:
        return "Proposed", done
    return ("Shadow", {"Draft"}) if view.rule.mode is Mode.SHADOW else ("Draft", set())


def stepper(at: str, done: set[str]) -> str:
    steps = "".join(
        f"<li class='{'fg-done' if step in done else ''}'"
        f"{' aria-current=step' if step == at else ''}>{step}</li>"
        for step in STEPS
    )
    return f"<ol class='fg-steps' aria-label='How far the rule has come'>{steps}</ol>"


def facts(view: RuleView, now: datetime) -> str:
    rule = view.rule
    pairs = (
        ("Does", wording.does(rule)),
        ("Acts on", _acts_on(rule)),
        ("Priority", str(rule.priority)),
        ("Written by", view.author),
        ("Owner", rule.owner),
        ("Ends", wording.ends(rule, now)),
        ("Version", f"{rule.version}, changed {wording.ago(view.history[0].changed_at, now)}"),
    )
    told = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in pairs)
    return f"<dl class='fg-facts'>{told}</dl>"


def _acts_on(rule: Rule) -> str:
    match rule.mode:
        case Mode.LIVE:
            return "all riders" if rule.share >= 1 else f"{rule.share:.0%} of riders"
        case Mode.SHADOW:
            return "nobody: it is watched"
    return "nobody: it is not evaluated"


def standing(rule: Rule, known: Standings, days: int) -> str:
    its, frauds = known.of(rule.rule_id), known.frauds
    good = its.hits[Label.GOOD]
    tiles = (
        ("Hits", count(its.hit_count), f"in {days} days, acted on {count(its.acted)}"),
        ("Precision", wording.share_of(its.precision), f"of {count(its.known)} hits that are known"),
        ("Recall", wording.share_of(its.recall(frauds)), f"of {count(frauds.count)} known frauds"),
        ("Money stopped", format_money(its.stopped.amount_minor),
         f"{format_money(its.stopped_fraud.amount_minor)} of it fraud"),
        ("Good riders hit", count(good.count), format_money(good.amount_minor)),
    )  # fmt: skip
    made = "".join(
        f"<div class='fg-tile'><div class='fg-name'>{name}</div><div class='fg-big'>{escape(value)}</div>"
        f"<div class='fg-soft'>{escape(note)}</div></div>"
        for name, value, note in tiles
    )
    others = "".join(
        f"<li>{link(rule_id, rule=rule_id)} hits {count(hits)} of the same</li>"
        for rule_id, hits in sorted(its.overlap.items(), key=lambda pair: -pair[1])[:3]
    )
    failed = f"<li>it failed on {count(its.failures)} payments</li>" if its.failures else ""
    notes = f"<ul class='fg-tried-notes'>{others}{failed}</ul>" if others or failed else ""
    return f"<div class='fg-tiles'>{made}</div>{truth_bar(its.hits)}{notes}"


def proposal(asked: Proposal, now: datetime) -> str:
    why = f"<p>{escape(asked.why)}</p>" if asked.why else ""
    return (
        f"<div class='fg-asked'><b>{escape(asked.proposed_by)}</b> proposed it for "
        f"<b>{asked.share:.0%}</b> of riders "
        f"<span class='fg-soft'>{wording.ago(asked.proposed_at, now)}</span>{why}</div>"
    )


def answers(proposals: Iterable[Proposal]) -> str:
    rows = "".join(
        f"<tr><td>{wording.at(each.proposed_at)}</td><td>{escape(each.proposed_by)}</td>"
        f"<td class='fg-number'>{each.share:.0%}</td><td class='fg-why'>{escape(each.why)}</td>"
        f"<td>{escape(_answer(each))}</td><td class='fg-why'>{escape(each.answer_why)}</td></tr>"
        for each in proposals
    )
    heads = (
        "<th>At, UTC</th><th>By</th><th class='fg-number'>Share</th><th>Why</th><th>Answer</th>"
        "<th>Its why</th>"
    )
    return f"<table class='fg-table fg-alerts'><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _answer(each: Proposal) -> str:
    if each.approved is None:
        return "waits" if each.holds else "the rule was changed since"
    if not each.approved and each.answered_by == each.proposed_by:
        return "taken back"
    return f"{'approved' if each.approved else 'refused'} by {each.answered_by}"


def history(versions: Iterable[RuleVersion]) -> str:
    rows = "".join(
        f"<tr><td class='fg-number'>{kept.rule.version}</td><td>{wording.at(kept.changed_at)}</td>"
        f"<td>{escape(kept.changed_by)}</td><td>{escape(wording.state(kept.rule))}</td>"
        f"<td>{escape(wording.does(kept.rule))}</td><td class='fg-number'>{kept.rule.priority}</td>"
        f"<td class='fg-why'>{escape(kept.why)}</td>"
        f"<td class='fg-why'><code>{escape(kept.rule.expression)}</code></td></tr>"
        for kept in versions
    )
    heads = (
        "<th class='fg-number'>Version</th><th>At, UTC</th><th>By</th><th>State</th><th>Does</th>"
        "<th class='fg-number'>Priority</th><th>Why</th><th>Expression</th>"
    )
    return f"<table class='fg-table fg-alerts'><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
