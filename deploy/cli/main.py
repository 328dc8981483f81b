"""The `faregate` command: each subcommand is a file of its own, loaded when it is called."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli import keys, lists, models, people, policy, rules
from deploy.embedded.home import Home
from domain.errors import FaregateError

app = typer.Typer(
    name="faregate",
    help="Real-time fraud decisions for ride-sharing payments.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


audit = typer.Typer(name="audit", help="Check the ledger's seals.", no_args_is_help=True)
for group in (rules.app, lists.app, keys.app, models.app, policy.app, people.app, audit):
    app.add_typer(group)


def main() -> None:
    try:
        app()
    except FaregateError as problem:
        print(f"faregate: {problem}", file=sys.stderr)
        sys.exit(1)


def here() -> Home:
    return Home.from_env(os.environ)


@app.command()
def up(
    detach: Annotated[
        bool, typer.Option(help="Go to the background and return when everything works.")
    ] = False,
    api_port: Annotated[int, typer.Option(help="The API's port; 0: last time's, or a free one.")] = 0,
    dashboard_port: Annotated[int, typer.Option(help="The dashboard's port; 0: as above.")] = 0,
    payments: Annotated[int, typer.Option(help="Payments in the history of the first start.")] = 30_000,
) -> None:
    """Start the whole stack here: Kafka, PostgreSQL, Flink, writer, relay, API, dashboard."""
    from deploy.cli import up as command

    wished = {"api": api_port, "dashboard": dashboard_port}
    options = command.options(wished, payments)
    sys.exit(command.detached(here(), options) if detach else command.foreground(here(), options))


@app.command()
def down(
    remove: Annotated[bool, typer.Option(help="Also delete the stack's state: all data, the model.")] = False,
) -> None:
    """Stop the stack and whatever a dead supervisor left behind."""
    from deploy.cli.down import down as command

    command(here(), remove=remove)


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> None:
    """Show each part of the stack, its memory, and the addresses."""
    from deploy.cli.show_status import show

    sys.exit(show(here(), as_json=as_json))


@app.command()
def doctor() -> None:
    """Say what is missing or wrong on this machine, and the command that mends it."""
    from deploy.cli.doctor import examine

    sys.exit(examine(here(), os.environ))


@app.command()
def env(
    role: Annotated[
        str, typer.Option(help="Whose: writer, learner, console, … (Feast wants writer).")
    ] = "writer",
    with_password: Annotated[
        bool,
        typer.Option("--with-password", help="Also PGPASSWORD, FAREGATE_API_KEY, FAREGATE_CONSOLE_PASSWORD."),
    ] = False,
) -> None:
    """Print what Feast, psql, Kafka or API clients need: eval "$(faregate env --with-password)"."""
    from deploy.cli.env import env as command

    command(here(), role=role, with_password=with_password)


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date: the one that PG* variables name, else the local stack's."""
    from deploy.cli.migrate import migrate as command

    command(here(), os.environ)


@app.command()
def schemas(
    check: Annotated[bool, typer.Option(help="Change nothing; fail when a file would change.")] = False,
) -> None:
    """Write docs/events from the code, unless an event breaks what its version promised."""
    from deploy.cli.schemas import schemas as command

    command(check=check)


@app.command()
def tail(
    topic: Annotated[str, typer.Argument(help="A topic, e.g. payments.decisions.v1.")],
    from_beginning: Annotated[bool, typer.Option(help="Start with the oldest message.")] = False,
    number: Annotated[int, typer.Option("-n", help="End after so many messages; 0: never.")] = 0,
    heartbeats: Annotated[bool, typer.Option(help="Also heartbeats and watermarks.")] = False,
) -> None:
    """Show a topic's messages as they come, decoded, one line each."""
    from deploy.cli.tail import Wanted
    from deploy.cli.tail import tail as command

    wanted = Wanted(topic=topic, from_beginning=from_beginning, number=number, heartbeats=heartbeats)
    command(here(), os.environ, wanted)


