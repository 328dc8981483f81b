"""What the dial reads of a real ledger: labels, lots, rules, a sample, and the thresholds in force."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from ledger_rows import a_hit, add_decision, add_label, add_outcome

from app.policies.store import PolicyStore
from dashboard.database import open_pool
from dashboard.views.dial import reader as reader_module
from dashboard.views.dial.gathering import NO_MODEL
from dashboard.views.dial.reader import DialReader, query
from domain.display import DAY_MS
from domain.policy import Policy
from domain.thresholds import Thresholds
from scoring.dial.past import MOVED

Conninfo = Callable[[str], str]
AT = datetime.now(UTC) - timedelta(hours=5)
SIGNED = {"version": "mdl_a", "thresholds": {"review": 0.1, "challenge": 0.3, "decline": 0.7}}


@pytest.fixture
def owner(conninfo: Conninfo) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def reader(conninfo: Conninfo) -> Iterator[DialReader]:
    with open_pool(conninfo("faregate_console")) as pool:
        yield DialReader(pool, 90 * DAY_MS)


def test_what_is_in_force_is_read(reader: DialReader, owner: psycopg.Connection[Any]) -> None:
    assert (reader.standing().champion, reader.standing().policy) == (None, None)
    owner.execute(
        "insert into models (version, kind, signature, seal, data_from, data_until, code_version, metrics,"
        " registered_by) values ('mdl_a', 'offline', %s, '', now(), now(), '', '{}', 'ana')",
        (json.dumps(SIGNED).encode(),),
    )
    owner.execute(
        "insert into model_moves (version, from_state, to_state, moved_by)"
        " values ('mdl_a', null, 'candidate', 'ana'), ('mdl_a', 'candidate', 'champion', 'ana')"
    )
    own = Thresholds(review=0.1, challenge=0.3, decline=0.7)
    assert reader.standing().present.thresholds == own
    version = PolicyStore(owner).apply(Policy(review=0.2, challenge=0.2, decline=0.9), by="lea", why="try")
    standing = reader.standing()
    assert (standing.version, standing.is_own, standing.history[0].why) == (version, False, "try")
    assert standing.present.thresholds == Thresholds(review=0.2, challenge=0.2, decline=0.9)


def test_payments_come_with_all_that_is_known_of_them(
    reader: DialReader, owner: psycopg.Connection[Any]
) -> None:
    assert reader.period(7).past is None

    def paid(probability: float | None, verdict: str = "approve", **given: Any) -> dict[str, Any]:
        return add_decision(owner, decided_at=AT, probability=probability, verdict=verdict, **given)

    add_outcome(owner, paid(0.02), "captured")
    add_outcome(owner, paid(0.03), "chargeback")
    add_label(owner, paid(0.4, "challenge"), "good")
    add_label(owner, paid(0.04), "fraud")
    paid(
        0.9, "decline", evidence={"list_entry": {"entry_id": "entry_a", "list": "block", "field": "card_id"}}
    )
    paid(0.5, "review", rules=[a_hit("rule_a")])
    paid(0.8, evidence={"pass_through": {"instead_of": "decline", "propensity": 0.1, "drawn": True}})
    paid(None)
    paid(0.99, "decline", sandbox=True)
    add_decision(owner, decided_at=AT - timedelta(days=8), probability=0.77)
    period = reader.period(7)
    past = period.past
    assert past is not None
    assert sorted(past.probabilities) == [0.02, 0.03, 0.04, 0.4, 0.5, 0.8, 0.9]
    assert (past.frauds, past.goods, period.one_in, period.left_out) == (2, 1, 1.0, {NO_MODEL: 1})
    fixed = dict(zip(past.probabilities.tolist(), past.fixed.tolist(), strict=True))
    assert {p: place for p, place in fixed.items() if place != MOVED} == {0.9: 3, 0.5: 1}
    chances = dict(zip(past.probabilities.tolist(), past.chances.tolist(), strict=True))
    assert (chances[0.03], chances[0.04], chances[0.4]) == (1.0, 1.0, 0.0)
    assert 0 < chances[0.02] < 0.02
    midnight = AT.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    of_its_day = (min(midnight, datetime.now(UTC)) - AT) / timedelta(days=1)
    assert past.span_days == pytest.approx(of_its_day, abs=0.01)


def test_a_large_ledger_is_sampled_and_frauds_are_all_there(
    reader: DialReader, owner: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(200):
        add_decision(owner, decided_at=AT, probability=0.01)
    for _ in range(5):
        add_outcome(owner, add_decision(owner, decided_at=AT, probability=0.2), "chargeback")
    [kept] = owner.execute(query("bytes_of_days"), {"since": AT - timedelta(days=7)}).fetchone() or [0]
    monkeypatch.setattr(reader_module, "MOST_BYTES", kept // 4)
    first, again = reader.period(7), reader.period(7)
    assert first.one_in == pytest.approx(4.0, abs=0.1)
    assert first.past is not None
    assert again.past is not None
    assert 5 < len(first.past) < 170
    assert len(first.past) == len(again.past)  # the same sample at each look
    assert first.past.frauds == 5
    assert set(first.past.weights.round(1)) == {1.0, round(first.one_in, 1)}


def test_when_too_much_was_questioned_only_whole_days_count(
    reader: DialReader, owner: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for hours in range(6):
        add_decision(owner, decided_at=AT - timedelta(hours=hours), probability=0.4, verdict="review")
        add_decision(owner, decided_at=AT - timedelta(hours=hours), probability=0.01)
    monkeypatch.setattr(reader_module, "MOST_SPOKEN_OF", 3)
    past = reader.period(7).past
    assert past is not None
    assert len(past) == 6


def test_payments_that_were_spoken_of_are_looked_up_by_id(owner: psycopg.Connection[Any]) -> None:
    owner.execute("set enable_seqscan = off")
    values = {"since": AT - timedelta(days=30), "until": datetime.now(UTC), "most": 100}
    plan = owner.execute(b"explain " + query("spoken_of"), values).fetchall()
    text = "\n".join(line for (line,) in plan)
    assert "Seq Scan on decisions" not in text
    assert "Index Scan using decisions_other" in text
