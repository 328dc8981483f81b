"""A round as a process of its own: `python -m scoring.learning.turn SCRATCH CLOCK_JUMP_MS`.

Whoever kills it, at any point, loses nothing but the work: what it leaves is whole rows and whole moves.
"""

import ctypes
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg

from domain.errors import FaregateError
from scoring.learning.round import play
from scoring.learning.settings import LearningSettings

BEHIND_EVERYTHING = 19
_PR_SET_PDEATHSIG = 1
log = logging.getLogger("faregate.learning")


def main(arguments: Sequence[str], env: Mapping[str, str]) -> int:
    """0 when the round was recorded or left to another learner."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    scratch, clock_jump_ms = Path(arguments[0]), int(arguments[1])
    _end_with_parent()
    os.setpriority(os.PRIO_PROCESS, 0, BEHIND_EVERYTHING)
    try:
        settings = LearningSettings.from_env(env)
        with psycopg.connect(autocommit=True, application_name="faregate-learner") as connection:
            play(connection, settings, scratch, clock_jump_ms=clock_jump_ms)
    except FaregateError as problem:
        log.error("%s", problem)
        return 1
    except psycopg.OperationalError as problem:
        log.warning("the ledger does not answer; the next round tries again: %s", problem)
        return 1
    return 0


def _end_with_parent() -> None:
    """Nobody would read what an orphan finds, and the next learner would wait for its turn."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
