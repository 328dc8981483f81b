"""What the ledger teaches: which payments are labelled, by whom, from when on, and what is left out."""

from array import array
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import psycopg
import pytest
from event_factories import NOW_MS, an_id
from ledger_rows import add_decision, add_label

from domain.catalogue import FEATURE_NAMES
from domain.display import DAY_MS, HOUR_MS, MINUTE_MS
from domain.events import from_ms
from scoring.dataset import PRESUMED
from scoring.ledger_dataset import WEIGHT_MAX, LedgerRows, read_ledger

Row = dict[str, Any]
MATURITY_MS = DAY_MS
LATER_MS = NOW_MS + 2 * DAY_MS


@pytest.fixture
def owner(conninfo: Any) -> Iterator[psycopg.Connection]:
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def learner(conninfo: Any) -> Iterator[psycopg.Connection]:
    with psycopg.connect(conninfo("faregate_learner"), autocommit=True) as connection:
        yield connection


def become(connection: psycopg.Connection, decision: Row, outcome: str, *, after_ms: int = MINUTE_MS) -> None:
    known = decision["decided_at"] + timedelta(milliseconds=after_ms)
    connection.execute(
        "insert into outcomes (outcome_id, transaction_id, decision_id, decided_at, outcome, occurred_at,"
        " recorded_at, amount_minor) values (%s, %s, %s, %s, %s, %s, %s, 1)",
        (an_id("out"), decision["transaction_id"], decision["decision_id"], decision["decided_at"], outcome,
         known, known),
    )  # fmt: skip


def read(connection: psycopg.Connection, *, now_ms: int = LATER_MS, presuming: bool = False) -> LedgerRows:
    return read_ledger(
        connection,
        since_ms=NOW_MS - DAY_MS,
        until_ms=NOW_MS + DAY_MS,
        now_ms=now_ms,
        maturity_ms=MATURITY_MS,
        presuming=presuming,
    )


def captured(connection: psycopg.Connection, **given: Any) -> Row:
    decision = add_decision(connection, **given)
    become(connection, decision, "captured")
    return decision


def test_silence_makes_a_captured_payment_good_once_it_is_mature(
    owner: psycopg.Connection, learner: psycopg.Connection
) -> None:
    captured(owner)
    early, late = (read(learner, now_ms=NOW_MS + MATURITY_MS + more) for more in (-1, 0))
    assert (len(early), early.set_aside) == (0, {"no label yet": 1})
    assert late.dataset.labels.tolist() == [0]
    assert late.dataset.sources.tolist() == ["maturity"]
    assert late.dataset.labelled_ms.tolist() == [NOW_MS + MATURITY_MS]


def test_what_nobody_spoke_of_is_presumed_good_only_when_asked_for_and_paid(
    owner: psycopg.Connection, learner: psycopg.Connection
) -> None:
    young = captured(owner)
    unpaid, stopped = add_decision(owner), add_decision(owner, verdict="decline")
    become(owner, unpaid, "failed")
    found = read(learner, now_ms=NOW_MS + HOUR_MS, presuming=True)
    assert found.decision_ids.tolist() == [young["decision_id"]]
    assert found.dataset.sources.tolist() == [PRESUMED]
    assert (found.dataset.labels.tolist(), found.dataset.labelled_ms.tolist()) == ([0], [NOW_MS + HOUR_MS])
    assert stopped["decision_id"] not in found.decision_ids
    become(owner, young, "chargeback")
    known = read(learner, now_ms=NOW_MS + HOUR_MS, presuming=True)
    assert known.dataset.sources.tolist() == ["chargeback"]


def test_a_chargeback_is_fraud_as_soon_as_it_is_known_and_not_before(
    owner: psycopg.Connection, learner: psycopg.Connection
) -> None:
    become(owner, captured(owner), "chargeback", after_ms=HOUR_MS)
    early, late = (read(learner, now_ms=NOW_MS + HOUR_MS + more) for more in (-1, 0))
    assert len(early) == 0
    assert late.dataset.labels.tolist() == [1]
    assert late.dataset.sources.tolist() == ["chargeback"]
    assert late.dataset.labelled_ms.tolist() == [NOW_MS + HOUR_MS]


def test_an_analyst_is_named_and_a_chargeback_stands_above(
    owner: psycopg.Connection, learner: psycopg.Connection
) -> None:
    alone, overruled = captured(owner), captured(owner)
    for decision in (alone, overruled):
        add_label(owner, decision, "good", after_s=30)
    become(owner, overruled, "chargeback")
    found = read(learner, now_ms=NOW_MS + HOUR_MS)
    by_id = dict(zip(found.decision_ids.tolist(), range(2), strict=True))
    assert found.dataset.sources[by_id[alone["decision_id"]]] == "analyst:ana"
    assert found.dataset.labelled_ms[by_id[alone["decision_id"]]] == NOW_MS + 30_000
    assert found.dataset.labels[by_id[overruled["decision_id"]]] == 1


