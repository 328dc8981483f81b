"""A word of an analyst that was taken back, or that says nothing, is none for whoever reads the ledger."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest
from event_factories import NOW_MS
from ledger_rows import add_decision, add_label, add_outcome
from psycopg.rows import dict_row

from app.rules.backtest import query as query_of_rules
from app.rules.backtest import truth_of
from domain.display import DAY_MS, HOUR_MS
from domain.events import from_ms
from domain.labels import Label
from scoring.learning.duel import query as query_of_learning
from scoring.learning.news import read_news
from scoring.learning.workshop import Workshop
from scoring.ledger_dataset import read_ledger

Connection = psycopg.Connection[Any]
DAY = timedelta(days=1)
LATER_MS = NOW_MS + 2 * DAY_MS


@pytest.fixture
def owner(conninfo: Callable[[str], str]) -> Iterator[Connection]:
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def decision(owner: Connection) -> dict[str, Any]:
    """Captured, called a fraud, and the word taken back."""
    made = add_decision(owner)
    add_outcome(owner, made, "captured")
    owner.execute("update outcomes set recorded_at = decided_at")
    add_label(owner, made, "fraud", after_s=1)
    add_label(owner, made, "unknown", after_s=2)
    return made


@pytest.mark.usefixtures("decision")
def test_time_decides_what_the_learner_is_taught(owner: Connection) -> None:
    period = {"since_ms": NOW_MS - DAY_MS, "until_ms": NOW_MS + DAY_MS, "maturity_ms": DAY_MS}
    young = read_ledger(owner, now_ms=NOW_MS + HOUR_MS, **period)
    assert (len(young), young.set_aside) == (0, {"no label yet": 1})
    mature = read_ledger(owner, now_ms=LATER_MS, **period)
    assert mature.dataset.sources.tolist() == ["maturity"]
    assert (mature.dataset.labels.tolist(), mature.set_aside) == ([0], {})


def test_it_is_no_news(owner: Connection, decision: dict[str, Any]) -> None:
    workshop = SimpleNamespace(
        connection=owner,
        since_ms=NOW_MS - DAY_MS,
        matured_before_ms=NOW_MS + DAY_MS,
        maturity_ms=30 * DAY_MS,
    )
    news = read_news(cast(Workshop, workshop), NOW_MS - HOUR_MS)
    assert (news.frauds, news.frauds_matured) == (0, 0)
    without = news.labels
    add_label(owner, decision, "fraud", after_s=3)
    news = read_news(cast(Workshop, workshop), NOW_MS - HOUR_MS)
    assert (news.frauds, news.frauds_matured, news.labels) == (1, 1, without + 1)


def test_it_counts_for_nobody_in_a_duel(owner: Connection, decision: dict[str, Any]) -> None:
    owner.execute("update decisions set model_version = 'mdl_a'")
    owner.execute(
        "insert into shadow_scores (decision_id, model_version, probability, verdict)"
        " values (%s, 'mdl_b', 0.1, 'approve')",
        [decision["decision_id"]],
    )
    asked = {
        "champion": "mdl_a",
        "former": "mdl_b",
        "since": from_ms(NOW_MS) - DAY,
        "matured_before": from_ms(NOW_MS) + DAY,
        "most": 9,
    }
    cursor = owner.cursor(row_factory=dict_row)
    [row] = cursor.execute(query_of_learning("duel"), asked).fetchall()
    assert row["label"] is None


@pytest.mark.usefixtures("decision")
def test_a_rule_is_not_said_to_have_caught_it(owner: Connection) -> None:
    asked = {"since": from_ms(NOW_MS) - DAY, "until": from_ms(NOW_MS) + DAY, "most": None}
    with owner.cursor(row_factory=dict_row, binary=True) as cursor:
        [row] = cursor.execute(query_of_rules("decisions_with_labels"), asked).fetchall()
    assert truth_of(row, NOW_MS + HOUR_MS, 1) is Label.UNKNOWN
    assert truth_of(row, LATER_MS, 1) is Label.GOOD
