from datetime import timedelta

import pytest
from case_factories import NOW, a_standing, a_subject, ago, an_approval

from app.desk.case_state import Resolution
from dashboard.views.case import head
from domain.decision import Rung, Verdict


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "Open: nobody works on it"),
        ({"assignee": "lea", "claimed_until": ago(minutes=-9)}, "Yours until 12:09 UTC"),
        (
            {"assignee": "ada", "assignee_name": "Ada", "claimed_until": ago(minutes=-9)},
            "Ada works on it until 12:09 UTC",
        ),
        ({"assignee": "ada", "claimed_until": ago(minutes=9)}, "Open: nobody works on it"),
        ({"snoozed_until": ago(hours=-1)}, "Put aside until 13:00 UTC"),
        ({"escalated_at": ago(days=2)}, "With the leads since 2026-02-27 12:00:30 UTC"),
        (
            {"closed_at": ago(minutes=2), "closed_by": "ada", "closed_by_name": "Ada", "resolution": "good"},
            "Found to be good by Ada, 11:58 UTC",
        ),
        (
            {
                "closed_at": ago(minutes=2),
                "closed_by": "lea",
                "resolution": "fraud",
                "fraud_type": "stolen_card",
            },
            "Confirmed as fraud (stolen card) by you, 11:58 UTC",
        ),
        (
            {"closed_at": ago(minutes=2), "closed_by": "chargeback", "resolution": "fraud"},
            "Confirmed as fraud by a chargeback, 11:58 UTC",
        ),
        (
            {"closed_at": ago(minutes=2), "closed_by": "key_x", "resolution": "cannot_tell"},
            "Closed as one that nobody can tell by the key key_x, 11:58 UTC",
        ),
    ],
)
def test_where_a_case_stands_is_one_sentence(given: dict[str, object], sentence: str) -> None:
    if "resolution" in given:
        given = {**given, "resolution": Resolution(str(given["resolution"]))}
    assert head.state(a_subject(**given), "lea").sentence == sentence


def test_an_approval_has_no_case() -> None:
    assert "no case to close" in head.state(an_approval(), "lea").sentence


def test_the_clock_runs_while_somebody_waits() -> None:
    assert "due in 10 min" in head.markup_of(a_subject(verdict=Verdict.CHALLENGE), "lea")
    late = a_subject(verdict=Verdict.CHALLENGE, decided_at=NOW - timedelta(minutes=40))
    assert "overdue 25 min" in head.markup_of(late, "lea")
    assert "5 min ago" in head.markup_of(an_approval(), "lea")


def test_the_footing_is_told_in_words_and_data_is_escaped() -> None:
    shown = head.markup_of(a_subject(rung=Rung.R1, rung_reason="features_ageing", pickup_zone="<b>"), "lea")
    assert "R1: full model on ageing features, because the features were older than two seconds" in shown
    assert "&lt;b&gt;" in shown
    assert "by points" in head.markup_of(a_subject(probability=None), "lea")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"closed_at": NOW, "closed_by": "chargeback", "resolution": Resolution.FRAUD},
            "A chargeback decided",
        ),
        ({"assignee": "ada", "assignee_name": "Ada"}, "Ada took this case meanwhile"),
        ({}, "This case was changed meanwhile"),
    ],
)
def test_what_happened_meanwhile(given: dict[str, object], sentence: str) -> None:
    assert head.meanwhile(a_standing(**given), "lea").startswith(sentence)
