"""The word that closes a case: a label in the ledger, and the lists, in one transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from msgspec import Struct

from app.desk import telling
from app.desk.case_file import CaseFile, Told, checked_why
from app.desk.case_state import Block, Resolution
from app.desk.desk import Connection, Deed, query, write_down
from app.desk.errors import CaseChanged, DeskRefused
from app.desk.fraud_types import FRAUD_TYPES
from app.desk.people import Person
from app.letters import in_letters
from app.rules.errors import ListRefused, RuleRefused
from app.rules.list_store import ListedEntry, ListStore
from domain.events import to_ms
from domain.labels import Label

LONGEST_DAYS = 3_650
MOST_BLOCKS = 50


class Word(Struct, frozen=True, kw_only=True):
    """`fraud_type` is of FRAUD_TYPES, and said of frauds only."""

    resolution: Resolution
    fraud_type: str | None = None
    why: str = ""
    blocks: tuple[Block, ...] = ()


class Listed(Struct, frozen=True, kw_only=True):
    """Entries that were made, and those of equal values whose place they took."""

    entry_ids: list[str]
    replaced: list[dict[str, Any]]


def decide(case: CaseFile, *, word: Word, seen_revision: int | None = None) -> Told:
    why = checked_why(word.why)
    _require_sense(word)
    case.require_for_me()
    if seen_revision is not None and seen_revision != case.state.revision:
        raise CaseChanged(telling.moved(case.connection, case.state, case.person, case.now))
    label_id = add_label(case, word.resolution.label, fraud_type=word.fraud_type, why=why)
    listed = put_on_lists(case.connection, case.person, word.blocks, case.now, case.decision_id)
    case.reread()
    details = {
        "resolution": word.resolution,
        "fraud_type": word.fraud_type,
        "why": why,
        "label_id": label_id,
        "entry_ids": listed.entry_ids,
        "replaced": listed.replaced,
    }
    return Told(action="case.decide", details=details)


def add_label(case: CaseFile, label: Label, *, fraud_type: str | None = None, why: str) -> str:
    """A trigger closes the open case that it is said of."""
    label_id = f"lbl_{in_letters(sha256(case.key.encode()).hexdigest()[:32])}"
    row = {
        "label_id": label_id,
        "decision_id": case.decision_id,
        "decided_at": case.decided_at,
        "label": label,
        "fraud_type": fraud_type,
        "labelled_by": case.person.person_id,
        "why": why,
    }
    case.connection.execute(query("add_label"), row)
    return label_id


def put_on_lists(
    connection: Connection, person: Person, blocks: Sequence[Block], now: datetime, decision_id: str
) -> Listed:
    """Each is written down too; raises DeskRefused."""
    if len(blocks) > MOST_BLOCKS:
        raise DeskRefused(f"{len(blocks)} values were given for the lists: at most {MOST_BLOCKS} at once.")
    listed = Listed(entry_ids=[], replaced=[])
    for block in blocks:
        entry_id, replaced = _put(ListStore(connection), person, block, now, decision_id)
        listed.entry_ids.append(entry_id)
        listed.replaced.extend(replaced)
        details = {"list": block.list, "days": block.days, "entry_id": entry_id, "decision_id": decision_id}
        write_down(connection, person, Deed(action="list.add", subject=block.value, details=details))
    return listed


def _put(
    store: ListStore, person: Person, block: Block, now: datetime, decision_id: str
) -> tuple[str, list[dict[str, Any]]]:
    if block.days is not None and not 1 <= block.days <= LONGEST_DAYS:
        raise DeskRefused(f"A value can stand on a list for 1 to {LONGEST_DAYS:,} days, or for good.")
    expires_at_ms = None if block.days is None else to_ms(now + timedelta(days=block.days))
    try:
        replaced = store.entries(list_name=block.list, value=block.value)
        [entry] = store.add(
            block.list, [block.value], expires_at_ms=expires_at_ms, by=person.person_id, why=decision_id
        )
    except (ListRefused, RuleRefused) as refused:
        raise DeskRefused(str(refused)) from refused
    return entry.entry_id, [_kept(old) for old in replaced]


def _kept(entry: ListedEntry) -> dict[str, Any]:
    return {"list": entry.list, "value": entry.value, "expires_at": entry.expires_at}


def _require_sense(word: Word) -> None:
    if word.fraud_type is None:
        return
    if word.resolution is not Resolution.FRAUD:
        raise DeskRefused(
            "A kind of fraud can be named for a fraud only: leave it out, or confirm the fraud."
        )
    if word.fraud_type not in FRAUD_TYPES:
        raise DeskRefused(f"{word.fraud_type!r} is no kind of fraud: choose among {', '.join(FRAUD_TYPES)}.")
