"""`faregate people`: who may sign in to the console, added and changed by the owner."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from app.desk.people import Role
from deploy.embedded.home import Home

if TYPE_CHECKING:
    from app.desk.people_store import Listed, PeopleStore

app = typer.Typer(
    name="people",
    help="Who may sign in to the console; docs/console.md explains roles.",
    no_args_is_help=True,
)

_HEADINGS = ("person", "name", "role", "signs in by", "since", "last sign-in", "state")
PersonId = Annotated[str, typer.Argument(metavar="PERSON", help="Short and lasting: the ledger names it.")]
OfRole = Annotated[
    Role, typer.Argument(help="analyst: works cases; lead: also rules and models; admin: all.")
]


@app.command()
def add(
    person_id: PersonId,
    role: OfRole,
    *,
    name: Annotated[str, typer.Option(help="As the console shows it; else the id, capitalised.")] = "",
    email: Annotated[
        str, typer.Option(help="Signs in at the OpenID provider, which tells this address.")
    ] = "",
) -> None:
    """Let somebody in; without --email a password is made and shown, once."""
    from app.desk.passwords import new_password

    password = None if email else new_password()
    with _store() as store:
        store.add(
            person_id, name=name or person_id.title(), role=role, email=email or None, password=password
        )
    print(f"{person_id} may sign in as {role}.", file=sys.stderr)
    if password:
        print(password)


@app.command("list")
def show_all() -> None:
    """Show everybody, without passwords, which nobody can show."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*_HEADINGS, box=None)
    with _store() as store:
        for person in store.everybody():
            table.add_row(*_row(person))
    Console().print(table)


@app.command("role")
def set_role(person_id: PersonId, role: OfRole) -> None:
    """Give somebody another role, from their next click on."""
    with _store() as store:
        store.set_role(person_id, role)
    print(f"{person_id} is {role} now.", file=sys.stderr)


@app.command("password")
def set_password(person_id: PersonId) -> None:
    """Make a new password and show it, once; open sessions end."""
    from app.desk.passwords import new_password

    password = new_password()
    with _store() as store:
        store.set_password(person_id, password)
    print(password)


@app.command()
def disable(person_id: PersonId) -> None:
    """Let somebody in no more, at once; what they did stays on record."""
    with _store() as store:
        store.disable(person_id)
    print(f"{person_id} may not sign in any more.", file=sys.stderr)


def _row(person: "Listed") -> tuple[str, ...]:
    state = f"disabled {_day(person.disabled_at)}" if person.disabled_at else "active"
    by = {"email": person.email or "", "": "nothing"}.get(person.signs_in, person.signs_in)
    last = f"{person.signed_in_at:%Y-%m-%d %H:%M}" if person.signed_in_at else "never"
    return person.person_id, person.name, person.role, by, _day(person.created_at), last, state


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"


@contextmanager
def _store() -> Iterator["PeopleStore"]:
    from app.desk.people_store import PeopleStore
    from deploy.cli.database import connect
    from deploy.cli.who import who
    from deploy.embedded.passwords import OWNER

    with connect(Home.from_env(os.environ), os.environ, OWNER) as connection:
        yield PeopleStore(connection, by=who(os.environ))
