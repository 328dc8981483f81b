"""What is pressed becomes a deed once, of the row that was highlighted, with a sentence."""

import pytest
from queue_factories import ANA, NOW, CasesInMemory, a_queue_page, a_queue_row, state_of

from app.desk.case_state import Resolution
from app.desk.errors import DeskUnavailable
from dashboard.views.queue.deeds import NOTHING_TO_UNDO, Deeds
from dashboard.views.queue.filters import Filters
from dashboard.views.queue.keys import Act, Action
from dashboard.views.queue.rows import AlertRow
from dashboard.views.queue.work import Sheet, Work

PAGE = a_queue_page(a_queue_row("dec_a"), a_queue_row("dec_b", rule_ids=["promo_farm"]), a_queue_row("dec_c"))


class Desk:
    """Somebody at the queue with three rows on it."""

    def __init__(self) -> None:
        sheet = Sheet(filters=Filters(), cursor=None, searched="", page=PAGE, now=NOW)
        self.work = Work(sheet=sheet)
        self.cases = CasesInMemory.of(PAGE)
        self.deeds = Deeds(self.work, self.cases, ANA)

    def press(
        self, action: Action, decision_id: str = "", *, key: str | None = None, revision: int = 0
    ) -> None:
        key = key or f"{action}-{decision_id}-{len(self.work.handled)}"
        self.deeds.take([Act(key=key, action=action, decision_id=decision_id, revision=revision)])

    def row(self, decision_id: str) -> AlertRow:
        assert self.work.sheet
        row = self.work.sheet.row(decision_id)
        assert row
        return row

    @property
    def said(self) -> str:
        return self.work.notice.text if self.work.notice else ""

    @property
    def is_complaint(self) -> bool:
        return self.work.notice is not None and self.work.notice.bad


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_fraud_is_confirmed_with_the_suspected_type(desk: Desk) -> None:
    desk.press(Action.FRAUD, "dec_b")
    assert (desk.row("dec_b").resolution, desk.row("dec_b").fraud_type) == (Resolution.FRAUD, "promo_abuse")
    assert desk.said == "Fraud, promotion abuse: $93.00 of usr_a."
    assert desk.row("dec_a").closed_at is None


def test_good_says_no_type(desk: Desk) -> None:
    desk.press(Action.GOOD, "dec_a")
    assert (desk.row("dec_a").resolution, desk.row("dec_a").fraud_type) == (Resolution.GOOD, None)


def test_a_press_that_comes_twice_is_one_deed(desk: Desk) -> None:
    desk.press(Action.GOOD, "dec_a", key="one")
    desk.press(Action.GOOD, "dec_a", key="one")
    assert [deed for deed, _, _ in desk.cases.told] == ["decide"]


def test_rows_are_put_aside_and_escalated(desk: Desk) -> None:
    desk.press(Action.SNOOZE, "dec_a")
    desk.press(Action.ESCALATE, "dec_b")
    assert desk.row("dec_a").snoozed_until
    assert desk.row("dec_b").escalated_at
    assert desk.said.startswith("Handed to the leads")


def test_a_claim_opens_the_case_unless_somebody_has_it(desk: Desk) -> None:
    desk.cases.taken.add("dec_b")
    desk.press(Action.CLAIM, "dec_b")
    assert desk.work.opening is None
    assert desk.said.startswith("Lea works on this case")
    desk.press(Action.CLAIM, "dec_a")
    assert desk.work.opening
    assert desk.work.opening.decision_id == "dec_a"
    desk.press(Action.SNOOZE, "dec_a")
    assert desk.work.opening is None


def test_whoever_was_slower_is_told_and_shown_how_the_case_stands(desk: Desk) -> None:
    desk.cases.states["dec_a"] = state_of(PAGE.rows[0], revision=1, assignee="lea")
    desk.press(Action.GOOD, "dec_a", revision=0)
    assert desk.is_complaint
    assert "Lea decided this case" in desk.said
    assert desk.row("dec_a").assignee == "lea"
    assert not desk.work.undoable


def test_a_lost_database_changes_nothing(desk: Desk) -> None:
    desk.cases.away = DeskUnavailable("The database does not answer. Nothing was changed.")
    desk.press(Action.FRAUD, "dec_a")
    assert desk.is_complaint
    assert desk.row("dec_a").closed_at is None


def test_undo_takes_back_the_last_and_then_the_one_before(desk: Desk) -> None:
    desk.press(Action.GOOD, "dec_a")
    desk.press(Action.SNOOZE, "dec_b")
    desk.press(Action.UNDO)
    assert desk.row("dec_b").snoozed_until is None
    assert desk.row("dec_a").closed_at
    desk.press(Action.UNDO)
    assert desk.row("dec_a").closed_at is None
    desk.press(Action.UNDO)
    assert (desk.said, desk.is_complaint) == (NOTHING_TO_UNDO, True)


def test_undo_on_a_row_is_of_that_row(desk: Desk) -> None:
    desk.press(Action.GOOD, "dec_a")
    desk.press(Action.GOOD, "dec_b")
    desk.press(Action.UNDO, "dec_a")
    assert desk.row("dec_a").closed_at is None
    assert desk.row("dec_b").closed_at
    desk.press(Action.UNDO)
    assert desk.row("dec_b").closed_at is None


def test_a_row_that_is_not_shown_is_not_touched(desk: Desk) -> None:
    desk.press(Action.FRAUD, "dec_elsewhere")
    desk.press(Action.CLAIM, "dec_elsewhere")
    assert not desk.cases.told
    assert not desk.work.left


def test_the_page_is_left_what_is_no_deed(desk: Desk) -> None:
    desk.press(Action.HELP)
    desk.press(Action.RENEW)
    assert [act.action for act in desk.work.left] == [Action.HELP, Action.RENEW]
