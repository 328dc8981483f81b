"""What becomes of what was pressed: each deed at the desk once, and a sentence on how it went."""

from collections.abc import Callable, Sequence

from app.desk.case_state import CaseState, Resolution
from app.desk.errors import DeskRefused, DeskUnavailable
from app.desk.fraud_types import FRAUD_TYPES
from app.desk.people import Person
from dashboard.views.queue.cells import suspected
from dashboard.views.queue.keys import Act, Action
from dashboard.views.queue.rows import AlertRow
from dashboard.views.queue.source import Cases
from dashboard.views.queue.work import Work
from domain.money import format_money

SNOOZE_MINUTES = 60
NOTHING_TO_UNDO = (
    "Nothing to take back: this session did nothing here yet. An older deed is undone on its case."
)
TAKEN_BACK = "Taken back: it waits in the queue again."


class Deeds:
    """The deeds of one person on the rows in hand."""

    def __init__(self, work: Work, cases: Cases, person: Person) -> None:
        self._work, self._cases, self._person = work, cases, person

    def take(self, acts: Sequence[Act]) -> None:
        """Do those that are not done yet; what is left is for the page: to show anew, or to explain."""
        self._work.opening = None
        for act in acts:
            if act.key not in self._work.handled:
                self._work.handled.append(act.key)
                if not self._done(act):
                    self._work.left.append(act)

    def _done(self, act: Act) -> bool:
        """Whether nothing is left to do for the page."""
        row = self._work.sheet.row(act.decision_id) if self._work.sheet else None
        match act.action:
            case Action.RENEW | Action.HELP:
                return False
            case Action.UNDO:
                self._undo(act)
            case Action.CLAIM if row is not None:
                self._claim(act, row)
            case _ if row is not None:
                self._finish(act, row)
        return True

    def _claim(self, act: Act, row: AlertRow) -> None:
        """Opened only if nobody else works on it."""

        def claim() -> CaseState:
            return self._cases.claim(row.decision_id, person_id=self._person.person_id, key=act.key)

        if self._do(row.decision_id, claim, said="Claimed."):
            self._work.opening = act

    def _finish(self, act: Act, row: AlertRow) -> None:
        whose = {"person_id": self._person.person_id, "key": act.key}
        kind = suspected(row)

        def finish() -> CaseState:
            match act.action:
                case Action.SNOOZE:
                    return self._cases.snooze(row.decision_id, minutes=SNOOZE_MINUTES, **whose)
                case Action.ESCALATE:
                    return self._cases.escalate(row.decision_id, why="", **whose)
            is_fraud = act.action is Action.FRAUD
            return self._cases.decide(
                row.decision_id,
                resolution=Resolution.FRAUD if is_fraud else Resolution.GOOD,
                fraud_type=kind if is_fraud else None,
                revision=act.revision,
                person_id=self._person.person_id,
                key=act.key,
            )

        money = format_money(row.amount_minor, row.currency)
        self._do(row.decision_id, finish, said=f"{_words(act.action, kind)}: {money} of {row.user_id}.")

    def _undo(self, act: Act) -> None:
        """What was done last, or last on the row where it was clicked."""
        done = self._work.undoable
        last = [act.decision_id] if act.decision_id else (done[-1] if done else [])
        if not last:
            self._work.complain(NOTHING_TO_UNDO)
            return
        for decision_id in tuple(last):
            self._take_back(decision_id, key=f"{act.key}/{decision_id}")

    def _take_back(self, decision_id: str, key: str) -> None:
        def undo() -> CaseState:
            return self._cases.undo(decision_id, person_id=self._person.person_id, key=key)

        if self._do(decision_id, undo, said=TAKEN_BACK, undoable=False):
            self._work.forget(decision_id)

    def _do(
        self, decision_id: str, deed: Callable[[], CaseState], *, said: str, undoable: bool = True
    ) -> bool:
        try:
            self._put(deed())
        except DeskRefused as refused:
            self._work.complain(str(refused))
            self._look_again(decision_id)
            return False
        except DeskUnavailable as away:
            self._work.complain(str(away))
            return False
        self._work.say(said)
        if undoable:
            self._work.undoable.append([decision_id])
        return True

    def _look_again(self, decision_id: str) -> None:
        """Somebody was faster: show how the case stands."""
        try:
            state = self._cases.state(decision_id)
        except DeskUnavailable:
            return
        if state:
            self._put(state)

    def _put(self, state: CaseState) -> None:
        if self._work.sheet:
            self._work.sheet.put(state)


def _words(action: Action, kind: str) -> str:
    match action:
        case Action.FRAUD:
            return f"Fraud, {FRAUD_TYPES[kind]}"
        case Action.GOOD:
            return "Good"
        case Action.ESCALATE:
            return "Handed to the leads"
    return "Put aside for an hour"
