"""When requests are sent: when they are due (open loop), or each after an answer (closed loop)."""

import gc
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from deploy.bench.load.connections import Call, Connections, Outcome

OPENED_BEFORE = 16
_LEAD_S = 0.05


class Due(NamedTuple):
    """A call and when it is to be sent, in seconds from the beginning."""

    after_s: float
    call: Call


class Measured(NamedTuple):
    outcomes: list[Outcome]
    seconds: float  # from the first due time until the last answer
    client_cpu_s: float


def open_loop(connections: Connections, dues: Sequence[Due]) -> Measured:
    """Sends each call when it is due, however slow the answers are."""
    with _measuring(connections) as outcomes:
        cpu, began = time.thread_time(), time.monotonic() + _LEAD_S
        for after_s, call in dues:
            due = began + after_s
            while (left_s := due - time.monotonic()) > 0:
                connections.collect(left_s)
            connections.send(call, due)
        _finish(connections)
        return Measured(outcomes, time.monotonic() - began, time.thread_time() - cpu)


def closed_loop(connections: Connections, calls: Iterable[Call], at_once: int, seconds: float) -> Measured:
    """Keeps `at_once` calls under way for `seconds`."""
    with _measuring(connections) as outcomes:
        cpu, began = time.thread_time(), time.monotonic()
        source = iter(calls)
        _refill(connections, source, at_once)
        while connections.unanswered and time.monotonic() < began + seconds:
            connections.collect(0.1)
            _refill(connections, source, at_once)
        _finish(connections)
        return Measured(outcomes, time.monotonic() - began, time.thread_time() - cpu)


def _refill(connections: Connections, source: Iterator[Call], at_once: int) -> None:
    while connections.unanswered < at_once:
        call = next(source, None)
        if call is None:
            return
        connections.send(call, time.monotonic())


def _finish(connections: Connections) -> None:
    while connections.unanswered:
        connections.collect(0.1)


@contextmanager
def _measuring(connections: Connections) -> Iterator[list[Outcome]]:
    """Collections of garbage would be measured as the server's."""
    connections.open(OPENED_BEFORE)
    outcomes: list[Outcome] = []
    connections.outcomes = outcomes
    gc.collect()
    gc.disable()
    try:
        yield outcomes
    finally:
        gc.enable()