def test_of_several_words_the_newest_holds_and_the_others_are_counted(
    owner: psycopg.Connection, learner: psycopg.Connection
) -> None:
    decision = add_decision(owner)
    for after_s, label in enumerate(("good", "fraud", "fraud"), 1):
        add_label(owner, decision, label, after_s)
    found = read(learner)
    assert found.dataset.labels.tolist() == [1]
    assert found.dataset.labelled_ms.tolist() == [NOW_MS + 3_000]
    assert found.set_aside == {"duplicate label, the newest holds": 2}


def test_rows_are_as_they_were_served_and_in_order_of_time(
    owner: psycopg.Connection, learner: psycopg.Connection
) -> None:
    second = captured(owner, as_of_ms=NOW_MS + 500, probability=0.25, amount=5_000.0)
    first = captured(owner, as_of_ms=NOW_MS, probability=None, rung="R2", verdict="review")
    found = read(learner)
    assert found.decision_ids.tolist() == [first["decision_id"], second["decision_id"]]
    assert np.array_equal(found.dataset.vectors[1], np.frombuffer(second["vector"], "<f4"), equal_nan=True)
    assert found.verdicts.tolist() == ["review", "approve"]
    assert np.isnan(found.probabilities[0])
    assert found.probabilities[1] == 0.25
    assert found.dataset.transaction_ids.tolist() == [first["transaction_id"], second["transaction_id"]]
    assert found.take(slice(1, 2)).decision_ids.tolist() == [second["decision_id"]]


def test_the_period_is_that_of_the_decision(owner: psycopg.Connection, learner: psycopg.Connection) -> None:
    kept = [captured(owner, decided_at=from_ms(NOW_MS + shift)) for shift in (-DAY_MS, 0, DAY_MS)]
    assert set(read(learner).decision_ids.tolist()) == {each["decision_id"] for each in kept[:2]}


def test_a_payment_let_through_by_lot_stands_for_its_like_within_a_limit(
    owner: psycopg.Connection, learner: psycopg.Connection
) -> None:
    for propensity in (0.25, 0.005, None):
        lot = propensity and {"instead_of": "decline", "propensity": propensity, "drawn": True}
        captured(owner, evidence={"pass_through": lot} if lot else {})
    assert sorted(read(learner).dataset.weights.tolist()) == [1.0, 4.0, WEIGHT_MAX]


def test_nothing_is_claimed_of_what_was_stopped(
    owner: psycopg.Connection, learner: psycopg.Connection
) -> None:
    lot = {"pass_through": {"instead_of": "decline", "propensity": 0.005, "drawn": False}}
    add_decision(owner, verdict="decline", evidence=lot)
    add_decision(owner, verdict="decline")
    add_decision(owner, verdict="challenge")
    found = read(learner)
    assert len(found) == 0
    assert found.set_aside == {"stopped, not drawn": 1, "stopped, outside the pass-through: no claim": 2}


def test_a_challenge_that_was_passed_and_paid_matures_like_any_payment(
    owner: psycopg.Connection, learner: psycopg.Connection
) -> None:
    decision = captured(owner, verdict="challenge")
    become(owner, decision, "challenge_passed")
    assert read(learner).dataset.labels.tolist() == [0]


def test_what_cannot_teach_is_set_aside_and_counted(
    owner: psycopg.Connection, learner: psycopg.Connection
) -> None:
    captured(owner, vector=None)
    captured(owner, vector=b"\x00" * 12)
    captured(owner, vector=array("f", [float("inf")] * len(FEATURE_NAMES)).tobytes())
    captured(owner, sandbox=True)
    good = captured(owner)
    found = read(learner)
    assert found.decision_ids.tolist() == [good["decision_id"]]
    assert found.set_aside == {"no vector": 1, "vector of other features": 1, "infinite values": 1}


def test_a_clock_that_jumped_is_set_aside(owner: psycopg.Connection, learner: psycopg.Connection) -> None:
    add_label(owner, add_decision(owner), "fraud", after_s=-5)
    captured(owner, decided_at=from_ms(NOW_MS + HOUR_MS))
    found = read(learner, now_ms=NOW_MS)
    assert len(found) == 0
    assert found.set_aside == {
        "label from before its decision: look at the clocks": 1,
        "decided in the future: look at the clocks": 1,
    }


def test_a_label_on_an_unknown_decision_cannot_be_kept(owner: psycopg.Connection) -> None:
    unknown = {"decision_id": an_id("dec"), "decided_at": from_ms(NOW_MS)}
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        add_label(owner, unknown, "fraud")


def test_an_empty_ledger_gives_no_rows(learner: psycopg.Connection) -> None:
    found = read(learner)
    assert (len(found), found.set_aside) == (0, {})
    assert found.dataset.vectors.shape == (0, len(FEATURE_NAMES))
