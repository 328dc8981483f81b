"""Alerts of the queue from defaults, and a desk in memory; a test names only what it is about."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import structs

from app.desk.case_state import CaseState, Counted, Resolution
from app.desk.errors import CaseChanged, DeskRefused
from app.desk.people import Person, Role
from dashboard.views.queue.cells import Viewer
from dashboard.views.queue.rows import AlertRow, Choices, Look, Page
from domain.decision import Verdict

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ANA = Person(person_id="ana", name="Ana", role=Role.ANALYST)
TOM = Person(person_id="tom", name="Tom", role=Role.LEAD)
NAMES = {"ana": "Ana", "tom": "Tom", "lea": "Lea"}
OPEN: dict[str, Any] = {
    "revision": 0,
    "assignee": None,
    "claimed_until": None,
    "snoozed_until": None,
    "escalated_at": None,
    "closed_at": None,
    "closed_by": None,
    "resolution": None,
    "fraud_type": None,
}


def ago(**given: float) -> datetime:
    return NOW - timedelta(**given)


def soon(**given: float) -> datetime:
    return NOW + timedelta(**given)


def a_queue_row(decision_id: str = "dec_a", **given: Any) -> AlertRow:
    defaults: dict[str, Any] = {
        "decision_id": decision_id,
        "decided_at": ago(minutes=12),
        "user_id": "usr_a",
        "amount_minor": 9_300,
        "currency": "USD",
        "pickup_zone": "zone_a",
        "verdict": Verdict.REVIEW,
        "model_version": "mdl_8c1f22ab9e77",
        "rule_ids": [],
        "lead_reason": "card_payments_5m",
        "sentence": "6 payments on this card within 5 minutes",
        "at_risk_minor": 3_540,
        "worth": 1_180.0,
        **OPEN,
    }
    return AlertRow(**{**defaults, **given})


def a_queue_page(*rows: AlertRow, **given: Any) -> Page:
    defaults: dict[str, Any] = {
        "rows": list(rows) or [a_queue_row(), a_queue_row("dec_b")],
        "taken_at": NOW,
        "known": [],
        "ahead": 0,
        "total": len(rows) or 2,
    }
    return Page(**{**defaults, **given})


def a_look(*states: CaseState, arrived: int = 0) -> Look:
    return Look(now=NOW, arrived=arrived, states=list(states))


def a_viewer(person: Person = ANA, **given: Any) -> Viewer:
    return Viewer(person=person, names=NAMES, **given)


def some_choices() -> Choices:
    return Choices(zones=["zone_a", "zone_b"], rules=["promo_farm"], models=["mdl_8c1f22ab9e77"])


def state_of(row: AlertRow, **given: Any) -> CaseState:
    kept = {name: getattr(row, name) for name in CaseState.__struct_fields__}
    return CaseState(**{**kept, **given})


@dataclass
class CasesInMemory:
    """A desk: `told` are the deeds that were done, each with its key; `taken` are cases of others."""

    states: dict[str, CaseState]
    taken: set[str] = field(default_factory=set)
    told: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    before: dict[str, CaseState] = field(default_factory=dict)
    away: Exception | None = None

    @classmethod
    def of(cls, page: Page) -> "CasesInMemory":
        return cls(states={row.decision_id: state_of(row) for row in page.rows})

    def state(self, decision_id: str) -> CaseState | None:
        return self.states.get(decision_id)

    def claim(self, decision_id: str, *, person_id: str, key: str) -> CaseState:
        return self._do("claim", decision_id, key, assignee=person_id, claimed_until=soon(minutes=15))

    def snooze(self, decision_id: str, *, minutes: int, key: str, **_: Any) -> CaseState:
        return self._do("snooze", decision_id, key, snoozed_until=soon(minutes=minutes))

    def escalate(self, decision_id: str, *, key: str, **_: Any) -> CaseState:
        return self._do("escalate", decision_id, key, escalated_at=NOW)

    def decide(
        self,
        decision_id: str,
        *,
        resolution: Resolution,
        fraud_type: str | None,
        revision: int | None,
        person_id: str,
        key: str,
    ) -> CaseState:
        if revision is not None and revision != self.states[decision_id].revision:
            raise CaseChanged("Lea decided this case as good at 11:59: nothing was changed.")
        closed: dict[str, Any] = {"closed_at": NOW, "closed_by": person_id}
        return self._do("decide", decision_id, key, resolution=resolution, fraud_type=fraud_type, **closed)

    def undo(self, decision_id: str, *, key: str, **_: Any) -> CaseState:
        if decision_id not in self.before:
            raise DeskRefused("There is nothing of yours to take back on this case.")
        before = structs.asdict(self.before.pop(decision_id))
        return self._do(
            "undo", decision_id, key, **{name: before[name] for name in OPEN if name != "revision"}
        )

    def claim_many(self, decision_ids: Sequence[str], **given: Any) -> Counted:
        return self._many(self.claim, decision_ids, **given)

    def snooze_many(self, decision_ids: Sequence[str], **given: Any) -> Counted:
        return self._many(self.snooze, decision_ids, **given)

    def escalate_many(self, decision_ids: Sequence[str], **given: Any) -> Counted:
        return self._many(self.escalate, decision_ids, **given)

    def decide_many(self, decision_ids: Sequence[str], *, why: str, **given: Any) -> Counted:
        assert not why
        return self._many(self.decide, decision_ids, revision=None, **given)

    def _many(
        self, do: Callable[..., CaseState], decision_ids: Sequence[str], *, key: str, **given: Any
    ) -> Counted:
        refused: dict[str, str] = {}
        for decision_id in decision_ids:
            try:
                do(decision_id, key=f"{key}/{decision_id}", **given)
            except DeskRefused as why:
                refused[decision_id] = str(why)
        return Counted(done=len(decision_ids) - len(refused), refused=refused)

    def _do(self, deed: str, decision_id: str, key: str, **changes: Any) -> CaseState:
        if self.away:
            raise self.away
        state = self.states[decision_id]
        if any(its == key for _, its, _ in self.told):
            return state
        if decision_id in self.taken:
            raise CaseChanged("Lea works on this case since 11:50: nothing was changed.")
        if deed != "undo":
            self.before[decision_id] = state
        self.told.append((deed, key, {"decision_id": decision_id, **changes}))
        self.states[decision_id] = structs.replace(state, **changes, revision=state.revision + 1)
        return self.states[decision_id]
