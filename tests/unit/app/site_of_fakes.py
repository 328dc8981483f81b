"""The HTTP surface over fakes, called in this process."""

import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from factories import stored
from fakes import FakeFeatureReader, FakeLedger, FakeModel, FakePolicies
from fakes_journal import FakeJournal
from fakes_scoring import FakeScoring

from app.access.gate import Gate
from app.access.keys import ApiKey, KeyRing, Scope, hash_of
from app.access.nonces import Nonces
from app.access.rate import Rates
from app.answers import Answers
from app.assembly import now_ms
from app.breaker import Breaker
from app.deadline import Deadline
from app.decide import Approval
from app.health import Health
from app.keeping import Keeping
from app.labels import LabelDesk
from app.metrics import Metrics
from app.models.in_service import InService
from app.outcomes import OutcomeDesk
from app.parity import ParityCheck, ParityUnknown
from app.rehearsal import rehearse
from app.routes import Endpoints, build_app
from app.sight import Sight
from domain.errors import FaregateError

PATH = "/v1/transactions"
JSON = {"Content-Type": "application/json"}
MASTER = b"m" * 32
ALL = frozenset(Scope)
# Secrets by what each key is for; `test` is the one that calls use unless told otherwise.
TEST, LIVE, OTHER, READER, SLOW, SIGNED = (f"fgk_{name}" for name in ("t", "l", "o", "r", "s", "g"))


def a_key(key_id: str, **given: Any) -> ApiKey:
    defaults: dict[str, Any] = {"tenant": "tenant_a", "scopes": ALL, "rate_per_s": 10_000, "burst": 10_000}
    return ApiKey(key_id=key_id, **(defaults | given))


RING = KeyRing(
    (hash_of(secret), key)
    for secret, key in (
        (TEST, a_key("key_test", test=True)),
        (LIVE, a_key("key_live")),
        (OTHER, a_key("key_other", tenant="tenant_b")),
        (READER, a_key("key_reader", scopes=frozenset((Scope.READ,)))),
        (SLOW, a_key("key_slow", rate_per_s=1, burst=2)),
        (SIGNED, a_key("key_signed", signed=True)),
    )
)


def bearing(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


@dataclass(kw_only=True)
class Site:
    """The API and the fakes behind it; `folder` holds the host's rates and nonces."""

    folder: Path
    features: FakeFeatureReader = field(default_factory=FakeFeatureReader)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    journal: FakeJournal = field(default_factory=FakeJournal)
    model: FakeModel = field(default_factory=FakeModel)
    metrics: Metrics = field(default_factory=Metrics)
    fault: FaregateError | None = None
    parity: ParityCheck | ParityUnknown | None = None
    model_refusal: str | None = None
    open_metrics: bool = True
    hsts: bool = False
    explained: dict[tuple[str, str], bytes] = field(default_factory=dict)
    http: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.gate = Gate(
            keys=lambda: RING,
            rates=Rates(self.folder / "rates.bin"),
            nonces=Nonces(self.folder / "nonces.sqlite"),
            master=MASTER,
            open_metrics=self.open_metrics,
        )
        self.scoring = FakeScoring(self.model)

    async def probe(self) -> None:
        if self.fault:
            raise self.fault

    async def newest_parity(self) -> ParityCheck | None:
        if isinstance(self.parity, ParityUnknown):
            raise self.parity
        return self.parity

    async def why(self, decision_id: str, tenant: str) -> bytes | None:
        return self.explained.get((decision_id, tenant))

    def endpoints(self) -> Endpoints:
        return Endpoints(
            gate=self.gate,
            approval=self._approval(),
            outcomes=OutcomeDesk(ledger=self.ledger, now_ms=now_ms, on_kept=lambda _: None),
            labels=LabelDesk(ledger=self.ledger, now_ms=now_ms),
            ledger=self.ledger,
            why=self.why,
            health=Health(
                probe_decision=lambda: rehearse(self.features, self.scoring, None, now_ms()),
                probe_ledger=self.probe,
                probe_schema=self.probe,
                model_version=lambda: None if self.model_refusal else "mdl_fake",
                model_refusal=lambda: self.model_refusal,
                instance="instance-a",
            ),
            metrics=self.metrics,
            parity=self.newest_parity,
            now_ms=now_ms,
            stage=self.metrics.stage,
            answers=Answers(hsts=self.hsts),
        )

    def _approval(self) -> Approval:
        deadline = Deadline(total_s=5.0)
        policies = FakePolicies()
        return Approval(
            sight=Sight(
                features=self.features,
                pulse=lambda: None,
                models=lambda: InService(champion=self.scoring),
                breaker=Breaker(time.monotonic),
                deadline=deadline,
                monotonic=time.monotonic,
            ),
            keeping=Keeping(
                journal=self.journal,
                ledger=self.ledger,
                breaker=Breaker(time.monotonic),
                on_journal_failure=lambda: None,
                on_unsecured=lambda: None,
                monotonic=time.monotonic,
                stage=self.metrics.stage,
            ),
            policies=lambda: policies,
            deadline=deadline,
            now_ms=now_ms,
            monotonic=time.monotonic,
            stage=self.metrics.stage,
        )

    def connect(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(build_app(self.endpoints()), raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://api", headers=bearing(TEST))

    async def ask(self, body: Any, *, key: str | None = None, **headers: str) -> httpx.Response:
        """Send a payment, under a key of its body's own unless one is given."""
        named = {"Idempotency-Key": key or f"key-{sha256(body).hexdigest()[:16]}"}
        spelled = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post(PATH, content=body, headers=JSON | named | spelled)

    def close(self) -> None:
        self.gate.close()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    with tempfile.TemporaryDirectory() as folder:
        made = Site(folder=Path(folder))
        known = stored()
        assert known.card
        assert known.user
        made.features.cards["card_a"], made.features.users["usr_a"] = known.card, known.user
        made.features.low_watermark_ms = now_ms()
        async with made.connect() as made.http:
            yield made
        made.close()
