"""Builds the approval API of one process: every adapter is made here, and nowhere else."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import psycopg
from msgspec import json
from starlette.applications import Starlette

from app import postgres
from app.access.gate import Gate
from app.access.keys import KeyKeeper
from app.answers import Answers
from app.breaker import Breaker
from app.databases import Databases, databases
from app.decide import Approval
from app.doorbell import Doorbell
from app.explaining import Models, explain, find_kept
from app.feature_reader import PostgresFeatureReader
from app.health import Health
from app.in_flight import Sweeper
from app.journal.drain import Drainer
from app.journal.sqlite_journal import SqliteJournal
from app.keeping import Keeping
from app.labels import LabelDesk
from app.ledger import PostgresLedger
from app.metrics import Metrics
from app.models.keeper import ModelKeeper
from app.models.pinned import PinnedModel
from app.models.shadows import Shadows
from app.outcomes import OutcomeDesk
from app.parity import ParityChecks
from app.pass_through import Lottery, lottery, no_lottery
from app.ports import JournalUnavailable, LedgerUnavailable, Model
from app.pulse import PulseKeeper
from app.rehearsal import rehearse
from app.routes import Endpoints, build_app
from app.rules.keeper import PolicyKeeper
from app.settings import ApiSettings
from app.sight import Sight
from app.tracing import TraceStage, no_span
from domain.errors import ModelRefused
from domain.events import PaymentOutcome
from domain.model_key import VARIABLE

SHOW_EVERY_S = 2.0
MOST_EXPLAINED = 4  # models kept for who asks why
log = logging.getLogger("faregate.api")


@asynccontextmanager
async def api(
    settings: ApiSettings, metrics: Metrics, conninfo: str = "", trace: TraceStage = no_span
) -> AsyncIterator[Starlette]:
    """The whole application on a real database; raises SchemaMismatch for a wrong one."""
    await postgres.wait_for_schema(conninfo)
    async with databases(conninfo, settings.deadline.total_s) as connections:
        stage = metrics.stage if trace is no_span else _both(metrics.stage, trace)
        parts = _Parts(settings, metrics, stage, conninfo, connections)
        try:
            await parts.prepare()
            async with _beside(*parts.background()):
                yield build_app(parts.endpoints())
        finally:
            await parts.close()


class _Parts:
    """What one process is made of."""

    def __init__(
        self,
        settings: ApiSettings,
        metrics: Metrics,
        stage: TraceStage,
        conninfo: str,
        databases: Databases,
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._stage = stage
        self._conninfo = conninfo
        self._ledger_pool = databases.ledger
        self._models: ModelKeeper | PinnedModel = (
            PinnedModel(settings.model_folder)
            if settings.model_folder
            else ModelKeeper(conninfo, settings.gate.state_folder / "models")
        )
        self._shadows = Shadows(
            databases.ledger,
            self._models.current,
            metrics.shadows_lost.inc,
            lambda: self._policies.current().policy,
        )
        self._loaded = lru_cache(MOST_EXPLAINED)(partial(_load, key=settings.model_key))
        self._doorbell = Doorbell(databases.ledger)
        self._ledger = PostgresLedger(databases.ledger, self._doorbell.ring, databases.records)
        self._reader = PostgresFeatureReader(databases.features, databases.arrivals)
        # All zones at once may take longer than one decision waits.
        self._pulse = PulseKeeper(
            PostgresFeatureReader(databases.ledger), now_ms=now_ms, monotonic=time.monotonic
        )
        self._policies = PolicyKeeper(conninfo)
        self._keys = KeyKeeper(conninfo)
        self._gate = Gate.open(settings.gate, self._keys.current)
        self._journal = SqliteJournal(settings.gate.state_folder / "journal.sqlite")
        self._keeping = Keeping(
            journal=self._journal,
            ledger=self._ledger,
            breaker=Breaker(time.monotonic),
            on_journal_failure=metrics.journal_failures.inc,
            on_unsecured=metrics.journal_unsecured.inc,
            monotonic=time.monotonic,
            stage=stage,
        )
        self._drainer = Drainer(self._journal, self._keeping.insert, now_ms)

    async def prepare(self) -> None:
        """Read once what the background keeps young; raises LedgerUnavailable without rules and lists."""
        await asyncio.gather(
            self._pulse.feel(), self._policies.feel(), self._keys.feel(), self._models.feel()
        )
        if not self._policies.loaded:
            raise LedgerUnavailable("rules and lists could not be read: nothing is decided without them")

    def background(self) -> list[Coroutine[Any, Any, None]]:
        return [
            self._doorbell.serve(),
            self._pulse.serve(),
            self._policies.serve(),
            self._keys.serve(),
            self._models.serve(),
            self._shadows.serve(),
            self._journal.serve(),
            self._drainer.serve(),
            Sweeper(self._ledger_pool, now_ms).serve(),
            self._show(),
        ]

    def endpoints(self) -> Endpoints:
        return Endpoints(
            gate=self._gate,
            approval=self._approval(),
            outcomes=OutcomeDesk(ledger=self._ledger, now_ms=now_ms, on_kept=_counter(self._metrics)),
            labels=LabelDesk(ledger=self._ledger, now_ms=now_ms),
            ledger=self._ledger,
            why=self._why,
            health=self._health(),
            metrics=self._metrics,
            parity=ParityChecks(self._ledger_pool).newest,
            now_ms=now_ms,
            stage=self._stage,
            answers=Answers(hsts=self._settings.hsts),
        )

    def _approval(self) -> Approval:
        return Approval(
            sight=Sight(
                features=self._reader,
                pulse=self._pulse.current,
                models=self._models.current,
                breaker=Breaker(time.monotonic),
                deadline=self._settings.deadline,
                monotonic=time.monotonic,
            ),
            keeping=self._keeping,
            policies=self._policies.current,
            deadline=self._settings.deadline,
            now_ms=now_ms,
            monotonic=time.monotonic,
            stage=self._stage,
            lottery=_lottery(self._settings),
            watch=self._shadows.offer,
        )

    def _health(self) -> Health:
        return Health(
            probe_decision=lambda: rehearse(
                self._reader, self._models.current().champion, self._pulse.current(), now_ms()
            ),
            probe_ledger=self._ledger.probe,
            probe_schema=self._ledger.probe_schema,
            model_version=self._champion_version,
            model_refusal=lambda: self._models.refusal,
            instance=self._settings.instance,
        )

    def _champion_version(self) -> str | None:
        champion = self._models.current().champion
        return champion.version if champion else None

    async def _why(self, decision_id: str, tenant: str) -> bytes | None:
        return await asyncio.to_thread(_explained, self._conninfo, decision_id, tenant, self._model_of)

    def _model_of(self, version: str) -> Model | None:
        """For who asks why: called in a thread, and loaded when the first one asks."""
        folder = self._models.folder_of(version)
        return self._loaded(folder) if folder else None

    async def _show(self) -> None:
        """Keep the gauges true."""
        drained = restarts = 0
        while True:
            policies = self._policies.current()
            self._metrics.show_policies(
                policies.rulebook.version,
                policies.lists.version,
                policies.policy.version if policies.policy else 0,
            )
            self._metrics.drained.inc(self._drainer.drained - drained)
            drained = self._drainer.drained
            self._metrics.scorer_restarts.inc(self._models.restarts - restarts)
            restarts = self._models.restarts
            self._metrics.show_models(self._models.current())
            self._metrics.show_drift(self._models.drift)
            try:
                self._metrics.journal_pending.set(await self._journal.count_waiting())
            except JournalUnavailable as error:
                log.warning("the journal cannot be counted: %s", error)
            await asyncio.sleep(SHOW_EVERY_S)

    async def close(self) -> None:
        self._models.close()
        await self._models.leave()
        self._gate.close()
        self._journal.close()


def _explained(conninfo: str, decision_id: str, tenant: str, models: Models) -> bytes | None:
    try:
        with psycopg.connect(conninfo, autocommit=True, connect_timeout=5) as connection:
            kept = find_kept(connection, decision_id, tenant)
            return None if kept is None else json.encode(explain(connection, kept, models, now_ms()))
    except psycopg.OperationalError as error:
        raise LedgerUnavailable(f"the ledger does not answer: {error}") from error


def _both(first: TraceStage, second: TraceStage) -> TraceStage:
    def stage(name: str, seconds: float) -> None:
        first(name, seconds)
        second(name, seconds)

    return stage


@asynccontextmanager
async def _beside(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Work that goes on in the background until the body is done."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def _lottery(settings: ApiSettings) -> Lottery:
    if settings.model_key is None or not settings.pass_through:
        return no_lottery
    return lottery(settings.model_key, settings.pass_through, settings.pass_through_most_minor)


def _load(folder: Path, key: bytes | None) -> Model:
    """Here, and not above: decisions are scored elsewhere, and numpy is heavy."""
    from scoring.scorer import Scorer

    if key is None:
        raise ModelRefused(f"{VARIABLE} is not set: without it no model's seal can be checked")
    return Scorer.load(folder, key)


def _counter(metrics: Metrics) -> Callable[[PaymentOutcome], None]:
    return lambda event: metrics.outcomes.labels(event.outcome).inc()
