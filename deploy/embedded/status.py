"""What a running supervisor tells the world in a file, and whether the teller is still there."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from deploy.embedded.home import Home, read_json, write_json


@dataclass(frozen=True, kw_only=True)
class PartStatus:
    name: str
    state: str
    pid: int | None = None
    restarts: int = 0
    port: int | None = None
    last_end: str | None = None


@dataclass(frozen=True, kw_only=True)
class StackStatus:
    pid: int
    pid_started: int  # clock ticks since boot: a pid alone may be somebody else's by now
    state: str  # starting | ready | stopping | failed
    started_at: str
    instance: str
    detail: str | None = None
    parts: tuple[PartStatus, ...] = ()
    urls: Mapping[str, str] = field(default_factory=dict)


def write(home: Home, status: StackStatus) -> None:
    write_json(home.status, asdict(status))


def read(home: Home) -> StackStatus | None:
    content: dict[str, Any] = read_json(home.status)
    if not content:
        return None
    parts = tuple(PartStatus(**part) for part in content.pop("parts"))
    return StackStatus(**content, parts=parts)


def process_started(pid: int) -> int | None:
    """When the process began, in clock ticks since boot; None when there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])


def is_alive(status: StackStatus) -> bool:
    return process_started(status.pid) == status.pid_started


def living(home: Home) -> StackStatus | None:
    """The status of the supervisor that runs on this home, if one does."""
    status = read(home)
    return status if status and is_alive(status) else None
