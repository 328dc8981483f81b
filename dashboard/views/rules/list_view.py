"""The list of rules as HTML; everything that comes from data is escaped here."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape

from app.rules.proposals import Proposal
from app.rules.standing import Standing, Standings
from dashboard.views.rules import wording
from dashboard.views.rules.addresses import link
from dashboard.views.rules.result_view import truth_bar
from domain.display import count
from domain.labels import Label
from domain.money import format_money
from domain.rules import Mode, Rule

_HEADS = (
    ("Rule", ""), ("State", ""), ("Hits", "of them fraud, good riders, not known yet"),
    ("#Precision", "frauds among the hits that are known"), ("#Recall", "of all known frauds, those it hit"),
    ("#Money stopped", "payments it acted on that were stopped; of these known fraud"),
    ("#Good riders", "hits that turned out good"), ("Overlap", "the rule that hits most of the same"),
    ("#Age", "since it was made; last change"),
)  # fmt: skip


def table(rules: Iterable[Rule], known: Standings, waiting: Mapping[str, Proposal], now: datetime) -> str:
    heads = "".join(
        f"<th class='{'fg-number' if name[0] == '#' else ''}' title='{escape(tip, quote=True)}'>"
        f"{name.lstrip('#')}</th>"
        for name, tip in _HEADS
    )
    rows = "".join(_row(rule, known, waiting.get(rule.rule_id), now) for rule in rules)
    return f"<table class='fg-table fg-rules'><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _row(rule: Rule, known: Standings, proposal: Proposal | None, now: datetime) -> str:
    standing = known.of(rule.rule_id)
    cells = (
        f"<td class='fg-rule'>{link(rule.rule_id, rule=rule.rule_id)}{_failed(standing)}"
        f"<code title='{escape(rule.expression, quote=True)}'>{escape(rule.expression)}</code></td>",
        f"<td>{chip(rule, proposal, now)}<small class='fg-soft'>{escape(wording.does(rule))}, "
        f"priority {rule.priority}</small></td>",
        f"<td class='fg-hits'>{count(standing.hit_count)}{truth_bar(standing.hits, legend=False)}</td>",
        f"<td class='fg-number'>{wording.share_of(standing.precision)}</td>",
        f"<td class='fg-number'>{wording.share_of(standing.recall(known.frauds))}</td>",
        f"<td class='fg-number'>{_stopped(rule, standing)}</td>",
        f"<td class='fg-number'>{count(standing.hits[Label.GOOD].count)}"
        f"<small class='fg-soft'>{escape(format_money(standing.hits[Label.GOOD].amount_minor))}</small></td>",
        f"<td class='fg-overlap'>{_overlap(standing)}</td>",
        f"<td class='fg-number'>{_age(rule, known, now)}</td>",
    )
    return f"<tr>{''.join(cells)}</tr>"


def chip(rule: Rule, proposal: Proposal | None, now: datetime) -> str:
    made = f"<span class='fg-chip fg-mode-{rule.mode}'>{escape(wording.state(rule))}</span>"
    if rule.expires_at_ms is not None and wording.ends(rule, now).startswith("ended"):
        made += "<span class='fg-chip fg-chip-watch'>ended</span>"
    if proposal:
        made += f"<span class='fg-chip fg-chip-asked'>proposed, {proposal.share:.0%}</span>"
    return made


def _failed(standing: Standing) -> str:
    if not standing.failures:
        return ""
    return f"<span class='fg-chip fg-chip-watch'>failed {count(standing.failures)} times</span>"


def _stopped(rule: Rule, standing: Standing) -> str:
    if rule.mode is not Mode.LIVE and not standing.stopped.count:
        return "<span class='fg-soft'>-</span>"
    return (
        f"{escape(format_money(standing.stopped.amount_minor))}"
        f"<small class='fg-soft'>{escape(format_money(standing.stopped_fraud.amount_minor))} fraud</small>"
    )


def _overlap(standing: Standing) -> str:
    most = standing.most_overlap
    if most is None:
        return "<span class='fg-soft'>-</span>"
    return f"{most[1]:.0%}<small class='fg-soft'>{escape(most[0].removeprefix('rule_'))}</small>"


def _age(rule: Rule, known: Standings, now: datetime) -> str:
    life = known.lives.get(rule.rule_id)
    if life is None:
        return "<span class='fg-soft'>new</span>"
    return (
        f"{wording.age(life.made_at, now)}"
        f"<small class='fg-soft' title='by {escape(life.changed_by, quote=True)}'>"
        f"changed {wording.ago(life.changed_at, now)}</small>"
    )
