"""One case in hand: its row is locked until the transaction ends, so nobody else changes it meanwhile."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from psycopg.rows import dict_row

from app.card_numbers import holds_card_number
from app.desk import telling
from app.desk.case_state import CaseState
from app.desk.desk import Connection, Deed, query, write_down
from app.desk.errors import CaseChanged, DeskRefused
from app.desk.people import Person, Role

LONGEST_WHY = 500


class Standing(Struct, frozen=True, kw_only=True):
    """Who works on an open case, and whether it is put aside or with the leads."""

    assignee: str | None = None
    claimed_until: datetime | None = None
    snoozed_until: datetime | None = None
    escalated_at: datetime | None = None


class Told(Struct, frozen=True, kw_only=True):
    """What a piece of work wants written down."""

    action: str
    details: dict[str, Any] = {}


class CaseFile(Struct, kw_only=True):
    """`now` is the database's clock."""

    connection: Connection
    person: Person
    state: CaseState
    decided_at: datetime
    now: datetime
    key: str

    @property
    def decision_id(self) -> str:
        return self.state.decision_id

    @property
    def standing(self) -> Standing:
        return msgspec.convert(self.state, Standing, from_attributes=True)

    def require_open(self) -> None:
        """Raises CaseChanged for a case that is closed, or held by somebody else."""
        if self.state.closed_at:
            raise CaseChanged(telling.closed(self.connection, self.state, self.person, self.now))
        holder, until = self.state.assignee, self.state.claimed_until
        if until and until > self.now and holder != self.person.person_id:
            raise CaseChanged(telling.held(self.connection, self.state, self.now))

    def require_for_me(self) -> None:
        """As require_open; an escalated case is for leads. Raises DeskRefused."""
        self.require_open()
        if self.state.escalated_at and not self.person.role.allows(Role.LEAD):
            at = telling.when(self.state.escalated_at, self.now)
            raise DeskRefused(f"This case was handed to the leads at {at}: one of them decides it.")

    def move(self, standing: Standing) -> None:
        self._change("move_case", msgspec.structs.asdict(standing))

    def reopen(self) -> None:
        self._change("reopen_case", {})

    def reread(self) -> None:
        state = state_of(self.connection, self.decision_id)
        assert state is not None  # noqa: S101 - its row is locked
        self.state = state

    def _change(self, name: str, values: dict[str, Any]) -> None:
        self.connection.execute(query(name), {"decision_id": self.decision_id, **values})
        self.reread()


Work = Callable[[CaseFile], Told]


def state_of(connection: Connection, decision_id: str) -> CaseState | None:
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(query("case_state"), {"decision_id": decision_id}).fetchone()
    return msgspec.convert(row, CaseState) if row else None


def done_once(connection: Connection, person: Person, decision_id: str, *, key: str, work: Work) -> CaseState:
    """Do the work and write it down, unless this click was counted before; the state after it."""
    case = _taken(connection, person, decision_id, key)
    if _counted(case):
        return case.state
    told = work(case)
    details = {**told.details, "revision": case.state.revision}
    write_down(
        connection,
        person,
        Deed(action=told.action, subject=decision_id, details=msgspec.to_builtins(details), key=key),
    )
    return case.state


def checked_why(why: str) -> str:
    """Raises DeskRefused for what the ledger must not keep."""
    why = why.strip()
    if len(why) > LONGEST_WHY:
        raise DeskRefused(f"The why has {len(why)} characters: at most {LONGEST_WHY} are kept. Shorten it.")
    if holds_card_number(why):
        raise DeskRefused("The why holds a card number, which must not be kept: leave it out.")
    return why


def _taken(connection: Connection, person: Person, decision_id: str, key: str) -> CaseFile:
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(query("take_case"), {"decision_id": decision_id}).fetchone()
    if row is None:
        raise DeskRefused(
            f"There is no alert for {decision_id[:80]!r}: the payment was approved, or never decided. Only a "
            "decision that stopped or questioned a payment has a case."
        )
    decided_at, now = row.pop("decided_at"), row.pop("now")
    state = msgspec.convert(row, CaseState)
    return CaseFile(
        connection=connection, person=person, state=state, decided_at=decided_at, now=now, key=key
    )


def _counted(case: CaseFile) -> bool:
    row = case.connection.execute(query("subject_of_key"), {"key": case.key}).fetchone()
    if row is None:
        return False
    if row[0] != case.decision_id:
        raise DeskRefused("This click was counted for another case: nothing was changed. Click again.")
    return True
