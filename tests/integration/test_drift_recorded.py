"""Drift from the ledger to the health page: rows as served, findings kept, what the console reads."""

from array import array
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
import pytest
from ledger_rows import add_decision
from psycopg.rows import dict_row

from dashboard.database import open_pool
from dashboard.ledger_reader import MOST_DRIFTED, LedgerReader
from domain.catalogue import FEATURE_NAMES
from scoring.drift import DriftFinding, alarmed, check, newest, record, reference_of

Conninfo = Callable[[str], str]
VERSION = "mdl_served"
AMOUNT = FEATURE_NAMES.index("amount")


@pytest.fixture
def owner(conninfo: Conninfo) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def learner(conninfo: Conninfo) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(conninfo("faregate_learner"), autocommit=True, row_factory=dict_row) as connection:
        yield connection


def served(
    connection: psycopg.Connection[Any], *, amount: float = 900.0, ago_s: float = 1, **given: Any
) -> None:
    """A decision with a vector, by a version."""
    version = given.pop("version", VERSION)
    vector = array("f", [amount if i == AMOUNT else 1.0 for i in range(len(FEATURE_NAMES))]).tobytes()
    decided_at = datetime.now(UTC) - timedelta(seconds=ago_s)
    row = add_decision(connection, **{"vector": vector, "decided_at": decided_at, **given})
    connection.execute(
        "update decisions set model_version = %s where decision_id = %s", (version, row["decision_id"])
    )


def test_the_newest_of_one_model_are_read_as_served(
    owner: psycopg.Connection[Any], learner: psycopg.Connection[Any]
) -> None:
    for n in range(3):
        served(owner, amount=100.0 * n, probability=n / 10, ago_s=10 - n)
    served(owner, version="mdl_other")
    served(owner, sandbox=True)
    served(owner, vector=None, probability=None)
    served(owner, vector=array("f", [1.0, 2.0]).tobytes())
    served(owner, ago_s=90_000)

    rows = newest(learner, VERSION)
    assert rows.vectors[:, AMOUNT].tolist() == [200.0, 100.0, 0.0]
    assert rows.probabilities.tolist() == [0.2, 0.1, 0.0]
    assert len(newest(learner, VERSION, most=2)) == 2


def test_nothing_decided_is_no_rows_and_no_alarm(learner: psycopg.Connection[Any]) -> None:
    rows = newest(learner, VERSION)
    assert (len(rows), rows.vectors.shape) == (0, (0, len(FEATURE_NAMES)))
    reference = reference_of(np.ones((300, len(FEATURE_NAMES)), np.float32), np.full(300, 0.1))
    findings = check(reference, rows.vectors, rows.probabilities)
    record(learner, VERSION, findings)
    assert alarmed(findings) is None
    assert learner.execute("select count(*) as checks from drift_checks").fetchone() == {"checks": 0}


def test_a_shift_goes_from_the_ledger_to_the_health_page(
    owner: psycopg.Connection[Any], learner: psycopg.Connection[Any], conninfo: Conninfo
) -> None:
    window = np.ones((1_000, len(FEATURE_NAMES)), np.float32)
    window[:, AMOUNT] = np.arange(1_000)
    reference = reference_of(window, np.linspace(0.0, 0.2, 1_000))
    with owner.transaction():
        for n in range(220):
            served(owner, amount=800.0 + n % 100, probability=n / 1_100)

    rows = newest(learner, VERSION)
    findings = check(reference, rows.vectors, rows.probabilities)
    record(learner, VERSION, findings)

    assert "amount: half are at most $8.44, in training $4.99" in (alarmed(findings) or "")
    with open_pool(conninfo("faregate_console")) as connections:
        drift = LedgerReader(connections).snapshot(5).drift
    assert [row.subject for row in drift[:2]] == ["score", "amount"]
    assert (drift[0].alarm, drift[1].alarm) == (None, findings[0].alarm)
    assert (drift[0].features, drift[0].alarmed_features) == (len(FEATURE_NAMES), 1)
    assert (drift[0].rows, len(drift)) == (220, MOST_DRIFTED)


def test_the_console_reads_the_newest_check_alone(
    learner: psycopg.Connection[Any], conninfo: Conninfo
) -> None:
    def a_finding(subject: str, alarm: str | None) -> DriftFinding:
        return DriftFinding(
            subject=subject, psi=None, ks=None, missing_rise=0.5, out_of_range=0.0, rows=300, alarm=alarm
        )

    record(learner, VERSION, [a_finding("rating", "gone"), a_finding("score", None)])
    record(learner, VERSION, [a_finding("amount", None), a_finding("rating", None)])
    with open_pool(conninfo("faregate_console")) as connections:
        drift = LedgerReader(connections).snapshot(5).drift
    assert [(row.subject, row.alarm, row.missing_rise) for row in drift] == [
        ("amount", None, 0.5),
        ("rating", None, 0.5),
    ]
    kept = learner.execute("select count(distinct checked_at) as checks from drift_checks").fetchone()
    assert kept == {"checks": 2}
