"""`python -m app.keeper`: the keeper of the ledger that the PG* variables name."""

import logging
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Event

from app import logs
from app.keeper.heads import HeadsFile
from app.keeper.keeper import serve
from domain.errors import FaregateError
from domain.settings import required

HEADS = "heads.jsonl"


def heads_file(env: Mapping[str, str]) -> HeadsFile:
    """Raises SettingMissing."""
    folder = Path(
        required(env, "FAREGATE_STATE_DIR", "in which folder this host keeps what is not in PostgreSQL")
    )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return HeadsFile(folder / HEADS)


def main() -> int:
    logs.configure("keeper")
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        serve(heads_file(os.environ), stop)
    except FaregateError as error:
        log = logging.getLogger("faregate.keeper")
        log.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
