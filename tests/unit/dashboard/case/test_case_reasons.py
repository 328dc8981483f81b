import pytest
from case_factories import a_reason, a_subject

from dashboard.views.case import reasons
from domain.rules import Action, Mode, RuleHit


def a_hit(**given: object) -> RuleHit:
    defaults: dict[str, object] = {
        "rule_id": "many_cards", "version": 2, "action": Action.DECLINE, "mode": Mode.LIVE, "points": None,
        "acted": True,
    }  # fmt: skip
    return RuleHit(**{**defaults, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reason", "evidence", "sentence"),
    [
        (a_reason(), {}, "6 payments on this card within 5 minutes."),
        (
            a_reason(code="amount", sentence="the fare is $84.20; usual for this rider is $17.00"),
            {},
            "The fare is $84.20, usually $17.00.",
        ),
        (
            a_reason(code="user_amount_ratio", sentence="the fare is 5.0x the rider's usual"),
            {"normals": {"amount": 1700.0}},
            "The fare is 5.0x the rider's usual: $84.20, usually $17.00.",
        ),
        (
            a_reason(code="request_amount", sentence="the fare is $84.20"),
            {"normals": {"amount": 1700.0}},
            "The fare is $84.20, usually $17.00.",
        ),
        (a_reason(code="request_amount", sentence="the fare is $84.20"), {}, "The fare is $84.20."),
    ],
)
def test_a_reason_names_the_riders_own_usual(reason: object, evidence: object, sentence: str) -> None:
    [line] = reasons.lines(a_subject(reasons=[reason], evidence=evidence))
    assert line.sentence == sentence


def test_pushes_are_shares_of_the_strongest() -> None:
    two = [a_reason(contribution=2.0), a_reason(contribution=0.5)]
    assert [line.push for line in reasons.lines(a_subject(reasons=two))] == [1.0, 0.25]


def test_lists_and_rules_say_what_they_did() -> None:
    evidence = {
        "list_entry": {"entry_id": "entry_a", "list": "block", "field": "device_id"},
        "pass_through": {"instead_of": "review", "propensity": 0.01, "drawn": True},
    }
    hits = [
        a_hit(),
        a_hit(rule_id="new", action=Action.REVIEW, mode=Mode.SHADOW, acted=False),
        a_hit(rule_id="part", action=Action.CHALLENGE, acted=False),
        a_hit(rule_id="points", action=Action.ADD_SCORE, points=-12),
    ]
    assert reasons.rules(a_subject(evidence=evidence, rules=hits)) == [
        "The device stands on the block list.",
        "Let through on purpose, so that the model can learn from payments that it would stop.",
        "Rule many_cards declined it.",
        "Rule new would have sent it to review: it hit in shadow.",
        "Rule part would have challenged it: it hit outside its share of riders.",
        "Rule points moved its score by -12.",
    ]


def test_nothing_said_is_said_and_data_is_escaped() -> None:
    assert "Nothing spoke against this payment." in reasons.markup_of(a_subject(reasons=[]))
    assert "&lt;i&gt;" in reasons.markup_of(a_subject(reasons=[a_reason(sentence="<i>")]))
