"""Rules and their back-tests, written for people."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from msgspec import to_builtins
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from app.rules.backtest import BackTest, Part, Period, back_test, count_decisions
from app.rules.errors import RuleRefused
from app.rules.going_live import RuleDesk
from app.rules.store import Activity, RuleVersion
from deploy.cli.rules_desk import here
from domain.display import count, percent, timestamp
from domain.labels import Label
from domain.money import format_money
from domain.rules import Rule


def print_rules(version: int, rules: Sequence[Rule], activity: Mapping[str, Activity]) -> None:
    """Two lines a rule: long expressions would leave a table no room."""
    console = Console()
    if not rules:
        console.print("There are no rules yet: `faregate rules add --help`.")
        return
    console.print(f"Rulebook {version}; hits, actions and failures of the last 24 hours", highlight=False)
    for rule in sorted(rules, key=lambda rule: (-rule.priority, rule.rule_id)):
        seen = activity.get(rule.rule_id, Activity())
        did = f"hits {count(seen.hits)}, acted {count(seen.acted)}, failed {count(seen.failures)}"
        about = f"  {_mode(rule)}, {_action(rule)}, priority {rule.priority}; {did}"
        console.print(Text.assemble((rule.rule_id, "bold"), about), soft_wrap=True)
        console.print(f"    {rule.expression}", highlight=False, markup=False, soft_wrap=True)


def print_rule(rule: Rule, history: Sequence[RuleVersion]) -> None:
    console = Console()
    expires = timestamp(rule.expires_at_ms) if rule.expires_at_ms else "never"
    for name, value in (
        ("rule", f"{rule.rule_id}, version {rule.version}"),
        ("expression", rule.expression),
        ("action", f"{_action(rule)}, priority {rule.priority}"),
        ("mode", _mode(rule)),
        ("owner", rule.owner),
        ("expires", expires),
        ("note", rule.note or "-"),
    ):
        console.print(f"{name:<11}{value}", highlight=False, markup=False)
    table = Table("version", "rulebook", "mode", "action", "by", "at", "why", "expression")
    for kept in history:
        at = f"{kept.changed_at:%Y-%m-%d %H:%M}"
        table.add_row(
            str(kept.rule.version), str(kept.rulebook_version), _mode(kept.rule), _action(kept.rule),
            kept.changed_by, at, kept.why, kept.rule.expression,
        )  # fmt: skip
    console.print(table)


def run_back_test(
    connection: psycopg.Connection[Any], rule: Rule, period: Period, *, maturity_days: float, keep: bool
) -> None:
    """Tell what the rule would have done; a kept one's back-test is kept too, for a proposal to name."""
    console, began = Console(stderr=True), time.monotonic()
    found = _tried(connection, rule, period, maturity_days, console)
    for line in told(found):
        console.print(line, highlight=False)
    figures = to_builtins(found) | {"seconds": round(time.monotonic() - began, 2)}
    if keep:
        kept = RuleDesk(connection, here()).keep_back_test(rule, period, found)
        figures["back_test"] = kept.back_test_id
    print(json.dumps(figures))


def _tried(
    connection: psycopg.Connection[Any], rule: Rule, period: Period, maturity_days: float, console: Console
) -> BackTest:
    wanted = count_decisions(connection, period)
    if not wanted:
        asked = f"{period.since:%Y-%m-%dT%H:%M:%SZ} to {period.until:%Y-%m-%dT%H:%M:%SZ}"
        raise RuleRefused(f"no decision was made from {asked}: ask for another period")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("Trying", total=wanted)
        return back_test(
            connection,
            rule,
            period,
            now_ms=time.time_ns() // 1_000_000,
            maturity_days=maturity_days,
            on_progress=lambda done: progress.update(task, completed=done),
        )


def told(found: BackTest) -> list[str]:
    """The back-test in sentences."""
    frauds, caught = found.all[Label.FRAUD], found.hits[Label.FRAUD]
    lines = [
        f"{found.rule} hits {count(found.hit_count)} of {count(found.decisions)} decisions",
        f"fraud caught: {_part(caught)} of {_part(frauds)}",
        f"of these nothing stopped before: {_part(found.let_through[Label.FRAUD])}",
        f"good riders hit: {_part(found.hits[Label.GOOD])}",
        f"not known yet what became of: {_part(found.hits[Label.UNKNOWN])}",
    ]
    if found.hit_count:
        lines.append(f"stopped already: {percent(found.stopped_already / found.hit_count)} of the hits")
    lines += [f"{rule_id} acted on {count(hits)} of them" for rule_id, hits in found.most_overlap]
    if found.passed_over:
        lines.append(f"passed over for want of features: {count(found.passed_over)}")
    if found.failed:
        lines.append(f"failed on {count(found.failed)}")
    return lines


def _part(part: Part) -> str:
    return f"{count(part.count)} ({format_money(part.amount_minor)})"


def _mode(rule: Rule) -> str:
    return f"{rule.mode}, {rule.share:.0%}" if rule.share < 1 else str(rule.mode)


def _action(rule: Rule) -> str:
    return f"{rule.action} {rule.points:+d}" if rule.points is not None else str(rule.action)
