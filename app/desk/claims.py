"""Who works on a case: claimed for a while, let go, put aside, or handed to the leads."""

from datetime import timedelta

from msgspec import structs

from app.desk import telling
from app.desk.case_file import CaseFile, Standing, Told, checked_why
from app.desk.errors import CaseChanged, DeskRefused
from app.desk.telling import CLAIM_MINUTES

LONGEST_SNOOZE_MINUTES = 7 * 24 * 60


def claim(case: CaseFile) -> Told:
    case.require_for_me()
    before = case.standing
    until = case.now + timedelta(minutes=CLAIM_MINUTES)
    case.move(
        structs.replace(before, assignee=case.person.person_id, claimed_until=until, snoozed_until=None)
    )
    return Told(action="case.claim", details={"before": before})


def release(case: CaseFile) -> Told:
    case.require_open()
    before = case.standing
    if before.assignee != case.person.person_id:
        raise DeskRefused("This case is not claimed by you: there is nothing to let go of.")
    case.move(structs.replace(before, assignee=None, claimed_until=None))
    return Told(action="case.release", details={"before": before})


def snooze(case: CaseFile, *, minutes: int) -> Told:
    if not 1 <= minutes <= LONGEST_SNOOZE_MINUTES:
        raise DeskRefused(f"A case can be put aside for 1 to {LONGEST_SNOOZE_MINUTES:,} minutes (7 days).")
    case.require_open()
    before = case.standing
    case.move(Standing(snoozed_until=case.now + timedelta(minutes=minutes), escalated_at=before.escalated_at))
    return Told(action="case.snooze", details={"before": before, "minutes": minutes})


def escalate(case: CaseFile, *, why: str) -> Told:
    why = checked_why(why)
    case.require_open()
    before = case.standing
    if before.escalated_at:
        at = telling.when(before.escalated_at, case.now)
        raise CaseChanged(f"This case is with the leads since {at}: {telling.NOTHING_CHANGED}")
    case.move(Standing(escalated_at=case.now))
    return Told(action="case.escalate", details={"before": before, "why": why})
