"""`faregate status`: the parts, their memory, and where they listen."""

import json
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.embedded import memory, status
from deploy.embedded.home import Home

MIB = 1024 * 1024


def show(home: Home, *, as_json: bool) -> int:
    """Exit code 0 when everything works, 3 when nothing runs, 1 when something is not ready."""
    living = status.living(home)
    if as_json:
        print(json.dumps(report(home, living)))
    elif living is None:
        Console().print(f"Nothing runs on {home.root}. `faregate up` starts the stack.")
    else:
        _print(living)
    if living is None:
        return 3
    healthy = living.state == "ready" and all(part.state == "ready" for part in living.parts)
    return 0 if healthy else 1


def report(home: Home, living: status.StackStatus | None) -> dict[str, Any]:
    if living is None:
        return {"state": "down", "home": str(home.root)}
    parts = [{**asdict(part), "pss_mib": _pss_mib(part.pid)} for part in living.parts]
    return {
        **asdict(living),
        "home": str(home.root),
        "parts": parts,
        "pss_mib": round(memory.tree_pss_bytes([living.pid]) / MIB),
    }


def _pss_mib(pid: int | None) -> int | None:
    return round(memory.tree_pss_bytes([pid]) / MIB) if pid else None


def _print(living: status.StackStatus) -> None:
    console = Console()
    table = Table(title=f"{living.state}, pid {living.pid}, since {living.started_at[:19]}Z")
    for column in ("part", "state", "pid", "restarts", "port", "memory", "last end"):
        table.add_column(column)
    for part in living.parts:
        mib = _pss_mib(part.pid)
        cells = (part.pid, part.restarts, part.port, None if mib is None else f"{mib} MiB", part.last_end)
        table.add_row(part.name, part.state, *("" if cell is None else str(cell) for cell in cells))
    console.print(table)
    console.print(f"all together {memory.tree_pss_bytes([living.pid]) / MIB:.0f} MiB", highlight=False)
    for name, url in living.urls.items():
        console.print(f"{name:<10} {url}", highlight=False)
