"""Memory of the whole stack at rest, as proportional set size: shared pages counted once."""

import time
from argparse import ArgumentParser, Namespace

import psutil

from deploy.bench.benchmark import Result, Target, Tell
from deploy.embedded import memory, status

SUMMARY = "memory (PSS, MiB) of the whole stack at rest; the limit is 3072"
MIB = 1024 * 1024
LIMIT_MIB = 3072
QUIET_SHARE = 0.5  # of one core


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--settle", type=float, default=60.0, help="longest wait for rest, seconds")


def run(target: Target, chosen: Namespace, tell: Tell) -> Result:
    tell("Waiting for the stack to come to rest")
    rested = _wait_for_rest(target.pid, chosen.settle)
    living = status.living(target.home)
    parts = {part.name: _mib([part.pid]) for part in living.parts if part.pid} if living else {}
    total = _mib([target.pid])
    return {
        "pss_mib": total,
        "limit_mib": LIMIT_MIB,
        "within": total < LIMIT_MIB,
        "rested": rested,
        "parts": parts,
    }


def _mib(pids: list[int]) -> int:
    return round(memory.tree_pss_bytes(pids) / MIB)


def _wait_for_rest(pid: int, patience_s: float) -> bool:
    """True when the stack used less than half a core over two seconds."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        before, began = _cpu_seconds(pid), time.monotonic()
        time.sleep(2.0)
        if (_cpu_seconds(pid) - before) / (time.monotonic() - began) < QUIET_SHARE:
            return True
    return False


def _cpu_seconds(pid: int) -> float:
    total = 0.0
    for member in memory.tree(pid):
        try:
            times = psutil.Process(member).cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total