@app.command()
def simulate(
    *,
    rate: Annotated[float, typer.Option(help="Payments a second.")] = 10.0,
    seed: Annotated[int, typer.Option(help="Of the simulated city; the same seed, the same people.")] = 7,
    duration: Annotated[float, typer.Option(help="Seconds; 0: until stopped.")] = 0.0,
    time_scale: Annotated[
        float, typer.Option(help="Compresses label delay: 60 makes an hour a minute.")
    ] = 1.0,
    run_id: Annotated[str, typer.Option(help="Names the truth record in FAREGATE_HOME/simulator.")] = "",
    attack: Annotated[str, typer.Option(help="An attack to begin at --start: see docs/fraud.md.")] = "",
    attack_share: Annotated[float, typer.Option(help="Its payments, as a share of the rate.")] = 0.03,
    without: Annotated[list[str], typer.Option(help="An attack that never happens; may be repeated.")] = [],  # noqa: B006 - typer reads it once
    surge: Annotated[bool, typer.Option("--surge", help="A festival night from --start on.")] = False,
    cold_start: Annotated[str, typer.Option(help="new_riders, new_cards or new_city, from --start on.")] = "",
    start: Annotated[float, typer.Option(help="Seconds until what was asked for begins.")] = 0.0,
    analysts: Annotated[int, typer.Option(help="Simulated people who work the decisions under review.")] = 2,
    analyst_capacity: Annotated[float, typer.Option(help="Cases each of them takes a minute.")] = 3.0,
    analyst_error: Annotated[float, typer.Option(help="The share of their words that is wrong.")] = 0.05,
) -> None:
    """Let simulated riders pay at the running stack, and simulated analysts label what is under review."""
    from data_generator.analysts import Staff
    from data_generator.scenarios.programme import Programme
    from deploy.cli.simulate import Show
    from deploy.cli.simulate import simulate as command

    programme = Programme(
        attack=attack or None,
        attack_share=attack_share,
        without=frozenset(without),
        surge=surge,
        cold_start=cold_start or None,
        start_s=start,
    )
    show = Show(
        rate=rate,
        seed=seed,
        duration_s=duration,
        time_scale=time_scale,
        run_id=run_id or None,
        programme=programme,
        staff=Staff(analysts=analysts, a_minute=analyst_capacity, error=analyst_error),
    )
    command(here(), show)


@app.command()
def learn(
    every: Annotated[int, typer.Option(help="Seconds from one round to the next.")] = 180,
    once: Annotated[bool, typer.Option("--once", help="One round, and its result.")] = False,
    maturity: Annotated[
        str, typer.Option(help="When a payment without a chargeback counts as good: 90d, 36h, 5m.")
    ] = "",
) -> None:
    """Learn from what has become known: train candidates, put them to the gate, promote or roll back."""
    from deploy.cli.learn import learn as command

    command(here(), os.environ, every_s=every, once=once, maturity=maturity)


@app.command()
def train(
    from_ledger: Annotated[
        bool, typer.Option("--from-ledger", help="Learn from labelled decisions too.")
    ] = False,
    maturity: Annotated[str, typer.Option(help="When silence means good: 90d, 36h, 130s.")] = "90d",
    report: Annotated[str, typer.Option(help="Write an HTML report here; takes a minute more.")] = "",
    out: Annotated[str, typer.Option(help="Write the model's folder here, not into the registry.")] = "",
) -> None:
    """Train a model; it becomes a candidate in the registry."""
    from deploy.cli.train import Asked
    from deploy.cli.train import train as command

    asked = Asked(
        from_ledger=from_ledger,
        maturity=maturity,
        report=Path(report) if report else None,
        out=Path(out) if out else None,
    )
    command(here(), os.environ, asked)


@app.command("test-tokens")
def test_tokens() -> None:
    """Let a simulated rider pay once with each published test token, and show what each forces."""
    from deploy.cli.simulate import tour

    sys.exit(tour(here()))


@app.command()
def replay(
    since: Annotated[str, typer.Option("--from", help="First instant, e.g. 2026-11-25T08:30:00Z.")],
    until: Annotated[str, typer.Option("--to", help="The instant after the last.")],
    limit: Annotated[int, typer.Option(help="Look at so many decisions at most; 0: all.")] = 0,
    with_hindsight: Annotated[
        bool, typer.Option("--with-hindsight", help="Also with all that is known by now.")
    ] = False,
) -> None:
    """Compute past decisions again from raw events; the last line is JSON, exit code 1 if one differs."""
    from deploy.cli.replay import command, period_of

    period = period_of(since, until)
    sys.exit(command(here(), os.environ, period, limit=limit or None, hindsight=with_hindsight))


@app.command()
def why(
    decision_id: Annotated[str, typer.Argument(help="A decision_id out of a reply.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show all that a decision saw, what each of it did to the score, and a replay."""
    from deploy.cli.why import why as command

    command(here(), os.environ, decision_id, as_json=as_json)


@app.command("replay-decision")
def replay_decision(
    decision_id: Annotated[str, typer.Argument(help="A decision_id out of a reply.")],
) -> None:
    """Make a decision again from the ledger alone; exit code 1 if the reply is another."""
    from deploy.cli.why import replay_decision as command

    sys.exit(command(here(), os.environ, decision_id))


@audit.command()
def verify() -> None:
    """Compute every seal again and name whatever was changed; exit code 1 if anything was."""
    from deploy.cli.audit_verify import verify as command

    sys.exit(command(here(), os.environ))


@app.command()
def demo() -> None:
    """Start everything and watch fraud being blocked. DEMO_SECONDS=60 stops by itself."""
    from deploy.cli.demo import demo as command

    sys.exit(command(here(), os.environ))


@app.command(
    # The benchmark's own --help is its own.
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)
def bench(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A benchmark, `all` or `list`.")] = "list",
) -> None:
    """Run a benchmark; the last line of its output is one JSON object. `bench NAME --help` tells more."""
    from deploy.bench.runner import run

    sys.exit(run(name, context.args, here(), os.environ))


if __name__ == "__main__":
    main()
