"""`faregate lists`: block and allow lists shown and changed."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.rules import Expires, instant_ms
from deploy.cli.rules_desk import Why
from deploy.embedded.home import Home

if TYPE_CHECKING:
    from app.rules.list_store import ListedEntry, ListStore

app = typer.Typer(
    name="lists", help="Block and allow lists; docs/rules.md explains them.", no_args_is_help=True
)


class ListChoice(StrEnum):
    BLOCK = "block"
    ALLOW = "allow"


@app.command()
def add(
    to: Annotated[ListChoice, typer.Argument(metavar="LIST", help="block or allow.")],
    values: Annotated[
        list[str], typer.Argument(help="card_…, usr_…, dev_… or emh_…; - reads lines from stdin.")
    ],
    expires: Expires = "never",
    why: Why = "",
) -> None:
    """Put cards, riders, devices or hashes of e-mail addresses on a list."""
    wanted = [line.strip() for line in sys.stdin if line.strip()] if values == ["-"] else values
    with _store() as store:
        entries = store.add(to.value, wanted, expires_at_ms=instant_ms(expires), by=_who(), why=why)
        for entry in entries:
            print(f"{entry.entry_id} {entry.list} {entry.value}")


@app.command()
def remove(
    entry_ids: Annotated[list[str], typer.Argument(metavar="ENTRY...", help="Ids of entries.")], why: Why = ""
) -> None:
    """Take entries off their lists."""
    with _store() as store:
        version = store.remove(entry_ids, by=_who(), why=why)
        print(f"{len(entry_ids)} removed; the lists are at version {version}.", file=sys.stderr)


@app.command()
def show(value: Annotated[str, typer.Argument(help="A value or the id of an entry.")]) -> None:
    """Show all that was ever said of a value, removed entries too."""
    with _store() as store:
        _print(store.entries(value=value, with_removed=True))


@app.command("list")
def show_all(
    of: Annotated[ListChoice | None, typer.Argument(metavar="[LIST]", help="block or allow.")] = None,
    limit: Annotated[int, typer.Option(help="Show so many, the newest first.")] = 200,
) -> None:
    """Show the entries, the newest first."""
    with _store() as store:
        _print(store.entries(list_name=of.value if of else None, limit=limit))


def _print(entries: "list[ListedEntry]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("entry", "list", "value", "expires", "by", "at", "why", "removed")
    for entry in entries:
        expires = f"{entry.expires_at:%Y-%m-%d %H:%M}" if entry.expires_at else "never"
        table.add_row(
            entry.entry_id, entry.list, entry.value, expires, entry.changed_by,
            f"{entry.added_at:%Y-%m-%d %H:%M}", entry.why, "yes" if entry.removed else "",
        )  # fmt: skip
    Console().print(table if entries else "There is no such entry.")


@contextmanager
def _store() -> "Iterator[ListStore]":
    from app.rules.list_store import ListStore
    from deploy.cli.database import connect

    with connect(Home.from_env(os.environ), os.environ) as connection:
        yield ListStore(connection)


def _who() -> str:
    from deploy.cli.who import who

    return who(os.environ)
