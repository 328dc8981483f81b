"""The approval API as a process: the environment is read and the adapters are built here, once."""

import asyncio
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
import uvloop
from fastapi import FastAPI

from app import postgres
from app.decide import Approval
from app.doorbell import Doorbell
from app.feature_reader import SERVER_OPTIONS, PostgresFeatureReader
from app.health import Health
from app.in_flight import Sweeper
from app.ledger import PostgresLedger
from app.metrics import Metrics
from app.outcomes import OutcomeDesk
from app.parity import ParityChecks
from app.pulse import PulseKeeper
from app.rehearsal import rehearse
from app.routes import Endpoints, build_app
from app.settings import ApiSettings
from domain.errors import FaregateError, ModelRefused
from domain.events import PaymentOutcome
from scoring.scorer import Scorer

log = logging.getLogger("faregate.api")


@asynccontextmanager
async def api(settings: ApiSettings, conninfo: str = "") -> AsyncIterator[FastAPI]:
    """The whole application on a real database; raises SchemaMismatch for a wrong one."""
    await postgres.wait_for_schema(conninfo)
    scorer, refusal = load_scorer(settings)
    metrics = Metrics()
    if scorer:
        metrics.model.labels(scorer.version, scorer.kind).set(1)
    patience_s = settings.deadline.total_s
    async with (
        postgres.pool(
            "features", conninfo=conninfo, patience_s=patience_s, server_options=SERVER_OPTIONS
        ) as features,
        postgres.pool("ledger", conninfo=conninfo, patience_s=2.0) as ledger_pool,
    ):
        doorbell = Doorbell(ledger_pool)
        ledger = PostgresLedger(ledger_pool, doorbell.ring)
        reader = PostgresFeatureReader(features)
        # All zones at once may take longer than one decision waits.
        pulse = PulseKeeper(PostgresFeatureReader(ledger_pool), now_ms=now_ms, monotonic=time.monotonic)
        await pulse.feel()
        async with _beside(doorbell.serve(), pulse.serve(), Sweeper(ledger_pool, now_ms).serve()):
            yield build_app(
                Endpoints(
                    approval=Approval(
                        features=reader,
                        pulse=pulse.current,
                        ledger=ledger,
                        model=scorer,
                        deadline=settings.deadline,
                        now_ms=now_ms,
                        monotonic=time.monotonic,
                    ),
                    outcomes=OutcomeDesk(ledger=ledger, now_ms=now_ms, on_kept=_counter(metrics)),
                    ledger=ledger,
                    health=Health(
                        probe_decision=lambda: rehearse(reader, scorer, pulse.current(), now_ms()),
                        probe_ledger=ledger.probe,
                        probe_schema=ledger.probe_schema,
                        model_version=scorer.version if scorer else None,
                        model_refusal=refusal,
                        instance=settings.instance,
                    ),
                    metrics=metrics,
                    parity=ParityChecks(ledger_pool).newest,
                    now_ms=now_ms,
                )
            )


@asynccontextmanager
async def _beside(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Work that goes on in the background until the body is done."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def load_scorer(settings: ApiSettings) -> tuple[Scorer | None, str | None]:
    """The model, or why there is none: without one the API still answers, on rung R2."""
    if settings.model_folder is None:
        refusal = "FAREGATE_MODEL_DIR is not set"
    else:
        try:
            scorer = Scorer.load(settings.model_folder)
        except ModelRefused as error:
            refusal = f"refused: {error}"
        else:
            log.info("model %s loaded, %s", scorer.version, scorer.kind)
            return scorer, None
    log.warning("no model, deciding on rung R2: %s", refusal)
    return None, refusal


def _counter(metrics: Metrics) -> Callable[[PaymentOutcome], None]:
    return lambda event: metrics.outcomes.labels(event.outcome).inc()


class _Server(uvicorn.Server):
    """Leaves signals to us: uvicorn's own way raises them again before our connections are closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(env: Mapping[str, str]) -> None:
    settings = ApiSettings.from_env(env)
    async with api(settings) as app:
        server = _Server(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                http="httptools",
                access_log=False,
                log_config=None,
                lifespan="off",
                server_header=False,
                timeout_graceful_shutdown=5,
            )
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, setattr, server, "should_exit", True)
        gc.collect()
        gc.freeze()  # what stands now stays: later collections need not look at it
        await server.serve()


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        uvloop.run(serve(os.environ))
    except FaregateError as error:
        log.error("%s", error)
        return 1
    except KeyboardInterrupt:
        log.info("stopped before it was up")
    return 0


if __name__ == "__main__":
    sys.exit(main())
