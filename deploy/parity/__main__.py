"""`python -m deploy.parity`: the parity alarm as a process of its own."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import psycopg

from app.migrations import check_schema
from deploy.embedded.home import Home
from deploy.parity.alarm import ParityAlarm, Sampling
from deploy.parity.ledger import ParityLedger
from deploy.parity.paced_archive import PacedArchive
from domain.errors import FaregateError
from feature_repo.raw_archive import RawArchive

log = logging.getLogger("faregate.parity")
AT_MOST_OF_THE_TIME = 0.05  # of one core, however large the archive becomes
TRY_AGAIN_S = 5.0


class SettingRefused(FaregateError):
    """An environment variable holds what cannot be used."""


@dataclass(frozen=True, kw_only=True)
class ParitySettings:
    archive: Path
    every_s: float
    sampling: Sampling

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        youngest_s = _whole(env, "FAREGATE_PARITY_YOUNGEST_S", 120)
        oldest_s = _whole(env, "FAREGATE_PARITY_OLDEST_S", 300)
        if youngest_s >= oldest_s:
            raise SettingRefused(
                f"FAREGATE_PARITY_YOUNGEST_S is {youngest_s}, FAREGATE_PARITY_OLDEST_S is {oldest_s}: "
                "the youngest must be younger."
            )
        return cls(
            archive=Home.from_env(env).archive / "raw",
            every_s=_whole(env, "FAREGATE_PARITY_EVERY_S", 60),
            sampling=Sampling(
                most=_whole(env, "FAREGATE_PARITY_SAMPLE", 50),
                youngest=timedelta(seconds=youngest_s),
                oldest=timedelta(seconds=oldest_s),
            ),
        )


def _whole(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name, str(default))
    if not text.isdecimal() or not 1 <= int(text) <= 86_400:
        raise SettingRefused(f"{name} is {text!r}: it must be a whole number from 1 to 86400.")
    return int(text)


def run(settings: ParitySettings, stop: threading.Event) -> None:
    """Checks until `stop` is set; a database that is away is asked again."""
    while not stop.is_set():
        try:
            with psycopg.connect(autocommit=True, application_name="faregate-parity") as connection:
                check_schema(connection)
                _serve(settings, connection, stop)
        except psycopg.OperationalError as problem:
            log.warning("the ledger does not answer: %s", problem)
            stop.wait(TRY_AGAIN_S)


def _serve(settings: ParitySettings, connection: psycopg.Connection[Any], stop: threading.Event) -> None:
    archive = PacedArchive(archive=RawArchive(settings.archive))
    alarm = ParityAlarm(ParityLedger(connection), archive, settings.sampling)
    pause_s = settings.every_s
    while not stop.wait(pause_s):
        used_s = time.process_time()
        alarm.check()
        used_s = time.process_time() - used_s
        pause_s = max(settings.every_s, used_s / AT_MOST_OF_THE_TIME)


def main(env: Mapping[str, str]) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        run(ParitySettings.from_env(env), stop)
    except FaregateError as problem:
        log.error("%s", problem)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
