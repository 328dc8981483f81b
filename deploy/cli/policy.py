"""`faregate policy`: the thresholds that people set, shown and changed."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.cli.rules_desk import Why
from deploy.embedded.home import Home
from domain.display import timestamp
from domain.events import to_ms
from domain.policy import Policy, PolicyRefused

if TYPE_CHECKING:
    import psycopg

    from app.policies.store import PolicyVersion

app = typer.Typer(
    name="policy",
    help="Thresholds of review, challenge and decline that hold for every model; see docs/models.md.",
    no_args_is_help=True,
)
Cut = Annotated[float, typer.Option(help="The probability of fraud from which on it is given, 0 to 1.")]


@app.command("list")
def show_all() -> None:
    """Show every policy that was ever set, the newest first."""
    from app.policies.store import PolicyStore

    with _database() as connection:
        _print(PolicyStore(connection).history())


@app.command()
def show(version: Annotated[int, typer.Argument(help="Of a policy; 0: the one in force.")] = 0) -> None:
    """Show the policy in force, or one of the past."""
    from app.policies.store import PolicyStore

    with _database() as connection:
        store = PolicyStore(connection)
        policy = store.as_of(version) if version else store.current()
    if version and policy is None:
        raise PolicyRefused(f"there is no policy {version}: `faregate policy list` shows all")
    print(_sentence(policy))


@app.command("set")
def set_thresholds(
    *,
    review: Cut,
    challenge: Cut,
    decline: Cut,
    reviews_a_day: Annotated[int | None, typer.Option(help="What analysts can look at.")] = None,
    why: Why = "",
) -> None:
    """Let review, challenge and decline begin elsewhere, for every model, within a second."""
    policy = Policy(review=review, challenge=challenge, decline=decline, reviews_a_day=reviews_a_day)
    _apply(policy, why)


@app.command()
def clear(why: Why = "") -> None:
    """Let each model go by its own thresholds again."""
    _apply(Policy(), why)


def _apply(policy: Policy, why: str) -> None:
    from app.policies.dialling import set_policy
    from deploy.cli.rules_desk import here

    with _database() as connection:
        version = set_policy(connection, here(), policy, why=why)
    print(_sentence(Policy(**_cuts(policy), version=version)), file=sys.stderr)


def _cuts(policy: Policy) -> dict[str, Any]:
    return {name: getattr(policy, name) for name in ("review", "challenge", "decline", "reviews_a_day")}


def _sentence(policy: Policy | None) -> str:
    if policy is None:
        return "No policy was ever set: each model goes by its own thresholds."
    if policy.thresholds is None:
        return f"Policy {policy.version}: each model goes by its own thresholds."
    cuts = policy.thresholds
    reviews = "" if policy.reviews_a_day is None else f"; {policy.reviews_a_day:,} reviews a day"
    return (
        f"Policy {policy.version}: review from {cuts.review:g}, challenge from {cuts.challenge:g}, "
        f"decline from {cuts.decline:g}{reviews}."
    )


def _print(versions: "list[PolicyVersion]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("version", "review", "challenge", "decline", "reviews a day", "by", "at", "why")
    for each in versions:
        cells = ["" if value is None else f"{value:g}" for value in _cuts(each.policy).values()]
        if each.policy.thresholds is None:
            cells[0] = "each model's own"
        table.add_row(
            str(each.policy.version), *cells, each.changed_by, timestamp(to_ms(each.changed_at)), each.why
        )
    Console().print(table if versions else _sentence(None))


@contextmanager
def _database() -> "Iterator[psycopg.Connection[Any]]":
    from deploy.cli.database import connect

    with connect(Home.from_env(os.environ), os.environ) as connection:
        yield connection
