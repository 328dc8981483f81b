"""A row of the queue in words."""

from datetime import timedelta

import pytest
from queue_factories import ANA, NOW, TOM, a_queue_row, a_viewer, ago, soon

from app.desk.case_state import Resolution
from dashboard.views.queue import cells
from domain.decision import Verdict


def test_a_row_says_what_is_at_stake() -> None:
    shown = cells.html(a_queue_row(), NOW, a_viewer())
    for piece in ("12 min", "due in 18 min", "review", "$93.00", "$35.40", "$11.80", "usr_a", "zone_a"):
        assert piece in shown
    assert "Stolen card" in shown
    assert "6 payments on this card within 5 minutes." in shown
    assert "no rule" in shown
    assert ">mdl_8c1f22<" in shown
    assert "href='case?decision=dec_a'" in shown
    assert "fg-loss" not in shown


@pytest.mark.parametrize(
    ("verdict", "minutes", "said"),
    [
        (Verdict.REVIEW, 28, "due in 2 min"),
        (Verdict.CHALLENGE, 20, "overdue 5 min"),
        (Verdict.DECLINE, 200, "due in 40 min"),
        (Verdict.DECLINE, 300, "overdue 60 min"),
    ],
)
def test_each_verdict_has_its_target(verdict: Verdict, minutes: int, said: str) -> None:
    age = cells.live(a_queue_row(verdict=verdict, decided_at=ago(minutes=minutes)), NOW, a_viewer())["age"]
    assert said in age
    assert ("fg-over" in age) == said.startswith("overdue")


def test_everything_of_data_is_escaped() -> None:
    wild = "<b>'\"x"
    row = a_queue_row(user_id=wild, pickup_zone=wild, sentence=wild, rule_ids=[wild], model_version=wild)
    shown = cells.html(row, NOW, a_viewer())
    assert "<b>'" not in shown
    assert "&lt;b&gt;" in shown


def test_a_rule_that_acted_tells_the_type() -> None:
    assert "Promotion abuse" in cells.html(a_queue_row(rule_ids=["promo_farm"]), NOW, a_viewer())


@pytest.mark.parametrize(
    ("given", "said", "look"),
    [
        ({}, "nobody", "fg-waiting"),
        ({"assignee": "ana", "claimed_until": soon(minutes=9)}, "<b>you</b><small>9 min left", "fg-waiting"),
        ({"assignee": "lea", "claimed_until": soon(minutes=9)}, "<b>Lea</b>", "fg-theirs"),
        ({"assignee": "lea", "claimed_until": ago(minutes=1)}, "nobody", "fg-waiting"),
        ({"snoozed_until": soon(minutes=40)}, "put aside</b><small>for 40 min", "fg-done"),
        ({"snoozed_until": ago(minutes=1)}, "nobody", "fg-waiting"),
        ({"escalated_at": ago(minutes=5)}, "with the leads</b><small>for 5 min", "fg-done"),
        (
            {
                "closed_at": NOW,
                "closed_by": "lea",
                "resolution": Resolution.FRAUD,
                "fraud_type": "stolen_card",
            },
            "<b>fraud: stolen card</b><small>by Lea",
            "fg-done",
        ),
        (
            {"closed_at": NOW, "closed_by": "chargeback", "resolution": Resolution.FRAUD},
            "<b>fraud</b><small>by a chargeback",
            "fg-done",
        ),
        ({"raised": False, "verdict": Verdict.APPROVE}, "no alert", "fg-plain"),
    ],
)
def test_a_state_is_words_and_a_look(given: dict[str, object], said: str, look: str) -> None:
    live = cells.live(a_queue_row(**given), NOW, a_viewer())
    assert said in live["state"]
    assert live["look"] == look


def test_an_escalated_case_waits_for_leads_only() -> None:
    row = a_queue_row(escalated_at=ago(minutes=5))
    assert cells.is_waiting(row, NOW, TOM)
    assert not cells.is_waiting(row, NOW, ANA)


def test_what_was_done_here_can_be_undone_here() -> None:
    row = a_queue_row(snoozed_until=soon(minutes=40))
    assert "undo" in cells.live(row, NOW, a_viewer(undoable=frozenset({"dec_a"})))["state"]
    assert "undo" not in cells.live(row, NOW, a_viewer())["state"]


def test_a_span_is_not_written_anew_every_second() -> None:
    assert cells.span(timedelta(seconds=59)) == "under 1 min"
    assert cells.span(timedelta(seconds=61)) == "1 min"
