"""A rule being written: what it would hit is told while it is typed, and it is tried before it is kept."""

from html import escape
from typing import Any

import streamlit as st
from msgspec import structs

from app.desk.people import Person, Role
from app.rules.backtest import hits_among
from app.rules.errors import RuleRefused
from app.rules.expression import compile_expression
from app.rules.going_live import EDITABLE, RuleDesk, acts_otherwise
from app.rules.store import check
from dashboard import markup
from dashboard.health import Level
from dashboard.reading import ReadingsUnavailable
from dashboard.views.rules import addresses, fields, result_view, said, trying, wording
from dashboard.views.rules.addresses import link
from dashboard.views.rules.source import RuleView, Source
from domain.display import count
from domain.rules import Action, Mode, Rule

EMPTY = (
    "Write what must be true of a payment. Every feature, the model's probability and the payment's own "
    "fields can be named."
)
CLOSED = (
    "Only a lead may change a rule that is in shadow or live. Try here what you like; Copy, on the rule's "
    "page, makes a draft of it under another id."
)


def show(source: Source, person: Person, view: RuleView | None, copied: RuleView | None) -> None:
    """`view` is the rule that is changed, None for a new one, which may begin as a copy."""
    base = view.rule if view else _blank(person, copied)
    seed = seed_of(view)
    back = link("Leave it", rule=base.rule_id) if view else link("All rules")
    name = base.rule_id if view else "New rule"
    st.html(f"<section class='fg-rule-head'><header><h2>{name}</h2><nav>{back}</nav></header></section>")
    is_open = view is None or may_change(person, view.rule)
    if not is_open:
        st.html(markup.notice(CLOSED))
    rule, fault = _written(source, base, seed, is_new=view is None)
    _save(source, view, rule, why_not=fault, is_open=is_open)
    try:
        _try(source, rule, fault)
    except ReadingsUnavailable as unavailable:
        st.html(markup.notice(str(unavailable), level=Level.BAD))


def may_change(person: Person, rule: Rule) -> bool:
    """As the desk says."""
    return rule.mode is Mode.DRAFT or person.role.allows(Role.LEAD)


def seed_of(view: RuleView | None) -> str:
    """Under which what is written is held until it is kept: another version of a rule begins anew."""
    if view:
        return f"{view.rule.rule_id}@{view.rule.version}"
    return f"new-{st.query_params.get('from', '')}"


def _blank(person: Person, copied: RuleView | None) -> Rule:
    if copied:
        return structs.replace(
            copied.rule, rule_id="", version=1, mode=Mode.DRAFT, share=1.0, owner=person.person_id
        )
    return Rule(rule_id="", version=1, expression="", action=Action.REVIEW, owner=person.person_id)


def _written(source: Source, base: Rule, seed: str, *, is_new: bool) -> tuple[Rule, str | None]:
    """The rule as it stands in the fields, and why it cannot be kept so."""
    rule_id = base.rule_id
    if is_new:
        rule_id = st.text_input(
            "Id", key=f"id_{seed}", placeholder="rule_airport_rush", max_chars=45, width=420,
            help="rule_ and 1 to 40 of a-z, 0-9 and _; it stays.",
        ).strip()  # fmt: skip
    left, right = st.columns([1.7, 1], gap="medium")
    with left:
        text = source.write(base.expression, seed=seed)
        expression_fault = fault_of(text)
        st.html(_below(source, structs.replace(base, expression=text), expression_fault))
    with right:
        given = fields.show(base, seed)
    rule = structs.replace(base, rule_id=rule_id, expression=text, **given)
    return rule, expression_fault or fault_of_rule(rule)


def fault_of(text: str) -> str | None:
    if not text.strip():
        return EMPTY
    try:
        compile_expression(text)
    except RuleRefused as refusal:
        return wording.sentence(refusal)
    return None


def fault_of_rule(rule: Rule) -> str | None:
    if not rule.rule_id:
        return "Give it an id, such as rule_airport_rush."
    try:
        check(rule)
    except RuleRefused as refusal:
        return wording.sentence(refusal, rule.rule_id)
    return None


def _below(source: Source, rule: Rule, fault: str | None) -> str:
    """What is said under the expression, in one place whatever it is, so that nothing jumps."""
    if fault == EMPTY:
        return f"<div class='fg-live-line fg-soft' role='status'>{EMPTY}</div>"
    if fault:
        return markup.notice(fault, level=Level.WATCH).replace("fg-notice", "fg-live-line")
    try:
        recent = source.recent()
        told = (
            f"It would have hit {count(hits_among(rule, recent))} of the last {count(len(recent))} decisions."
        )
    except ReadingsUnavailable:
        told = "It reads well."
    return markup.notice(told, level=Level.WELL).replace("fg-notice", "fg-live-line")


def _try(source: Source, rule: Rule, fault: str | None) -> None:
    st.html(
        markup.title("Back-test", "what it would have done; kept with the rule's id, for a proposal to name")
    )
    if fault:
        st.html("<p class='fg-soft fg-note'>As soon as the rule is complete it can be tried on the past.</p>")
        return
    trying.controls(source, rule, fault=fault)
    newest = next((kept for kept in source.back_tests(rule.rule_id) if kept.is_of(rule)), None)
    if newest:
        st.html(result_view.result(newest, source.now()))


def _save(source: Source, view: RuleView | None, rule: Rule, *, why_not: str | None, is_open: bool) -> None:
    seed = seed_of(view)
    changes = _changes(view.rule, rule) if view else {}
    can = is_open and why_not is None and (view is None or bool(changes))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        why = st.text_input(
            "Why", key=f"why_{seed}", max_chars=400, placeholder="for those who ask later", width=420
        )
        asked = st.button(_label(view, rule), type="primary", key=f"save_{seed}", disabled=not can)
    if why_not and not fault_of(rule.expression):
        st.html(f"<p class='fg-soft fg-note'>{escape(why_not)}</p>")
    if asked:
        _keep(source, view, rule, changes, why)


def _keep(source: Source, view: RuleView | None, rule: Rule, changes: dict[str, Any], why: str) -> None:
    def deed(desk: RuleDesk) -> Rule:
        if view is None:
            return desk.add(rule, why=why)
        return desk.change(rule.rule_id, why=why, as_of=view.rule.version, **changes)

    kept = said.attempt(lambda: source.do(deed))
    if kept is not None:
        addresses.forget(seed_of(view))
        said.keep(f"{kept.rule_id} is kept: version {kept.version}, {wording.state(kept)}.")
        addresses.go(rule=kept.rule_id)


def _label(view: RuleView | None, rule: Rule) -> str:
    if view is None:
        return "Keep as draft"
    if view.rule.mode is Mode.LIVE and acts_otherwise(view.rule, rule):
        return "Keep, and send back to shadow"
    return "Keep"


def _changes(before: Rule, after: Rule) -> dict[str, Any]:
    return {name: getattr(after, name) for name in EDITABLE if getattr(before, name) != getattr(after, name)}
