"""How much memory a process tree really takes: proportional set size, shared pages counted once."""

from collections.abc import Iterable
from pathlib import Path

import psutil

KIB = 1024


def pss_bytes(pid: int) -> int:
    """0 for a process that is gone or that we may not look at."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    for line in rollup.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * KIB
    return 0


def tree(pid: int) -> list[int]:
    """The process and all its descendants."""
    try:
        root = psutil.Process(pid)
        return [pid, *(child.pid for child in root.children(recursive=True))]
    except psutil.NoSuchProcess:
        return []


def tree_pss_bytes(pids: Iterable[int]) -> int:
    return sum(pss_bytes(member) for member in {member for pid in pids for member in tree(pid)})
