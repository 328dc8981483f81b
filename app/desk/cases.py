"""What people do with cases: each deed one transaction, written down once however often it is clicked."""

from collections.abc import Sequence
from functools import partial

from app.desk import claims, deciding, undoing
from app.desk.case_file import Work, done_once, state_of
from app.desk.case_state import Block, CaseState, Counted, Resolution
from app.desk.desk import Desk
from app.desk.errors import DeskRefused
from app.desk.undoing import UNDO_MINUTES

__all__ = ["UNDO_MINUTES", "Block", "CaseDesk", "CaseState", "Counted", "Resolution"]
MOST_AT_ONCE = 500


class CaseDesk:
    """`person_id` is who does it, `key` one click's: the same key again gives the same result and writes
    nothing. Methods raise NotAllowed, CaseChanged, DeskRefused and DeskUnavailable; then nothing changed."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def state(self, decision_id: str) -> CaseState | None:
        """None for a payment that raised no alert."""
        with self._desk.reading() as connection:
            return state_of(connection, decision_id)

    def claim(self, decision_id: str, *, person_id: str, key: str) -> CaseState:
        """Keep others off the case for claims.CLAIM_MINUTES; one's own claim begins anew."""
        return self._do(decision_id, claims.claim, person_id, key)

    def release(self, decision_id: str, *, person_id: str, key: str) -> CaseState:
        return self._do(decision_id, claims.release, person_id, key)

    def snooze(self, decision_id: str, *, minutes: int, person_id: str, key: str) -> CaseState:
        """Out of the queue until then."""
        return self._do(decision_id, partial(claims.snooze, minutes=minutes), person_id, key)

    def escalate(self, decision_id: str, *, why: str, person_id: str, key: str) -> CaseState:
        """To the leads."""
        return self._do(decision_id, partial(claims.escalate, why=why), person_id, key)

    def decide(
        self,
        decision_id: str,
        *,
        resolution: Resolution,
        fraud_type: str | None = None,
        why: str = "",
        blocks: Sequence[Block] = (),
        revision: int,
        person_id: str,
        key: str,
    ) -> CaseState:
        """The word that closes the case, with list entries in the same transaction; `revision` is the one
        that the person saw."""
        word = deciding.Word(resolution=resolution, fraud_type=fraud_type, why=why, blocks=tuple(blocks))
        return self._do(
            decision_id, partial(deciding.decide, word=word, seen_revision=revision), person_id, key
        )

    def undo(self, decision_id: str, *, person_id: str, key: str) -> CaseState:
        """Take back this person's newest deed on the case, of the last UNDO_MINUTES."""
        return self._do(decision_id, undoing.undo, person_id, key)

    def claim_many(self, decision_ids: Sequence[str], *, person_id: str, key: str) -> Counted:
        return self._do_many(decision_ids, claims.claim, person_id, key)

    def snooze_many(self, decision_ids: Sequence[str], *, minutes: int, person_id: str, key: str) -> Counted:
        return self._do_many(decision_ids, partial(claims.snooze, minutes=minutes), person_id, key)

    def escalate_many(self, decision_ids: Sequence[str], *, why: str, person_id: str, key: str) -> Counted:
        return self._do_many(decision_ids, partial(claims.escalate, why=why), person_id, key)

    def decide_many(
        self,
        decision_ids: Sequence[str],
        *,
        resolution: Resolution,
        fraud_type: str | None,
        why: str,
        person_id: str,
        key: str,
    ) -> Counted:
        word = deciding.Word(resolution=resolution, fraud_type=fraud_type, why=why)
        return self._do_many(decision_ids, partial(deciding.decide, word=word), person_id, key)

    def _do(self, decision_id: str, work: Work, person_id: str, key: str) -> CaseState:
        with self._desk.writing(person_id) as (connection, person):
            return done_once(connection, person, decision_id, key=key, work=work)

    def _do_many(self, decision_ids: Sequence[str], work: Work, person_id: str, key: str) -> Counted:
        """In one order, so that two people cannot wait for each other."""
        ids = sorted(set(decision_ids))
        if len(ids) > MOST_AT_ONCE:
            raise DeskRefused(f"{len(ids)} cases were chosen: at most {MOST_AT_ONCE} can be done at once.")
        refused: dict[str, str] = {}
        with self._desk.writing(person_id) as (connection, person):
            for decision_id in ids:
                try:
                    with connection.transaction():
                        done_once(connection, person, decision_id, key=f"{key}/{decision_id}", work=work)
                except DeskRefused as why:
                    refused[decision_id] = str(why)
        return Counted(done=len(ids) - len(refused), refused=refused)
