"""`faregate rules`: analysts' rules shown, changed, put in force and tried on the past."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.embedded.home import Home
from domain.errors import FaregateError
from domain.rules import Action, Mode, Rule

if TYPE_CHECKING:
    from app.rules.store import RuleStore

app = typer.Typer(name="rules", help="Analysts' rules; docs/rules.md explains them.", no_args_is_help=True)

RuleId = Annotated[str, typer.Argument(metavar="RULE", help="The rule's id, such as rule_card_testing.")]
Why = Annotated[str, typer.Option(help="Why, for those who ask later.")]
Share = Annotated[float, typer.Option(help="Part of the riders it acts on, 0 to 1.")]
Expires = Annotated[
    str, typer.Option(help="When it ends, e.g. 2027-01-31T00:00:00Z, or 12h, 30d; never: never.")
]


class OptionRefused(FaregateError):
    """An option that cannot be read, or is missing."""


@app.command("list")
def show_all() -> None:
    """Show every rule with its hits, actions and failures of the last 24 hours."""
    from deploy.cli.rules_view import print_rules

    with _store() as store:
        print_rules(store.version(), store.current(), store.activity())


@app.command()
def show(rule_id: RuleId) -> None:
    """Show a rule and every version of it."""
    from deploy.cli.rules_view import print_rule

    with _store() as store:
        print_rule(store.find(rule_id), store.history(rule_id))


@app.command()
def add(
    rule_id: RuleId,
    *,
    expression: Annotated[str, typer.Option(help="What must be true, in CEL.")],
    action: Annotated[Action, typer.Option(help="What it does.")],
    points: Annotated[int | None, typer.Option(help="Of add_score, -99 to 99.")] = None,
    priority: Annotated[int, typer.Option(help="The highest goes first.")] = 0,
    owner: Annotated[str, typer.Option(help="Who answers for it; you, unless given.")] = "",
    expires: Expires = "never",
    note: Annotated[str, typer.Option(help="What it is for.")] = "",
    why: Why = "",
) -> None:
    """Keep a new rule as a draft; `shadow` and `promote` put it in force."""
    by = _who()
    rule = Rule(
        rule_id=rule_id,
        version=1,
        expression=expression,
        action=action,
        points=points,
        priority=priority,
        owner=owner or by,
        expires_at_ms=instant_ms(expires),
        note=note,
    )
    with _store() as store:
        _tell(store.add(rule, by=by, why=why))


@app.command()
def change(
    rule_id: RuleId,
    *,
    expression: Annotated[str | None, typer.Option(help="What must be true, in CEL.")] = None,
    action: Annotated[Action | None, typer.Option(help="What it does.")] = None,
    points: Annotated[int | None, typer.Option(help="Of add_score, -99 to 99.")] = None,
    priority: Annotated[int | None, typer.Option(help="The highest goes first.")] = None,
    owner: Annotated[str | None, typer.Option(help="Who answers for it.")] = None,
    expires: Annotated[str | None, typer.Option(help="When it ends, or never.")] = None,
    note: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    why: Why = "",
) -> None:
    """Make a new version of a rule, in the mode that it has; only what is given changes."""
    given: dict[str, Any] = {
        "expression": expression,
        "action": action,
        "points": points,
        "priority": priority,
        "owner": owner,
        "note": note,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    if expires is not None:
        changes["expires_at_ms"] = instant_ms(expires)
    if action not in (None, Action.ADD_SCORE):
        changes["points"] = None
    with _store() as store:
        _tell(store.change(rule_id, by=_who(), why=why, **changes))


@app.command()
def shadow(rule_id: RuleId, why: Why = "") -> None:
    """Let a rule be evaluated and recorded, without effect."""
    with _store() as store:
        _tell(store.set_mode(rule_id, Mode.SHADOW, by=_who(), why=why))


@app.command()
def promote(rule_id: RuleId, share: Share = 1.0, why: Why = "") -> None:
    """Let a rule act, on all riders or on a share of them."""
    with _store() as store:
        _tell(store.set_mode(rule_id, Mode.LIVE, share=share, by=_who(), why=why))


@app.command()
def retire(rule_id: RuleId, why: Why = "") -> None:
    """Make a rule a draft again: kept, never evaluated."""
    with _store() as store:
        _tell(store.set_mode(rule_id, Mode.DRAFT, by=_who(), why=why))


@app.command("test")
def try_on_the_past(
    rule_id: Annotated[str, typer.Argument(metavar="[RULE]", help="The rule's id.")] = "",
    since: Annotated[str, typer.Option("--from", help="First instant, or 12h, 30d ago.")] = "30d",
    until: Annotated[str, typer.Option("--to", help="The instant after the last, or now.")] = "now",
    expression: Annotated[str, typer.Option(help="An expression in place of a kept rule.")] = "",
    maturity_days: Annotated[
        float, typer.Option(help="Captured and so long without a chargeback counts as good.")
    ] = 90.0,
) -> None:
    """Try a rule on past decisions; the last line is JSON."""
    from deploy.cli.rules_view import run_back_test

    if bool(rule_id) == bool(expression):
        raise OptionRefused("Say which rule to test: its id, or --expression 'card_failures_1h >= 5'.")
    period = past_instant(since), past_instant(until)
    if period[0] >= period[1]:
        raise OptionRefused(f"--from {since} is not before --to {until}.")
    with _store() as store:
        rule = store.find(rule_id) if rule_id else _unkept(expression)
        run_back_test(store.connection, rule, *period, maturity_days=maturity_days)


def _unkept(expression: str) -> Rule:
    return Rule(rule_id="rule_unkept", version=1, expression=expression, action=Action.REVIEW, owner=_who())


@contextmanager
def _store() -> Iterator["RuleStore"]:
    from app.rules.store import RuleStore
    from deploy.cli.database import connect

    with connect(Home.from_env(os.environ), os.environ) as connection:
        yield RuleStore(connection)


def _who() -> str:
    from deploy.cli.who import who

    return who(os.environ)


def _tell(rule: Rule) -> None:
    share = f" for {rule.share:.0%} of riders" if rule.share < 1 else ""
    print(f"{rule.rule_id} is at version {rule.version}: {rule.mode}{share}.", file=sys.stderr)


def instant_ms(text: str) -> int | None:
    """A time to come, as an instant or a span from now; None for never."""
    if text == "never":
        return None
    span = _span(text)
    moment = datetime.now(UTC) + span if span else _instant(text)
    if moment <= datetime.now(UTC):
        raise OptionRefused(f"{text} is past: give a time to come, such as 30d.")
    return round(moment.timestamp() * 1000)


def past_instant(text: str) -> datetime:
    """An instant, a span before now, or now."""
    if text == "now":
        return datetime.now(UTC)
    span = _span(text)
    return datetime.now(UTC) - span if span else _instant(text)


def _span(text: str) -> timedelta | None:
    units = {"m": "minutes", "h": "hours", "d": "days"}
    if text[-1:] in units and text[:-1].isdecimal() and len(text) <= 6:
        return timedelta(**{units[text[-1]]: int(text[:-1])})
    return None


def _instant(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise OptionRefused(
            f"{text!r} is no time: write 2027-01-31T08:30:00Z, or a span such as 12h or 30d."
        ) from None
    if moment.tzinfo is None:
        raise OptionRefused(f"{text} has no offset: write {text}Z for UTC.")
    return moment.astimezone(UTC)
