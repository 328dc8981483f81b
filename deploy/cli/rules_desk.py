"""What the commands on rules share: where rules are kept, and who changes them."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.embedded.home import Home
from domain.rules import Rule

if TYPE_CHECKING:
    from app.desk.people import Person
    from app.rules.going_live import RuleDesk
    from app.rules.store import RuleStore

RuleId = Annotated[str, typer.Argument(metavar="RULE", help="The rule's id, such as rule_card_testing.")]
Why = Annotated[str, typer.Option(help="Why, for those who ask later.")]
Share = Annotated[float, typer.Option(help="Part of the riders it acts on, 0 to 1.")]


@contextmanager
def rule_store() -> Iterator["RuleStore"]:
    from app.rules.store import RuleStore
    from deploy.cli.database import connect

    with connect(Home.from_env(os.environ), os.environ) as connection:
        yield RuleStore(connection)


@contextmanager
def rule_desk() -> Iterator["RuleDesk"]:
    """Whoever works at this machine has its database, so may do everything; the audit trail says who did."""
    from app.rules.going_live import RuleDesk

    with rule_store() as store:
        yield RuleDesk(store.connection, here())


def here() -> "Person":
    from app.desk.people import Person, Role

    return Person(person_id=whoever(), name=whoever(), role=Role.ADMIN)


def whoever() -> str:
    from deploy.cli.who import who

    return who(os.environ)


def tell(rule: Rule) -> None:
    share = f" for {rule.share:.0%} of riders" if rule.share < 1 else ""
    print(f"{rule.rule_id} is at version {rule.version}: {rule.mode}{share}.", file=sys.stderr)
