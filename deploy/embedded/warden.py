"""Ends what a dead supervisor left behind; run on its own, it needs the standard library only.

Children die with their parent by themselves (`children.py`). Their children, such as the Python that Flink's
client starts, are found by a variable that all of them inherit.
"""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

MARK = "FAREGATE_INSTANCE"
PATIENCE_S = 10.0


def marked(instance_prefix: str) -> Iterator[int]:
    """Pids of live processes whose environment carries an instance that begins so."""
    wanted = f"{MARK}={instance_prefix}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid() and _carries(entry, wanted):
            yield int(entry.name)


def _carries(entry: Path, wanted: bytes) -> bool:
    try:
        environment = (entry / "environ").read_bytes()
    except OSError:  # gone, or somebody else's
        return False
    return any(setting.startswith(wanted) for setting in environment.split(b"\0"))


def end_marked(instance_prefix: str, *, patience_s: float = PATIENCE_S) -> list[int]:
    """Kills them until a look finds none; returns the pids that were found."""
    ended: dict[int, None] = {}
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        found = list(marked(instance_prefix))
        if not found:
            break
        for pid in found:
            ended[pid] = None
            _kill(pid)
        time.sleep(0.05)
    return list(ended)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def main(instance: str) -> None:
    """Waits for the end of its standard input, which the supervisor holds open, and then cleans up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while os.read(0, 4096):
        pass
    end_marked(instance)


if __name__ == "__main__":
    main(sys.argv[1])
