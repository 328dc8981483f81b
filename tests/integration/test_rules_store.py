"""Rules kept in PostgreSQL: versions, what was in force when, and what is refused."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from event_factories import NOW_MS
from ledger_rows import a_hit, add_decision
from rule_factories import a_rule

from app.rules import starter
from app.rules.errors import RuleRefused
from app.rules.store import Activity, RuleStore
from app.rules.version import newest_versions
from domain.rules import Action, Mode

Conninfo = Callable[[str], str]


@pytest.fixture
def console(conninfo: Conninfo) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(conninfo("faregate_console"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def store(console: psycopg.Connection[Any]) -> RuleStore:
    return RuleStore(console)


def test_a_rule_comes_back_as_it_was_kept(store: RuleStore) -> None:
    rule = a_rule(
        action=Action.ADD_SCORE, points=-7, priority=3, mode=Mode.SHADOW, share=0.25,
        expires_at_ms=NOW_MS + 123, note="ünï", version=9,
    )  # fmt: skip
    kept = store.add(rule, by="ana", why="tried")
    assert kept.version == 1
    assert store.current() == [kept]
    assert store.find("rule_a") == kept
    assert kept.expires_at_ms == NOW_MS + 123


def test_every_change_is_a_version_of_the_rule_and_of_the_rulebook(store: RuleStore) -> None:
    store.add(a_rule(), by="ana")
    first = store.version()
    store.change("rule_a", by="bob", why="too wide", expression="amount >= 50")
    store.set_mode("rule_a", Mode.DRAFT, by="bob")
    assert [rule.expression for rule in store.as_of(first)] == ["amount >= 5"]
    assert store.as_of(first - 1) == []
    [now] = store.current()
    assert (now.version, now.expression, now.mode) == (3, "amount >= 50", Mode.DRAFT)
    history = store.history("rule_a")
    assert [(kept.rule.version, kept.changed_by, kept.why) for kept in history] == [
        (3, "bob", ""),
        (2, "bob", "too wide"),
        (1, "ana", ""),
    ]
    assert history[0].rule == now
    assert history[0].rulebook_version == store.version()


def test_lists_do_not_move_the_rulebook(store: RuleStore, console: psycopg.Connection[Any]) -> None:
    store.add(a_rule(), by="ana")
    before = store.version()
    console.execute("insert into policy_changes (kind, changed_by) values ('lists', 'ana')")
    assert store.version() == before
    assert newest_versions(console).lists > before


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"rule_id": "a"}, "'a' is no id for a rule: it must be rule_"),
        ({"rule_id": "rule_" + "a" * 41}, "no id for a rule"),
        ({"rule_id": "rule_A"}, "no id for a rule"),
        ({"expression": "amount"}, "rule_a: column 1: amount is neither true nor false"),
        ({"action": Action.ADD_SCORE}, "rule_a: add_score needs points"),
        ({"action": Action.ADD_SCORE, "points": 100}, "add_score needs points"),
        ({"points": 3}, "points belong to add_score"),
        ({"share": 1.01}, "share is 1.01"),
        ({"share": float("nan")}, "share is nan"),
        ({"priority": 10**7}, "priority is"),
        ({"owner": ""}, "owner must have"),
        ({"note": "a" * 501}, "note at most 500"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_written(
    store: RuleStore, given: dict[str, Any], told: str
) -> None:
    with pytest.raises(RuleRefused, match=told):
        store.add(a_rule(**given), by="ana")
    assert (store.version(), store.current()) == (0, [])


def test_a_change_is_checked_like_a_new_rule(store: RuleStore) -> None:
    kept = store.add(a_rule(), by="ana")
    with pytest.raises(RuleRefused, match="did you mean amount"):
        store.change("rule_a", by="ana", expression="amout > 1")
    assert store.current() == [kept]


def test_a_known_id_an_unknown_id_and_no_change_are_refused(store: RuleStore) -> None:
    store.add(a_rule(), by="ana")
    before = store.version()
    with pytest.raises(RuleRefused, match="rule_a is there already"):
        store.add(a_rule(), by="ana")
    for act in (lambda: store.change("rule_b", by="ana", priority=1), lambda: store.find("rule_b")):
        with pytest.raises(RuleRefused, match="there is no rule rule_b: `faregate rules list`"):
            act()
    with pytest.raises(RuleRefused, match="nothing was changed"):
        store.change("rule_a", by="ana", priority=0)
    with pytest.raises(RuleRefused, match="who changes it"):
        store.change("rule_a", by="", priority=1)
    assert store.version() == before


def test_rules_in_force_are_bounded(store: RuleStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.rules.store.MAX_EVALUATED", 2)
    store.add(a_rule("rule_a"), by="ana")
    store.add(a_rule("rule_b", mode=Mode.SHADOW), by="ana")
    store.add(a_rule("rule_c", mode=Mode.DRAFT), by="ana")
    with pytest.raises(RuleRefused, match="2 rules are in shadow or live: retire one before rule_c"):
        store.set_mode("rule_c", Mode.SHADOW, by="ana")
    store.set_mode("rule_b", Mode.LIVE, by="ana")
    store.set_mode("rule_a", Mode.DRAFT, by="ana")
    assert store.set_mode("rule_c", Mode.LIVE, share=0.5, by="ana").share == 0.5


def test_kept_rules_are_bounded(store: RuleStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.rules.store.MAX_RULES", 1)
    store.add(a_rule("rule_a"), by="ana")
    with pytest.raises(RuleRefused, match="there are 1 rules"):
        store.add(a_rule("rule_b"), by="ana")


def test_writers_take_turns(conninfo: Conninfo, store: RuleStore) -> None:
    """Versions commit in their order, and no change gets lost."""
    store.add(a_rule(), by="ana")

    def change(priority: int) -> None:
        with psycopg.connect(conninfo("faregate_console"), autocommit=True) as connection:
            RuleStore(connection).change("rule_a", by=f"writer {priority}", priority=priority)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(change, range(1, 19)))
    history = store.history("rule_a")
    assert [kept.rule.version for kept in history] == list(range(19, 0, -1))
    versions = [kept.rulebook_version for kept in history]
    assert versions == sorted(versions, reverse=True)


def test_the_console_cannot_rewrite_what_was_in_force(
    store: RuleStore, console: psycopg.Connection[Any]
) -> None:
    store.add(a_rule(), by="ana")
    for statement in ("update rules set share = 0", "delete from rules", "delete from policy_changes"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            console.execute(statement.encode())


def test_activity_of_the_last_day(conninfo: Conninfo, store: RuleStore) -> None:
    now = datetime.now(UTC)
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as owner:
        for given in (
            {"rules": [a_hit("rule_a"), a_hit("rule_b", acted=False)], "decided_at": now},
            {"rules": [a_hit("rule_a")], "evidence": {"failed": ["rule_b", "rule_c"]}, "decided_at": now},
            {"rules": [a_hit("rule_a")], "decided_at": now, "sandbox": True},
            {"rules": [a_hit("rule_a")], "decided_at": now.replace(year=now.year - 1)},
        ):
            add_decision(owner, **given)
    assert store.activity() == {
        "rule_a": Activity(hits=2, acted=2),
        "rule_b": Activity(hits=1, failures=1),
        "rule_c": Activity(failures=1),
    }


def test_starter_rules_are_installed_once_and_only_where_there_are_none(
    store: RuleStore, console: psycopg.Connection[Any]
) -> None:
    assert starter.install(console) == len(starter.STARTER_RULES)
    assert {rule.rule_id for rule in store.current()} == {rule.rule_id for rule in starter.STARTER_RULES}
    store.set_mode("rule_card_testing", Mode.DRAFT, by="ana")
    assert starter.install(console) == 0
    assert store.find("rule_card_testing").mode is Mode.DRAFT


def test_starter_rules_are_installed_once_by_many(conninfo: Conninfo) -> None:
    def install(_: int) -> int:
        with psycopg.connect(conninfo("faregate_console"), autocommit=True) as connection:
            return starter.install(connection)

    with ThreadPoolExecutor(4) as pool:
        installed = list(pool.map(install, range(4)))
    assert sorted(installed) == [0, 0, 0, len(starter.STARTER_RULES)]
