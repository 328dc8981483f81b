"""Where the case page reads, and who does its deeds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn, Protocol

from app.desk.case_state import Block, CaseState, Resolution
from app.desk.people import Person
from dashboard.views.case.population import Population
from dashboard.views.case.readings import Around, Case, Point, Standing, Subject


class Cases(Protocol):
    """What of app.desk.cases.CaseDesk this page uses."""

    def claim(self, decision_id: str, *, person_id: str, key: str) -> CaseState: ...

    def release(self, decision_id: str, *, person_id: str, key: str) -> CaseState: ...

    def snooze(self, decision_id: str, *, minutes: int, person_id: str, key: str) -> CaseState: ...

    def escalate(self, decision_id: str, *, why: str, person_id: str, key: str) -> CaseState: ...

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
    ) -> CaseState: ...

    def undo(self, decision_id: str, *, person_id: str, key: str) -> CaseState: ...


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The last payments: how their values spread (None without any), and where the zones are."""

    population: Population | None
    zones: tuple[Point, ...]


@dataclass(frozen=True, kw_only=True)
class Source:
    """What reads raises ReadingsUnavailable; `cases` raises DeskRefused and DeskUnavailable.

    `next_case` is the next open one after another in the queue that one came from, None at its end;
    `ahead` begins to read what belongs to a case; `signed_in` is who acts now, None after the session's end.
    """

    case: Callable[[str], Case | None]
    around: Callable[[Subject], Around]
    standing: Callable[[str], Standing | None]
    sample: Callable[[], Sample]
    next_case: Callable[[str], str | None]
    ahead: Callable[[str], None]
    cases: Cases
    signed_in: Callable[[], Person | None]
    open_queue: Callable[[], NoReturn]
    open_ring: Callable[[str], NoReturn]
