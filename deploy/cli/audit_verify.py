"""`faregate audit verify`: every seal of the ledger computed again; exit code 1 if anything differs."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import to_builtins
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from deploy.cli.database import CONSOLE, conninfo
from deploy.embedded.errors import StackError
from deploy.embedded.home import Home


def verify(home: Home, env: Mapping[str, str]) -> int:
    """Of the database that PG* variables name, else of the local stack; the last line is JSON.

    The heads are read from FAREGATE_STATE_DIR, else from the local stack's folder.
    """
    from app.keeper.heads import HeadsFile

    folder = Path(env.get("FAREGATE_STATE_DIR") or home.host)
    if env.get("PGHOST") and not env.get("FAREGATE_STATE_DIR"):
        raise StackError("FAREGATE_STATE_DIR is not set: it says where the keeper of that database writes.")
    return report(conninfo(home, env, CONSOLE), HeadsFile(folder / "heads.jsonl"))


def report(where: str, heads: Any) -> int:
    from app.keeper.ledger_rows import connect
    from app.keeper.verification import verify as recompute

    console = Console(stderr=True)
    with connect("audit", where) as connection, _progress(console) as progress:
        task = progress.add_task("Recomputing", total=None, seals=0, rows=0)
        verified = recompute(
            connection, heads, lambda seals, rows: progress.update(task, seals=seals, rows=rows)
        )
    _tell(console, verified)
    print(json.dumps(to_builtins(verified) | {"ok": not verified.found}), flush=True)
    return 1 if verified.found else 0


def _tell(console: Console, verified: Any) -> None:
    for finding in verified.findings:
        console.print(f"{finding.kind}: {finding.where} {finding.what}", highlight=False, soft_wrap=True)
    found = sum(verified.found.values())
    counts = f"{verified.rows:,} rows in {verified.seals:,} seals, {verified.unsealed:,} rows wait for a seal"
    if not found:
        console.print(
            f"OK: {counts}; head {verified.number} is {verified.head}", highlight=False, soft_wrap=True
        )
        return
    if found > len(verified.findings):
        console.print(f"… and {found - len(verified.findings):,} more")
    console.print(f"{found:,} findings; {counts}. docs/ledger.md says what to do.", highlight=False)


def _progress(console: Console) -> Progress:
    words = TextColumn("{task.description} {task.fields[seals]:,} seals, {task.fields[rows]:,} rows")
    return Progress(words, TimeElapsedColumn(), console=console, transient=True)
