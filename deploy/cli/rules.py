"""`faregate rules`: analysts' rules shown, changed, put in force and tried on the past."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from deploy.cli import rules_approval
from deploy.cli.rules_desk import RuleId, Why, rule_desk, rule_store, tell, whoever
from domain.errors import FaregateError
from domain.rules import Action, Rule

app = typer.Typer(name="rules", help="Analysts' rules; docs/rules.md explains them.", no_args_is_help=True)
rules_approval.register(app)

Expires = Annotated[
    str, typer.Option(help="When it ends, e.g. 2027-01-31T00:00:00Z, or 12h, 30d; never: never.")
]


class OptionRefused(FaregateError):
    """An option that cannot be read, or is missing."""


@app.command("list")
def show_all() -> None:
    """Show every rule with its hits, actions and failures of the last 24 hours."""
    from deploy.cli.rules_view import print_rules

    with rule_store() as store:
        print_rules(store.version(), store.current(), store.activity())


@app.command()
def show(rule_id: RuleId) -> None:
    """Show a rule and every version of it."""
    from deploy.cli.rules_view import print_rule

    with rule_store() as store:
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
    """Keep a new rule as a draft; `shadow` watches it, `test` and `propose` are its way to be live."""
    rule = Rule(
        rule_id=rule_id,
        version=1,
        expression=expression,
        action=action,
        points=points,
        priority=priority,
        owner=owner or whoever(),
        expires_at_ms=instant_ms(expires),
        note=note,
    )
    with rule_desk() as desk:
        tell(desk.add(rule, why=why))


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
    """Make a new version of a rule; only what is given changes. A live rule that would act otherwise is in
    shadow then, and must be proposed again."""
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
    with rule_desk() as desk:
        tell(desk.change(rule_id, why=why, **changes))


@app.command()
def shadow(rule_id: RuleId, why: Why = "") -> None:
    """Let a rule be evaluated and recorded, without effect."""
    with rule_desk() as desk:
        tell(desk.shadow(rule_id, why=why))


@app.command()
def retire(rule_id: RuleId, why: Why = "") -> None:
    """Make a rule a draft again: kept, never evaluated."""
    with rule_desk() as desk:
        tell(desk.retire(rule_id, why=why))


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
    """Try a rule on past decisions, and keep the figures of one that is kept; the last line is JSON."""
    from app.rules.backtest import Period
    from deploy.cli.rules_view import run_back_test

    if bool(rule_id) == bool(expression):
        raise OptionRefused("Say which rule to test: its id, or --expression 'card_failures_1h >= 5'.")
    period = past_instant(since), past_instant(until)
    if period[0] >= period[1]:
        raise OptionRefused(f"--from {since} is not before --to {until}.")
    with rule_store() as store:
        rule = store.find(rule_id) if rule_id else _unkept(expression)
        asked = Period(since=period[0], until=period[1])
        run_back_test(store.connection, rule, asked, maturity_days=maturity_days, keep=bool(rule_id))


def _unkept(expression: str) -> Rule:
    return Rule(
        rule_id="rule_unkept", version=1, expression=expression, action=Action.REVIEW, owner=whoever()
    )


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
