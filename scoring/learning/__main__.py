"""`python -m scoring.learning`: the learner as a process of its own; with `--once`, one round."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence

from domain.errors import FaregateError
from scoring.learning.service import run_round, serve
from scoring.learning.settings import LearningSettings

log = logging.getLogger("faregate.learning")


def main(arguments: Sequence[str], env: Mapping[str, str]) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        settings = LearningSettings.from_env(env)
    except FaregateError as problem:
        log.error("%s", problem)
        return 1
    if "--once" in arguments:
        return run_round(stop)
    serve(settings.every_s, stop)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
