"""Cases from defaults, and a desk that remembers; a test names only what it is about."""

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from msgspec import json, structs

from app.desk.audit import Told
from app.desk.case_state import CaseState
from app.desk.people import Person, Role
from dashboard.views.case.population import Population
from dashboard.views.case.readings import (
    Around,
    Before,
    Case,
    ClosedCase,
    PaymentRow,
    Standing,
    Subject,
    Word,
)
from dashboard.views.case.source import Sample, Source
from domain.catalogue import FEATURES
from domain.decision import Rung, Verdict
from domain.events import to_ms
from domain.labels import Label
from domain.reasons import Reason

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
LEA = Person(person_id="lea", name="Lea", role=Role.LEAD)


def ago(**given: float) -> datetime:
    return NOW - timedelta(**given)


def a_vector(**values: float) -> bytes:
    """Ones, but for the features that are named."""
    return array("f", [values.get(feature.name, 1.0) for feature in FEATURES]).tobytes()


def a_reason(**given: Any) -> Reason:
    defaults: dict[str, Any] = {
        "code": "card_payments_5m",
        "sentence": "6 payments on this card within 5 minutes",
        "value": 6.0,
        "normal": None,
        "contribution": 2.0,
    }
    return Reason(**{**defaults, **given})


def a_request(**given: Any) -> bytes:
    """As the ledger keeps it, with what the page does not look at."""
    defaults: dict[str, Any] = {
        "transaction_id": "txn_b",
        "pickup": {"zone": "zone_a", "lat": 51.5, "lon": 0.0},
        "dropoff": {"zone": "zone_b", "lat": 51.54, "lon": 0.0},
        "distance_m": 6_200,
        "requested_at": "2026-03-01T11:58:00Z",
    }
    return json.encode({**defaults, **given})


def a_subject(**given: Any) -> Subject:
    defaults: dict[str, Any] = {
        "decision_id": "dec_b", "transaction_id": "txn_b", "decided_at": ago(minutes=5),
        "as_of_ms": to_ms(ago(minutes=5)), "user_id": "usr_b", "card_id": "card_b", "device_id": "dev_b",
        "driver_id": "drv_b", "ride_id": "ride_b", "amount_minor": 8_420, "currency": "USD",
        "pickup_zone": "zone_a", "dropoff_zone": "zone_b", "verdict": Verdict.REVIEW, "score": 62,
        "probability": 0.61, "rung": Rung.R0, "rung_reason": None, "feature_age_ms": 420,
        "model_version": "mdl_a", "scorer_kind": "compiled", "card_epoch": 1, "card_version": 7,
        "user_epoch": 1, "user_version": 9, "profile_epoch": None, "profile_version": None,
        "vector": a_vector(), "reasons": [a_reason()], "latency_us": 2_900, "now": NOW,
        "request": a_request(), "evidence": {}, "rules": [], "policy_version": "pol_a", "revision": 3,
        "at_risk_minor": 6_660, "review_minutes": 3.0, "rule_ids": [], "lead_reason": "card_payments_5m",
        "assignee": None, "assignee_name": None, "claimed_until": None, "snoozed_until": None,
        "escalated_at": None, "closed_at": None, "closed_by": None, "closed_by_name": None,
        "resolution": None, "fraud_type": None,
    }  # fmt: skip
    return Subject(**{**defaults, **given})


def an_approval(**given: Any) -> Subject:
    """A payment that raised no alert."""
    nothing = dict.fromkeys(("revision", "at_risk_minor", "review_minutes", "rule_ids", "lead_reason"))
    return a_subject(**{"verdict": Verdict.APPROVE, **nothing, **given})


def a_case(subject: Subject | None = None, **given: Any) -> Case:
    defaults: dict[str, Any] = {"words": [], "told": [], "names": {"lea": "Lea", "ada": "Ada"}}
    return Case(subject=subject or a_subject(), **{**defaults, **given})


def a_deed(**given: Any) -> Told:
    defaults: dict[str, Any] = {
        "audit_id": 1, "at": ago(minutes=1), "person_id": "ada", "role": "analyst", "action": "case.claim",
        "subject": "dec_b", "details": {},
    }  # fmt: skip
    return Told(**{**defaults, **given})


