"""`faregate keys`: the API keys of callers, made, shown and revoked by the owner."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.embedded.home import Home

if TYPE_CHECKING:
    import psycopg

    from app.access.store import StoredKey

app = typer.Typer(name="keys", help="API keys; docs/decision-api.md explains them.", no_args_is_help=True)

ROLE = "faregate_owner"
_HEADINGS = ("key", "caller", "state", "scopes", "calls/s", "burst", "expires")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Of the calling service; two of its keys may live at once.")],
    *,
    tenant: Annotated[str, typer.Option(help="Whose decisions and idempotency keys it sees.")] = "local",
    scope: Annotated[
        list[str], typer.Option(help="decide, outcome, read, label or metrics; may be repeated.")
    ] = ["decide", "outcome", "read"],  # noqa: B006 - typer reads it once
    test: Annotated[bool, typer.Option("--test", help="May use the published test tokens.")] = False,
    signed: Annotated[bool, typer.Option("--signed", help="Every call must be signed.")] = False,
    rate: Annotated[int, typer.Option(help="Calls a second.")] = 500,
    burst: Annotated[int, typer.Option(help="Calls at once.")] = 1_000,
    days: Annotated[int, typer.Option(help="Until it expires; 0: never.")] = 0,
) -> None:
    """Make a key and show its secret, once: nobody can show it again."""
    from app.access.signature import signing_secret
    from app.access.store import KeyTerms
    from app.access.store import create as make

    master = _master() if signed else None
    terms = KeyTerms(
        tenant=tenant,
        name=name,
        scopes=scope,
        test=test,
        signed=signed,
        rate_per_s=rate,
        burst=burst,
        expires_at=datetime.now(UTC) + timedelta(days=days) if days else None,
    )
    with _database() as connection:
        key_id, secret = make(connection, terms)
    print(f"{key_id} is in force within a second.", file=sys.stderr)
    print(secret)
    if master:
        print(signing_secret(master, key_id))


@app.command("list")
def show_all() -> None:
    """Show every key, without its secret, which is kept nowhere."""
    from rich.console import Console
    from rich.table import Table

    from app.access.store import list_keys

    table = Table(*_HEADINGS, box=None)
    now = datetime.now(UTC)
    with _database() as connection:
        for key in list_keys(connection):
            table.add_row(*_row(key, now))
    Console().print(table)


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(metavar="KEY", help="The key's id, key_…")]) -> None:
    """End a key in every process within a second."""
    from app.access.store import revoke as end

    with _database() as connection:
        end(connection, key_id)
    print(f"{key_id} is revoked.", file=sys.stderr)


def _row(key: "StoredKey", now: datetime) -> tuple[str, ...]:
    marks = [mark for mark, is_so in (("test", key.test), ("signed", key.signed)) if is_so]
    expires = f"{key.expires_at:%Y-%m-%d %H:%M}" if key.expires_at else "never"
    caller, state = f"{key.tenant}/{key.name}", " ".join([key.state(now), *marks])
    return key.key_id, caller, state, " ".join(key.scopes), str(key.rate_per_s), str(key.burst), expires


def _master() -> bytes:
    from app.access.signature import MasterSecretRefused, read_master

    file = os.environ.get("FAREGATE_SIGNING_SECRET_FILE")
    if not file:
        raise MasterSecretRefused(
            "Signed keys need a signing secret: set FAREGATE_SIGNING_SECRET_FILE to a file of 32 random "
            "bytes or more, for this command and for the API."
        )
    return read_master(Path(file))


@contextmanager
def _database() -> Iterator["psycopg.Connection"]:
    from deploy.cli.database import connect

    with connect(Home.from_env(os.environ), os.environ, ROLE) as connection:
        yield connection
