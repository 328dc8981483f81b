"""The queue as a file: whole for leads, without personal data for analysts, and written down."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from app.desk import exporting
from app.desk.desk import Deed
from app.desk.errors import NotAllowed
from app.desk.exporting import PERSONAL, Exporting, ExportRow
from app.desk.people import Person, Role
from domain.decision import Verdict

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def a_line(**given: Any) -> ExportRow:
    defaults: dict[str, Any] = {
        "decision_id": "dec_a",
        "decided_at": AT,
        "verdict": Verdict.REVIEW,
        "amount_minor": 9_300,
        "currency": "USD",
        "at_risk_minor": 3_540,
        "worth": 1_180.0,
        "score": 40,
        "pickup_zone": "zone_a",
        "transaction_id": "txn_a",
        "user_id": "usr_a",
        "card_id": "card_a",
        "device_id": "dev_a",
        "lead_reason": None,
        "rule_ids": ["promo_farm", "young_account"],
        "model_version": "mdl_a",
        "assignee": None,
        "escalated_at": None,
    }
    return ExportRow(**{**defaults, **given})


class DeskOf:
    """Lets one person write."""

    def __init__(self, role: Role | None) -> None:
        self.role = role

    @contextmanager
    def writing(self, person_id: str) -> Iterator[tuple[None, Person]]:
        if self.role is None:
            raise NotAllowed(f"{person_id} may not work here any more.")
        yield None, Person(person_id=person_id, name="Ana", role=self.role)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Deed]:
    deeds: list[Deed] = []
    monkeypatch.setattr(exporting, "write_down", lambda _connection, _person, deed: deeds.append(deed))
    return deeds


def export(role: Role | None, *lines: ExportRow, secret: bytes = b"secret") -> list[dict[str, str]]:
    text = Exporting(DeskOf(role)).queue(  # type: ignore[arg-type]
        lambda: list(lines), person_id="ana", secret=secret, asked={"zone": "zone_a"}
    )
    return list(csv.DictReader(text.splitlines()))


def test_a_lead_gets_it_whole(told: list[Deed]) -> None:
    [line] = export(Role.LEAD, a_line())
    assert {name: line[name] for name in PERSONAL} == {
        "transaction_id": "txn_a",
        "user_id": "usr_a",
        "card_id": "card_a",
        "device_id": "dev_a",
    }
    assert (line["rule_ids"], line["decided_at"], line["lead_reason"]) == (
        "promo_farm young_account",
        "2026-03-01T12:00:00+00:00",
        "",
    )
    [deed] = told
    assert deed.action == "export.queue"
    assert deed.details == {"rows": 1, "filters": {"zone": "zone_a"}, "personal_data": True}


def test_an_analyst_gets_no_ids_of_people_or_their_things(told: list[Deed]) -> None:
    first, second = export(Role.ANALYST, a_line(), a_line(decision_id="dec_b", card_id="card_b"))
    assert not {"txn_a", "usr_a", "card_a", "dev_a"} & set(first.values())
    assert first["user_id"] == second["user_id"]
    assert first["card_id"] != second["card_id"]
    assert (first["pickup_zone"], first["decision_id"]) == ("zone_a", "dec_a")
    assert told[0].details["personal_data"] is False


@pytest.mark.usefixtures("told")
def test_hashes_of_two_sessions_cannot_be_put_together() -> None:
    [mine], [theirs] = (export(Role.ANALYST, a_line(), secret=secret) for secret in (b"one", b"two"))
    assert mine["user_id"] != theirs["user_id"]


def test_whoever_may_not_work_here_gets_nothing(told: list[Deed]) -> None:
    with pytest.raises(NotAllowed):
        export(None, a_line())
    assert told == []


@pytest.mark.usefixtures("told")
def test_a_spreadsheet_runs_nothing() -> None:
    [line] = export(Role.LEAD, a_line(pickup_zone="=1+1"))
    assert line["pickup_zone"] == "'=1+1"
