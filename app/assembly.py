"""Builds the approval API of one process: every adapter is made here, and nowhere else."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import cache
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
from app.outcomes import OutcomeDesk
from app.parity import ParityChecks
from app.ports import JournalUnavailable, LedgerUnavailable, Model
from app.pulse import PulseKeeper
from app.rehearsal import rehearse
from app.routes import Endpoints, build_app
from app.rules.keeper import PolicyKeeper
from app.scoring import ScoringProcess
from app.settings import ApiSettings
from app.sight import Sight
from app.tracing import TraceStage, no_span
from domain.errors import ModelRefused
from domain.events import PaymentOutcome

SHOW_EVERY_S = 2.0
log = logging.getLogger("faregate.api")


@asynccontextmanager
async def api(
    settings: ApiSettings, metrics: Metrics, conninfo: str = "", trace: TraceStage = no_span
) -> AsyncIterator[Starlette]:
    """The whole application on a real database; raises SchemaMismatch for a wrong one."""
    await postgres.wait_for_schema(conninfo)
    async with (
        databases(conninfo, settings.deadline.total_s) as connections,
        _scorer(settings) as (scoring, refusal),
    ):
        stage = metrics.stage if trace is no_span else _both(metrics.stage, trace)
        parts = _Parts(settings, metrics, stage, conninfo, connections, scoring=scoring, refusal=refusal)
        try:
            await parts.prepare()
            async with _beside(*parts.background()):
                yield build_app(parts.endpoints())
        finally:
            parts.close()


class _Parts:
    """What one process is made of."""

    def __init__(
        self,
        settings: ApiSettings,
        metrics: Metrics,
        stage: TraceStage,
        conninfo: str,
        databases: Databases,
        *,
        scoring: ScoringProcess | None,
        refusal: str | None,
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._stage = stage
        self._conninfo = conninfo
        self._ledger_pool = databases.ledger
        self._scoring, self._refusal = scoring, refusal
        self._loaded = cache(_load)
        if scoring:
            metrics.model.labels(scoring.version, scoring.kind).set(1)
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
        await asyncio.gather(self._pulse.feel(), self._policies.feel(), self._keys.feel())
        if not self._policies.loaded:
            raise LedgerUnavailable("rules and lists could not be read: nothing is decided without them")

    def background(self) -> list[Coroutine[Any, Any, None]]:
        return [
            self._doorbell.serve(),
            self._pulse.serve(),
            self._policies.serve(),
            self._keys.serve(),
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
                scoring=self._scoring,
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
        )

    def _health(self) -> Health:
        return Health(
            probe_decision=lambda: rehearse(self._reader, self._scoring, self._pulse.current(), now_ms()),
            probe_ledger=self._ledger.probe,
            probe_schema=self._ledger.probe_schema,
            model_version=self._scoring.version if self._scoring else None,
            model_refusal=self._refusal,
            instance=self._settings.instance,
        )

    async def _why(self, decision_id: str, tenant: str) -> bytes | None:
        return await asyncio.to_thread(_explained, self._conninfo, decision_id, tenant, self._models)

    def _models(self, version: str) -> Model | None:
        """For who asks why: called in a thread, and loaded when the first one asks."""
        folder = self._settings.model_folder
        if folder is None or self._scoring is None or self._scoring.version != version:
            return None
        scorer = self._loaded(folder)
        return scorer if scorer.version == version else None

    async def _show(self) -> None:
        """Keep the gauges true."""
        drained = restarts = 0
        while True:
            policies = self._policies.current()
            self._metrics.show_policies(policies.rulebook.version, policies.lists.version)
            self._metrics.drained.inc(self._drainer.drained - drained)
            drained = self._drainer.drained
            if self._scoring:
                self._metrics.scorer_restarts.inc(self._scoring.restarts - restarts)
                restarts = self._scoring.restarts
            try:
                self._metrics.journal_pending.set(await self._journal.count_waiting())
            except JournalUnavailable as error:
                log.warning("the journal cannot be counted: %s", error)
            await asyncio.sleep(SHOW_EVERY_S)

    def close(self) -> None:
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


@asynccontextmanager
async def _scorer(settings: ApiSettings) -> AsyncIterator[tuple[ScoringProcess | None, str | None]]:
    """The model, or why there is none: without one the API still answers, on rung R2."""
    scoring: ScoringProcess | None = None
    refusal: str | None = "FAREGATE_MODEL_DIR is not set"
    if settings.model_folder:
        scoring, refusal = await _started(ScoringProcess.of(settings.model_folder))
    if scoring:
        log.info("model %s loaded, %s", scoring.version, scoring.kind)
    else:
        log.warning("no model, deciding on rung R2: %s", refusal)
    try:
        yield scoring, refusal
    finally:
        if scoring:
            scoring.close()


async def _started(scoring: ScoringProcess) -> tuple[ScoringProcess | None, str | None]:
    try:
        await scoring.start()
    except ModelRefused as error:
        return None, f"refused: {error}"
    return scoring, None


def _load(folder: Path) -> Model:
    """Here, and not above: decisions are scored elsewhere, and numpy is heavy."""
    from scoring.scorer import Scorer

    return Scorer.load(folder)


def _counter(metrics: Metrics) -> Callable[[PaymentOutcome], None]:
    return lambda event: metrics.outcomes.labels(event.outcome).inc()