def a_word(**given: Any) -> Word:
    defaults: dict[str, Any] = {
        "label_id": "lbl_a", "label": Label.FRAUD, "fraud_type": None, "labelled_by": "key_a", "name": None,
        "why": "", "labelled_at": ago(minutes=2),
    }  # fmt: skip
    return Word(**{**defaults, **given})


def a_payment(**given: Any) -> PaymentRow:
    defaults: dict[str, Any] = {
        "decision_id": "dec_b", "decided_at": ago(minutes=5), "user_id": "usr_b", "card_id": "card_b",
        "device_id": "dev_b", "amount_minor": 8_420, "currency": "USD", "pickup_zone": "zone_a",
        "dropoff_zone": "zone_b", "verdict": Verdict.REVIEW, "score": 62, "outcome": None, "label": None,
    }  # fmt: skip
    return PaymentRow(**{**defaults, **given})


def a_closed_case(**given: Any) -> ClosedCase:
    defaults: dict[str, Any] = {
        "decision_id": "dec_old", "decided_at": ago(days=2), "closed_at": ago(days=1), "closed_by": "ada",
        "closed_by_name": "Ada", "resolution": "fraud", "fraud_type": "stolen_card",
        "verdict": Verdict.DECLINE, "amount_minor": 5_000, "currency": "USD", "score": 80,
        "vector": a_vector(),
    }  # fmt: skip
    return ClosedCase(**{**defaults, **given})


def an_earlier_ride(**given: Any) -> Before:
    defaults: dict[str, Any] = {
        "decision_id": "dec_before", "as_of_ms": to_ms(ago(minutes=11)), "request": a_request(),
    }  # fmt: skip
    return Before(**{**defaults, **given})


def an_around(**given: Any) -> Around:
    defaults: dict[str, Any] = {
        "payments": [a_payment()], "before": None, "links": [], "marked": [], "ring_id": None, "similar": [],
    }  # fmt: skip
    return Around(**{**defaults, **given})


def a_sample() -> Sample:
    return Sample(population=Population.of([a_vector(), a_vector(amount=2.0)]), zones=())


def a_standing(**given: Any) -> Standing:
    defaults: dict[str, Any] = {
        "revision": 3, "assignee": None, "assignee_name": None, "claimed_until": None, "closed_at": None,
        "closed_by": None, "closed_by_name": None, "resolution": None,
    }  # fmt: skip
    return Standing(**{**defaults, **given})


@dataclass
class FakeCases:
    """Remembers what it was asked for; `refuse` is raised instead while it is set."""

    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    refuse: Exception | None = None

    def __getattr__(self, deed: str) -> Callable[..., CaseState]:
        def did(decision_id: str, **given: Any) -> CaseState:
            if self.refuse:
                raise self.refuse
            self.asked.append((deed, decision_id, given))
            return CaseState(**dict.fromkeys(CaseState.__struct_fields__) | {"revision": 4})  # type: ignore[arg-type]

        if deed not in ("claim", "release", "snooze", "escalate", "decide", "undo"):
            raise AttributeError(deed)
        return did


def left(where: str) -> NoReturn:
    raise AssertionError(f"left for {where}")


def a_source(**given: Any) -> Source:
    """Two cases, dec_b and then dec_c."""
    cases = {name: a_case(a_subject(decision_id=name)) for name in ("dec_b", "dec_c")}
    defaults: dict[str, Any] = {
        "case": cases.get,
        "around": lambda _: an_around(),
        "standing": lambda _: a_standing(),
        "sample": a_sample,
        "next_case": {"dec_b": "dec_c"}.get,
        "ahead": lambda _: None,
        "cases": FakeCases(),
        "signed_in": lambda: LEA,
        "open_queue": lambda: left("the queue"),
        "open_ring": left,
    }
    return Source(**{**defaults, **given})


def as_case(subject: Subject) -> Callable[[str], Case]:
    """Shows one case, whatever the address says."""
    return lambda decision_id: a_case(structs.replace(subject, decision_id=decision_id))
