"""How rules have done, by the decisions that they hit; and what reading that costs."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from ledger_rows import a_hit, add_decision, add_label, add_outcome
from rule_factories import a_rule

from app.rules.backtest import Part
from app.rules.standing import Standings, query, standings
from app.rules.store import RuleStore
from domain.events import to_ms
from domain.labels import Label

Ledger = psycopg.Connection[Any]
NOW = datetime.now(UTC).replace(microsecond=0)
AT = NOW - timedelta(days=2)
MONTH = timedelta(days=30)


@pytest.fixture
def ledger(conninfo: Callable[[str], str]) -> Iterator[Ledger]:
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def console(conninfo: Callable[[str], str]) -> Iterator[Ledger]:
    with psycopg.connect(conninfo("faregate_console"), autocommit=True) as connection:
        yield connection


def read(console: Ledger, **given: Any) -> Standings:
    return standings(console, since=NOW - MONTH, now_ms=to_ms(NOW), **given)


def decided(ledger: Ledger, *hits: dict[str, Any], **given: Any) -> dict[str, Any]:
    return add_decision(ledger, **{"decided_at": AT, "as_of_ms": to_ms(AT), "rules": list(hits), **given})


def test_precision_and_recall_are_of_what_is_known(ledger: Ledger, console: Ledger) -> None:
    for _ in range(3):
        add_outcome(ledger, decided(ledger, a_hit("rule_a")), "chargeback")
    add_label(ledger, decided(ledger, a_hit("rule_a")), "good")
    decided(ledger, a_hit("rule_a"))
    add_label(ledger, decided(ledger, a_hit("rule_b")), "fraud")
    add_outcome(ledger, decided(ledger), "chargeback")
    known = read(console)
    standing = known.of("rule_a")
    assert (standing.hit_count, standing.known, standing.precision) == (5, 4, 0.75)
    assert known.frauds == Part(count=5, amount_minor=5 * 1_850)
    assert standing.recall(known.frauds) == 0.6
    assert known.of("rule_b").precision == 1.0
    assert known.of("rule_none").precision is None
    assert known.of("rule_none").recall(Part()) is None


def test_silence_is_good_after_so_long(ledger: Ledger, console: Ledger) -> None:
    add_outcome(ledger, decided(ledger, a_hit("rule_a")), "captured")
    assert read(console).of("rule_a").known == 0
    assert read(console, maturity_days=1).of("rule_a").hits[Label.GOOD].count == 1


def test_what_a_rule_stopped_is_what_it_acted_on(ledger: Ledger, console: Ledger) -> None:
    add_label(ledger, decided(ledger, a_hit("rule_a"), verdict="decline"), "fraud")
    decided(ledger, a_hit("rule_a"), verdict="challenge")
    decided(ledger, a_hit("rule_a"), verdict="review")
    decided(ledger, a_hit("rule_a", acted=False), verdict="decline")
    standing = read(console).of("rule_a")
    assert (standing.acted, standing.stopped.count, standing.stopped_fraud.count) == (3, 2, 1)


def test_overlap_and_failures(ledger: Ledger, console: Ledger) -> None:
    decided(ledger, a_hit("rule_a"), a_hit("rule_b"), a_hit("rule_c"))
    decided(ledger, a_hit("rule_a"), a_hit("rule_c"))
    decided(ledger, evidence={"failed": ["rule_c"]})
    known = read(console)
    assert known.of("rule_a").most_overlap == ("rule_c", 1.0)
    assert known.of("rule_b").overlap == {"rule_a": 1, "rule_c": 1}
    assert known.of("rule_c").failures == 1
    assert known.of("rule_d").most_overlap is None


def test_neither_the_sandbox_nor_what_was_before_counts(ledger: Ledger, console: Ledger) -> None:
    old = NOW - timedelta(days=31)
    for given in ({"sandbox": True}, {"decided_at": old}):
        add_outcome(ledger, decided(ledger, a_hit("rule_a"), **given), "chargeback")
        add_label(ledger, decided(ledger, a_hit("rule_a"), **given), "fraud")
    known = read(console)
    assert (known.of("rule_a").hit_count, known.frauds.count) == (0, 0)


def test_of_labels_the_newest_says_what_is_fraud(ledger: Ledger, console: Ledger) -> None:
    taken_back = decided(ledger)
    for after_s, word in enumerate(("fraud", "good")):
        add_label(ledger, taken_back, word, after_s)
    again = decided(ledger)
    for after_s, word in enumerate(("good", "fraud")):
        add_label(ledger, again, word, after_s)
    assert read(console).frauds.count == 1


def test_a_changed_expression_begins_anew(ledger: Ledger, console: Ledger) -> None:
    store = RuleStore(console)
    store.add(a_rule(), by="ana")
    store.change("rule_a", by="bob", expression="amount > 50")
    store.change("rule_a", by="cai", note="of Friday")
    for version in (1, 2, 3):
        decided(ledger, a_hit("rule_a") | {"version": version})
    known = read(console)
    assert known.of("rule_a").hit_count == 2
    life = known.lives["rule_a"]
    assert (life.changed_by, life.expression_version) == ("cai", 2)
    assert life.made_at < life.changed_at


def test_of_many_hits_the_newest_are_read(
    ledger: Ledger, console: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        decided(ledger, a_hit("rule_a"))
    assert read(console).complete
    monkeypatch.setattr("app.rules.standing.MOST_HITS", 2)
    known = read(console)
    assert (known.of("rule_a").hit_count, known.complete) == (2, False)


def test_no_scan_of_the_ledger(ledger: Ledger, console: Ledger) -> None:
    """Of a day with 2,000 decisions, 20 of them with hits, only those are read."""
    decided(ledger)
    ledger.execute(
        "create temporary table one as select * from decisions;"
        "insert into decisions select (jsonb_populate_record(one, jsonb_build_object("
        "'decision_id', 'dec_' || n, 'transaction_id', 'txn_' || n, 'idempotency_key', 'txn_' || n,"
        "'rules', case when n % 100 = 0 then '[{\"rule_id\": \"rule_a\"}]'::jsonb else '[]' end))).*"
        " from one, generate_series(1, 2000) as n;"
        "insert into outcomes"
        " (outcome_id, transaction_id, decision_id, decided_at, outcome, occurred_at, amount_minor)"
        " select 'out_' || decision_id, transaction_id, decision_id, decided_at, 'captured', decided_at, 1"
        " from decisions;"
        "analyze decisions, outcomes, labels"
    )
    [held] = ledger.execute("select tableoid::regclass::text from decisions limit 1").fetchone() or [""]
    assert held.startswith("decisions")
    for name in ("hits_with_labels", "known_frauds", "rule_failures"):
        values = {"since": NOW - MONTH, "most": 100}
        plan = "\n".join(row[0] for row in console.execute(b"explain " + query(name), values))
        assert f"Seq Scan on {held}" not in plan, name
        assert "Seq Scan on outcomes" not in plan, name
