"""One word for a whole ring: its riders and what they share on the block list, their open cases as frauds."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from functools import partial

import msgspec
from msgspec import Struct

from app.desk import deciding
from app.desk.case_file import checked_why, done_once
from app.desk.case_state import Resolution
from app.desk.desk import Connection, Deed, Desk, query, write_down
from app.desk.errors import CaseChanged, DeskRefused
from app.desk.people import Person, Role
from app.rules.errors import ListRefused, RuleRefused
from app.rules.list_store import ListStore
from domain.events import to_ms
from domain.ring import HUB_OVER

MOST_CASES = 500


class RingWord(Struct, frozen=True, kw_only=True):
    """What is to be done to a ring; `days` is how long values stand on the block list, None for good."""

    cases_as_fraud: bool = False
    fraud_type: str | None = None
    block_riders: bool = False
    block_shared: bool = False
    days: int | None = None
    why: str = ""


class RingDone(Struct, frozen=True, kw_only=True):
    """`cases` were decided, `left` were not, because somebody works on them; `listed` values are blocked."""

    riders: int
    cases: int
    left: int
    listed: int


class RingDesk:
    """Methods raise NotAllowed, CaseChanged, DeskRefused and DeskUnavailable; then nothing changed."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def decide(
        self, ring_id: str, word: RingWord, *, seen: Collection[str], person_id: str, key: str
    ) -> RingDone:
        """All in one transaction, once a key. `seen` are the riders that were shown: a ring that gained or
        lost some since is refused. Only leads may do it."""
        with self._desk.writing(person_id, Role.LEAD) as (connection, person):
            counted = _counted(connection, ring_id, key)
            if counted:
                return counted
            _require_sense(word)
            riders = _riders_now(connection, ring_id, seen)
            cases, left = _decide_cases(connection, person, ring_id, riders, word, key)
            values = [*(riders if word.block_riders else ()), *_shared(connection, riders, word)]
            done = RingDone(
                riders=len(riders),
                cases=cases,
                left=left,
                listed=_block(connection, person, ring_id, values, word),
            )
            details = {**msgspec.structs.asdict(word), **msgspec.structs.asdict(done)}
            write_down(
                connection, person, Deed(action="ring.decide", subject=ring_id, details=details, key=key)
            )
            return done


def _counted(connection: Connection, ring_id: str, key: str) -> RingDone | None:
    """What the same click did before."""
    row = connection.execute(query("deed_of_key"), {"key": key}).fetchone()
    if row is None:
        return None
    subject, details = row
    if subject != ring_id:
        raise DeskRefused("This click was counted for another ring: nothing was changed. Click again.")
    return msgspec.convert(details, RingDone)


def _require_sense(word: RingWord) -> None:
    checked_why(word.why)
    if not (word.cases_as_fraud or word.block_riders or word.block_shared):
        raise DeskRefused("Nothing was chosen: mark what is to be done to the ring.")
    if word.days is not None and not 1 <= word.days <= deciding.LONGEST_DAYS:
        raise DeskRefused(
            f"A value can stand on a list for 1 to {deciding.LONGEST_DAYS:,} days, or for good."
        )


def _riders_now(connection: Connection, ring_id: str, seen: Collection[str]) -> list[str]:
    rows = connection.execute(query("ring_riders"), {"ring_id": ring_id}).fetchall()
    riders = [str(user_id) for (user_id,) in rows]
    if not riders:
        raise CaseChanged("This ring is no more: its riders belong to another by now. Nothing was changed.")
    came, went = len(set(riders) - set(seen)), len(set(seen) - set(riders))
    if came or went:
        raise CaseChanged(
            f"The ring changed since it was shown: {came} joined, {went} left. Nothing was changed; look at "
            "it again, then decide."
        )
    return riders


def _decide_cases(  # noqa: PLR0917 - what a deed on many cases needs
    connection: Connection, person: Person, ring_id: str, riders: Sequence[str], word: RingWord, key: str
) -> tuple[int, int]:
    """How many were decided, and how many were not."""
    if not word.cases_as_fraud:
        return 0, 0
    rows = connection.execute(query("open_cases_of"), {"user_ids": list(riders)}).fetchall()
    if len(rows) > MOST_CASES:
        raise DeskRefused(
            f"The ring has {len(rows):,} open cases, at most {MOST_CASES} can be decided at once: decide "
            "some of them in the queue first. Nothing was changed."
        )
    said = deciding.Word(
        resolution=Resolution.FRAUD, fraud_type=word.fraud_type, why=word.why.strip() or f"one of {ring_id}"
    )
    left = 0
    for (decision_id,) in rows:
        try:
            with connection.transaction():
                work = partial(deciding.decide, word=said)
                done_once(connection, person, decision_id, key=f"{key}/{decision_id}", work=work)
        except CaseChanged:
            left += 1
    return len(rows) - left, left


def _shared(connection: Connection, riders: Sequence[str], word: RingWord) -> list[str]:
    """The cards and devices that make them a ring."""
    if not word.block_shared:
        return []
    asked = {"user_ids": list(riders), "hub_over": HUB_OVER}
    return [str(entity_id) for (entity_id,) in connection.execute(query("shared_by"), asked).fetchall()]


def _in_days(connection: Connection, days: int) -> int:
    row = connection.execute(query("clock")).fetchone()
    assert row  # noqa: S101 - a select of one value
    return to_ms(row[0] + timedelta(days=days))


def _block(
    connection: Connection, person: Person, ring_id: str, values: Sequence[str], word: RingWord
) -> int:
    if not values:
        return 0
    expires_at_ms = None if word.days is None else _in_days(connection, word.days)
    try:
        entries = ListStore(connection).add(
            "block", values, expires_at_ms=expires_at_ms, by=person.person_id, why=word.why or ring_id
        )
    except (ListRefused, RuleRefused) as refused:
        raise DeskRefused(str(refused)) from refused
    for entry in entries:
        details = {"list": "block", "days": word.days, "entry_id": entry.entry_id, "ring_id": ring_id}
        write_down(connection, person, Deed(action="list.add", subject=entry.value, details=details))
    return len(entries)
