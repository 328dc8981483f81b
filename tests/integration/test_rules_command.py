"""`faregate rules` and `faregate lists` as people use them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from ledger_rows import a_hit, add_decision, add_label
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner, Result

from app.rules.errors import ListRefused, RuleRefused
from deploy.cli import lists, rules
from deploy.embedded.errors import StackError

Run = Callable[..., Result]


@pytest.fixture
def run(conninfo: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on the database of the test; what a command raises is raised."""
    for name, value in conninfo_to_dict(conninfo("faregate_console")).items():
        variable = {"dbname": "PGDATABASE", "sslmode": "PGSSLMODE"}.get(name, f"PG{name.upper()}")
        monkeypatch.setenv(variable, str(value))
    monkeypatch.setenv("FAREGATE_ANALYST", "ana")
    monkeypatch.setenv("COLUMNS", "200")

    def command(*words: str, stdin: str = "") -> Result:
        app = {"rules": rules.app, "lists": lists.app}[words[0]]
        return CliRunner().invoke(app, list(words[1:]), input=stdin, catch_exceptions=False)

    return command


def test_the_life_of_a_rule(run: Run) -> None:
    added = run(
        "rules", "add", "rule_a", "--expression", "amount > 5", "--action", "review", "--why", "tried"
    )
    assert "rule_a is at version 1: draft." in added.stderr
    assert "version 2: shadow." in run("rules", "shadow", "rule_a").stderr
    live = run("rules", "promote", "rule_a", "--share", "0.25", "--break-glass", "--why", "an attack")
    assert "version 3: live for 25% of riders." in live.stderr
    noted = run("rules", "change", "rule_a", "--note", "of Friday", "--expires", "30d")
    assert "version 4: live for 25% of riders." in noted.stderr
    run("rules", "change", "rule_a", "--action", "add_score", "--points", "7", "--priority", "3")
    changed = run("rules", "change", "rule_a", "--action", "decline", "--expires", "never")
    assert "version 6: shadow." in changed.stderr
    assert "version 7: draft." in run("rules", "retire", "rule_a").stderr
    shown = run("rules", "show", "rule_a").stdout
    assert "rule_a, version 7" in shown
    assert "add_score +7" in shown
    assert "live, 25%" in shown
    assert "ana" in shown
    assert "tried" in shown


