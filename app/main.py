"""A worker of the approval API as a process; app.workers starts as many as are wanted and keeps them up.

The environment is read here, once.
"""

import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import uvloop

from app import logs
from app.assembly import api
from app.metrics import Metrics
from app.server import listening_socket, serve_app, telling_parent
from app.settings import ApiSettings
from app.tracing import stage_tracing
from app.workers import METRICS_DIR, WORKER
from domain.errors import FaregateError

log = logging.getLogger("faregate.api")


async def serve(env: Mapping[str, str]) -> None:
    settings = ApiSettings.from_env(env)
    folder = env.get(METRICS_DIR)
    metrics = Metrics(Path(folder) if folder else None, env.get(WORKER, "alone"))
    async with api(settings, metrics, trace=stage_tracing(env)) as app:
        listening = listening_socket(env, settings.host, settings.port)
        await serve_app(app, listening, on_ready=telling_parent(env), echo=settings.echo)


def main() -> int:
    logs.configure("api")
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
