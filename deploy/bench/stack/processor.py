"""How much of a core each part of the stack took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from deploy.bench.benchmark import Target
from deploy.embedded import memory, status


@contextmanager
def shares(target: Target) -> Iterator[dict[str, float]]:
    """Filled after the block: percent of one core by part."""
    found: dict[str, float] = {}
    before, began = _seconds(target), time.monotonic()
    yield found
    elapsed = time.monotonic() - began
    for name, seconds in _seconds(target).items():
        found[name] = round(100 * (seconds - before.get(name, 0.0)) / elapsed, 1)


def _seconds(target: Target) -> dict[str, float]:
    living = status.living(target.home)
    parts = living.parts if living else ()
    return {part.name: sum(map(_used, memory.tree(part.pid))) for part in parts if part.pid}


def _used(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system
