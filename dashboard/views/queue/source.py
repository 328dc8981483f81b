"""Where the queue reads, and who does its deeds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.desk.case_state import CaseState, Counted, Resolution
from dashboard.views.queue.filters import Filters
from dashboard.views.queue.rows import Choices, Cursor, Look, Page


class Cases(Protocol):
    """What of app.desk.cases.CaseDesk the queue uses."""

    def state(self, decision_id: str) -> CaseState | None: ...

    def claim(self, decision_id: str, *, person_id: str, key: str) -> CaseState: ...

    def snooze(self, decision_id: str, *, minutes: int, person_id: str, key: str) -> CaseState: ...

    def escalate(self, decision_id: str, *, why: str, person_id: str, key: str) -> CaseState: ...

    def decide(
        self,
        decision_id: str,
        *,
        resolution: Resolution,
        fraud_type: str | None = None,
        revision: int,
        person_id: str,
        key: str,
    ) -> CaseState: ...

    def undo(self, decision_id: str, *, person_id: str, key: str) -> CaseState: ...

    def claim_many(self, decision_ids: Sequence[str], *, person_id: str, key: str) -> Counted: ...

    def snooze_many(
        self, decision_ids: Sequence[str], *, minutes: int, person_id: str, key: str
    ) -> Counted: ...

    def escalate_many(
        self, decision_ids: Sequence[str], *, why: str, person_id: str, key: str
    ) -> Counted: ...

    def decide_many(
        self,
        decision_ids: Sequence[str],
        *,
        resolution: Resolution,
        fraud_type: str | None,
        why: str,
        person_id: str,
        key: str,
    ) -> Counted: ...


class Looking(Protocol):
    def __call__(self, filters: Filters, person_id: str, *, page: Page) -> Look: ...


@dataclass(frozen=True, kw_only=True)
class Source:
    """What reads raises ReadingsUnavailable; `cases` raises DeskRefused and DeskUnavailable.

    `export` gives CSV and may raise all three.
    """

    page: Callable[[Filters, Cursor | None, str], Page]
    look: Looking
    find: Callable[[str], Page]
    choices: Callable[[], Choices]
    names: Callable[[], dict[str, str]]
    cases: Cases
    export: Callable[[Filters, str], str]
