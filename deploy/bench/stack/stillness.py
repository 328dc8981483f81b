"""The stream and the dashboard held still while something else is measured.

Nobody moves the watermark meanwhile, and decisions would leave the first rung after two seconds. So it is
moved here: the histories stand, and the payments since are taken from those in flight, as in a short lag.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import time_ns

import psycopg

from deploy.bench.benchmark import Target
from deploy.embedded import memory, passwords, status
from deploy.embedded.errors import StackError
from domain.online_store import WATERMARK_ENTITY, WATERMARK_VIEW, encode_watermark

HELD = (
    "dashboard", "parity", "learner", "relay", "rings", "writer",
    "flink-taskmanager", "flink-jobmanager", "kafka",
)  # fmt: skip
LONGEST_S = 40.0  # after 50 s without a heartbeat Flink's two sides give each other up
WATERMARK_EVERY_S = 0.25
MOVE_WATERMARK = "update online_store set payload = %s where view = %s and entity_id = %s"


@contextmanager
def held_still(target: Target, seconds: float) -> Iterator[tuple[str, ...]]:
    """Gives the names of the parts that rest; they go on afterwards, whatever happens."""
    if seconds > LONGEST_S:
        raise StackError(f"With --paused at most {LONGEST_S:.0f} s, warm-up included: Flink gives up later.")
    parts = _parts(target)
    conninfo = target.conninfo[passwords.OWNER]
    with _moving_watermark(conninfo):
        try:
            for pid in parts.values():
                _signal(pid, signal.SIGSTOP)
            yield tuple(parts)
        finally:
            for pid in reversed(parts.values()):
                _signal(pid, signal.SIGCONT)


def _parts(target: Target) -> dict[str, int]:
    living = status.living(target.home)
    known = {part.name: part.pid for part in living.parts if part.pid} if living else {}
    return {name: known[name] for name in HELD if name in known}


def _signal(pid: int, number: signal.Signals) -> None:
    for member in memory.tree(pid):
        with suppress(ProcessLookupError):
            os.kill(member, number)


@contextmanager
def _moving_watermark(conninfo: str) -> Iterator[None]:
    stop = threading.Event()
    mover = threading.Thread(target=_move, args=(conninfo, stop), name="watermark")
    mover.start()
    try:
        yield
    finally:
        stop.set()
        mover.join()


def _move(conninfo: str, stop: threading.Event) -> None:
    """Only the payload: the writer's next row is newer by its version and takes its place."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        while not stop.wait(WATERMARK_EVERY_S):
            now_ms = time_ns() // 1_000_000
            place = (WATERMARK_VIEW, WATERMARK_ENTITY)
            connection.execute(MOVE_WATERMARK, (encode_watermark(now_ms), *place))
