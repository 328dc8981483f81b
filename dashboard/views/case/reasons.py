"""Why, in sentences with the rider's own normal: what the model says, and what lists and rules said."""

from html import escape

from msgspec import Struct

from dashboard import decision_view
from dashboard.views.case.readings import Subject
from domain.money import format_money
from domain.reasons import Reason
from domain.rules import Action, Mode, RuleHit

_USUAL = "; usual for this rider is "  # as domain.reasons writes it
_OF_AMOUNT = ("user_amount_ratio", "user_amount_rank", "request_amount")
_DID = {
    Action.DECLINE: "declined it",
    Action.CHALLENGE: "challenged it",
    Action.REVIEW: "sent it to review",
    Action.APPROVE: "let it through",
    Action.ADD_SCORE: "moved its score",
}


class Line(Struct, frozen=True, kw_only=True):
    """`push` is the part of the strongest push, 0 to 1; `weight` is how it is written."""

    sentence: str
    push: float
    weight: str


def lines(subject: Subject) -> list[Line]:
    strongest = max((reason.contribution for reason in subject.reasons), default=0.0)
    return [
        Line(
            sentence=f"{decision_view.capitalised(_sentence(reason, subject))}.",
            push=reason.contribution / strongest if strongest > 0 else 0.0,
            weight=f"{reason.contribution:+.1f}",
        )
        for reason in subject.reasons
    ]


def rules(subject: Subject) -> list[str]:
    """What lists and rules had to say, as sentences."""
    said = [_list_hit(subject.evidence["list_entry"])] if subject.evidence.get("list_entry") else []
    if (subject.evidence.get("pass_through") or {}).get("drawn"):
        said.append("Let through on purpose, so that the model can learn from payments that it would stop.")
    return said + [_rule(hit) for hit in subject.rules]


def markup_of(subject: Subject) -> str:
    rows = "".join(
        f"<li><i style='width:{100 * max(line.push, 0.04):.0f}%'></i><span>{escape(line.sentence)}</span>"
        f"<b class='fg-number' title='push to the score, in log-odds'>{escape(line.weight)}</b></li>"
        for line in lines(subject)
    )
    why = rows or "<li class='fg-soft'><span>Nothing spoke against this payment.</span></li>"
    said = "".join(f"<p>{escape(sentence)}</p>" for sentence in rules(subject))
    return f"<ol class='fg-case-why'>{why}</ol><div class='fg-case-said fg-soft'>{said}</div>"


def _sentence(reason: Reason, subject: Subject) -> str:
    """ "the fare is $84.20, usually $17.00"."""
    said, found, usual = reason.sentence.partition(_USUAL)
    if found:
        return f"{said}, usually {usual}"
    normal = subject.evidence.get("normals", {}).get("amount")
    if normal is None or reason.code not in _OF_AMOUNT:
        return said
    fare = format_money(subject.amount_minor, subject.currency)
    usually = format_money(round(normal), subject.currency)
    return (
        f"{said}, usually {usually}"
        if reason.code == "request_amount"
        else f"{said}: {fare}, usually {usually}"
    )


def _rule(hit: RuleHit) -> str:
    did = _DID[hit.action]
    if hit.action is Action.ADD_SCORE and hit.points:
        did = f"{did} by {hit.points:+d}"
    if hit.acted:
        return f"Rule {hit.rule_id} {did}."
    where = "in shadow" if hit.mode is Mode.SHADOW else "outside its share of riders"
    return f"Rule {hit.rule_id} would have {did}: it hit {where}."


def _list_hit(hit: dict[str, str]) -> str:
    field = {"card_id": "card", "user_id": "rider", "device_id": "device", "email_hash": "e-mail address"}
    return f"The {field.get(hit['field'], hit['field'])} stands on the {hit['list']} list."