def test_a_rule_goes_live_by_two_people(
    run: Run, conninfo: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("rules", "add", "rule_a", "--expression", "amount > 5", "--action", "review")
    with pytest.raises(RuleRefused, match="`faregate rules test rule_a` first"):
        run("rules", "propose", "rule_a")
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as owner:
        add_decision(owner, decided_at=datetime.now(UTC) - timedelta(hours=1), amount=9.0)
    tried = json.loads(run("rules", "test", "rule_a", "--from", "2h").stdout.splitlines()[-1])
    assert tried["back_test"].startswith("bt_")
    proposed = run("rules", "propose", "rule_a", "--share", "0.5", "--why", "cards from a list")
    assert "rule_a is proposed for 50% of riders" in proposed.stderr
    assert "rule_a for 50% of riders, by ana" in run("rules", "waiting").stdout
    with pytest.raises(RuleRefused, match="ana proposed rule_a: a second person must approve it"):
        run("rules", "approve", "rule_a")
    monkeypatch.setenv("FAREGATE_ANALYST", "bob")
    assert "version 2: live for 50% of riders." in run("rules", "approve", "rule_a").stderr
    assert "version 3: live for 10% of riders." in run("rules", "promote", "rule_a", "--share", "0.1").stderr
    assert run("rules", "waiting").stdout == ""
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as owner:
        told = owner.execute("select person_id, action from audit_trail order by audit_id").fetchall()
    assert told == [
        ("ana", "rule.add"),
        ("ana", "rule.back_test"),
        ("ana", "rule.propose"),
        ("bob", "rule.approve"),
        ("bob", "rule.change"),
    ]


def test_a_proposal_is_refused(run: Run, conninfo: Callable[[str], str]) -> None:
    run("rules", "add", "rule_a", "--expression", "amount > 5", "--action", "review")
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as owner:
        add_decision(owner, decided_at=datetime.now(UTC) - timedelta(hours=1))
    run("rules", "test", "rule_a", "--from", "2h")
    run("rules", "propose", "rule_a")
    assert (
        "The proposal of rule_a is refused." in run("rules", "refuse", "rule_a", "--why", "too wide").stderr
    )
    with pytest.raises(RuleRefused, match="nobody proposed rule_a"):
        run("rules", "refuse", "rule_a")


def test_the_list_of_rules_shows_what_they_did(run: Run, conninfo: Callable[[str], str]) -> None:
    assert "There are no rules yet" in run("rules", "list").stdout
    run("rules", "add", "rule_a", "--expression", "amount > 5", "--action", "review")
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as owner:
        now = datetime.now(UTC)
        for _ in range(3):
            add_decision(owner, decided_at=now, rules=[a_hit("rule_a", acted=False)])
        add_decision(owner, decided_at=now, evidence={"failed": ["rule_a"]})
    _, line, expression = run("rules", "list").stdout.splitlines()
    assert line == "rule_a  draft, review, priority 0; hits 3, acted 0, failed 1"
    assert expression.strip() == "amount > 5"


def test_a_back_test_ends_with_one_line_of_json(run: Run, conninfo: Callable[[str], str]) -> None:
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as owner:
        at = datetime.now(UTC) - timedelta(hours=1)
        add_label(owner, add_decision(owner, decided_at=at, amount=9.0), "fraud")
        add_decision(owner, decided_at=at, amount=1.0)
    done = run("rules", "test", "--expression", "amount > 5", "--from", "2h")
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["decisions"], found["hits"]["fraud"]) == (2, {"count": 1, "amount_minor": 1850})
    assert "fraud caught: 1 ($18.50) of 1 ($18.50)" in done.stderr
    run("rules", "add", "rule_a", "--expression", "amount > 0.5", "--action", "review")
    kept = run("rules", "test", "rule_a", "--from", "2h", "--to", "now")
    assert json.loads(kept.stdout.splitlines()[-1])["hits"]["unknown"]["count"] == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["test"], "Say which rule to test"),
        (["test", "rule_a", "--expression", "amount > 1"], "Say which rule to test"),
        (["test", "rule_a"], "there is no rule rule_a"),
        (["test", "--expression", "amount > 1"], "no decision was made"),
        (["test", "--expression", "amount > 1", "--from", "2h", "--to", "3h"], "is not before"),
        (["test", "--expression", "amount > 1", "--from", "yesterday"], "'yesterday' is no time"),
        (["test", "--expression", "amount > 1", "--from", "2026-01-01T00:00:00"], "has no offset"),
        (["promote", "rule_a"], "there is no rule rule_a"),
        (["promote", "rule_a", "--break-glass"], "say why"),
        (["propose", "rule_a"], "there is no rule rule_a"),
        (["approve", "rule_a"], "nobody proposed rule_a"),
        (
            ["add", "rule_a", "--expression=amount > 1", "--action=review", "--expires=2020-01-01T00:00Z"],
            "is past",
        ),
        (["add", "rule_a", "--expression", "amout > 1", "--action", "review"], "did you mean amount"),
    ],
)  # fmt: skip
def test_refusals_say_what_to_do(run: Run, words: list[str], told: str) -> None:
    with pytest.raises((RuleRefused, rules.OptionRefused), match=told):
        run("rules", *words)


def test_the_life_of_a_list_entry(run: Run) -> None:
    added = run("lists", "add", "block", "card_x", "usr_x", "--expires", "12h", "--why", "stolen").stdout
    [card, rider] = [line.split() for line in added.splitlines()]
    assert card[1:] == ["block", "card_x"]
    run("lists", "add", "allow", "-", stdin="dev_x\n\ndev_y\n")
    everything = run("lists", "list").stdout
    assert all(value in everything for value in ("card_x", "usr_x", "dev_x", "dev_y", "stolen", "ana"))
    assert "card_x" not in run("lists", "list", "allow").stdout
    assert "1 removed" in run("lists", "remove", card[0]).stderr
    assert "card_x" not in run("lists", "list").stdout
    assert "yes" in run("lists", "show", "card_x").stdout
    assert "There is no such entry." in run("lists", "show", "card_none").stdout
    with pytest.raises(ListRefused, match="nothing was removed"):
        run("lists", "remove", rider[0], "entry_none")


def test_a_database_that_is_away_is_told_in_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "1")
    with pytest.raises(StackError, match=r"PostgreSQL does not answer: .*PG\* variables"):
        run("rules", "list")
