"""The use case that decides, made of whatever parts a test brings."""

import time
from collections.abc import Callable

from fakes import FakePolicies
from fakes_journal import FakeJournal
from fakes_scoring import FakeScoring

from app.breaker import Breaker
from app.deadline import Deadline
from app.decide import Approval
from app.keeping import Keeping
from app.models.in_service import InService
from app.ports import FeatureReader, Journal, KnownPulse, Ledger, Model, Policies
from app.sight import Sight
from app.stages import Stage

PATIENT = Deadline(total_s=5.0)  # tests run on busy machines


def a_keeping(
    *,
    ledger: Ledger,
    journal: Journal,
    breaker: Breaker | None = None,
    monotonic: Callable[[], float] = time.monotonic,
    stage: Callable[[Stage, float], None] = lambda _stage, _seconds: None,
    on_journal_failure: Callable[[], None] = lambda: None,
    on_unsecured: Callable[[], None] = lambda: None,
) -> Keeping:
    return Keeping(
        journal=journal,
        ledger=ledger,
        breaker=breaker or Breaker(monotonic),
        on_journal_failure=on_journal_failure,
        on_unsecured=on_unsecured,
        monotonic=monotonic,
        stage=stage,
    )


def an_approval(
    *,
    features: FeatureReader,
    ledger: Ledger,
    now_ms: Callable[[], int],
    model: Model | None = None,
    journal: Journal | None = None,
    policies: Policies | None = None,
    pulse: Callable[[], KnownPulse | None] = lambda: None,
    deadline: Deadline = PATIENT,
    monotonic: Callable[[], float] = time.monotonic,
    stage: Callable[[Stage, float], None] = lambda _stage, _seconds: None,
) -> Approval:
    in_force: Policies = policies or FakePolicies()
    in_service = InService(champion=FakeScoring(model) if model else None)
    return Approval(
        sight=Sight(
            features=features,
            pulse=pulse,
            models=lambda: in_service,
            breaker=Breaker(monotonic),
            deadline=deadline,
            monotonic=monotonic,
        ),
        keeping=a_keeping(ledger=ledger, journal=journal or FakeJournal(), monotonic=monotonic, stage=stage),
        policies=lambda: in_force,
        deadline=deadline,
        now_ms=now_ms,
        monotonic=monotonic,
        stage=stage,
    )
