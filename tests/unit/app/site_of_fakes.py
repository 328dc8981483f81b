"""The HTTP surface over fakes, called in this process."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest
from factories import stored
from fakes import FakeFeatureReader, FakeLedger, FakeModel

from app.decide import Approval, Deadline
from app.health import Health
from app.main import now_ms
from app.metrics import Metrics
from app.outcomes import OutcomeDesk
from app.parity import ParityCheck, ParityUnknown
from app.rehearsal import rehearse
from app.routes import Endpoints, build_app
from domain.errors import FaregateError


@dataclass(kw_only=True)
class Site:
    """The API and the fakes behind it."""

    features: FakeFeatureReader = field(default_factory=FakeFeatureReader)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    metrics: Metrics = field(default_factory=Metrics)
    fault: FaregateError | None = None
    parity: ParityCheck | ParityUnknown | None = None
    model_refusal: str | None = None
    http: httpx.AsyncClient = field(init=False)

    async def probe(self) -> None:
        if self.fault:
            raise self.fault

    async def newest_parity(self) -> ParityCheck | None:
        if isinstance(self.parity, ParityUnknown):
            raise self.parity
        return self.parity

    def endpoints(self) -> Endpoints:
        return Endpoints(
            approval=Approval(
                features=self.features,
                pulse=lambda: None,
                ledger=self.ledger,
                model=FakeModel(),
                deadline=Deadline(total_s=5.0),
                now_ms=now_ms,
                monotonic=time.monotonic,
            ),
            outcomes=OutcomeDesk(ledger=self.ledger, now_ms=now_ms, on_kept=lambda _: None),
            ledger=self.ledger,
            health=Health(
                probe_decision=lambda: rehearse(self.features, FakeModel(), None, now_ms()),
                probe_ledger=self.probe,
                probe_schema=self.probe,
                model_version=None if self.model_refusal else "mdl_fake",
                model_refusal=self.model_refusal,
                instance="instance-a",
            ),
            metrics=self.metrics,
            parity=self.newest_parity,
            now_ms=now_ms,
        )

    def connect(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(build_app(self.endpoints()), raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://api")


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()
    known = stored()
    assert known.card
    assert known.user
    made.features.cards["card_a"], made.features.users["usr_a"] = known.card, known.user
    made.features.low_watermark_ms = now_ms()
    async with made.connect() as made.http:
        yield made
