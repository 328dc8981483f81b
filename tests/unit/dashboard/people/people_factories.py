"""People and their deeds from defaults."""

from datetime import UTC, datetime
from typing import Any

from app.desk.audit import Told
from app.desk.people import Role
from app.desk.people_store import Listed

AT = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)


def a_person(person_id: str = "ana", **given: Any) -> Listed:
    defaults: dict[str, Any] = {
        "person_id": person_id,
        "name": person_id.title(),
        "role": Role.ANALYST,
        "email": None,
        "signs_in": "password",
        "created_at": AT,
        "disabled_at": None,
        "signed_in_at": None,
    }
    return Listed(**{**defaults, **given})


def a_deed(audit_id: int = 1, **given: Any) -> Told:
    defaults: dict[str, Any] = {
        "audit_id": audit_id,
        "at": AT,
        "person_id": "ana",
        "role": "analyst",
        "action": "case.decide",
        "subject": "dec_a",
        "details": {},
    }
    return Told(**{**defaults, **given})
