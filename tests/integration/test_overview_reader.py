"""The overview's sums, from rows of the ledger as the console's role reads them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from ledger_rows import add_decision, add_label, add_outcome

from dashboard.database import open_pool
from dashboard.views.overview.period import PERIODS
from dashboard.views.overview.reader import OverviewReader
from domain.decision import Verdict

DRAWN = {"pass_through": {"instead_of": "decline", "propensity": 0.005, "drawn": True}}
WIDTH = PERIODS["24 h"].width
Conninfo = Callable[[str], str]


@pytest.fixture
def owner(conninfo: Conninfo) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def reader(conninfo: Conninfo) -> Iterator[OverviewReader]:
    with open_pool(conninfo("faregate_console")) as connections:
        yield OverviewReader(connections)


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


def test_a_day_is_summed_by_slice(
    owner: psycopg.Connection[Any], reader: OverviewReader, now: datetime
) -> None:
    earlier, since = now - timedelta(hours=3), now - timedelta(hours=5)
    for at, verdict in ((earlier, "approve"), (earlier, "approve"), (earlier, "decline"), (now, "approve")):
        add_decision(owner, decided_at=at, verdict=verdict, amount_minor=1_000)
    add_decision(owner, decided_at=earlier, sandbox=True)
    let_through = add_decision(owner, decided_at=earlier, evidence=DRAWN, probability=0.7)
    add_outcome(owner, let_through, "chargeback")

    day = reader.day(since, now + timedelta(seconds=1), WIDTH)

    early = {row.verdict: row for row in day.decided if row.starts_at < now - timedelta(hours=2)}
    assert (early[Verdict.APPROVE].payments, early[Verdict.DECLINE].amount_minor) == (3, 1_000)
    assert len(day.times) == 2
    assert day.times[0].p99_us == 1.0
    assert [(row.chance, row.truth) for row in day.drawn] == [(0.7, "fraud")]
    assert reader.day(since - timedelta(days=9), since - timedelta(days=8), WIDTH).decided == []


def test_what_became_known_is_summed(
    owner: psycopg.Connection[Any], reader: OverviewReader, now: datetime
) -> None:
    at = now - timedelta(hours=3)
    told_fraud, told_good, unknown, passed = (
        add_decision(owner, decided_at=at, verdict=verdict, probability=0.5, amount_minor=1_000)
        for verdict in ("decline", "decline", "challenge", "challenge")
    )
    missed, quiet = (add_decision(owner, decided_at=at) for _ in range(2))
    add_label(owner, told_fraud, "good")
    add_label(owner, told_fraud, "fraud", after_s=2)
    add_label(owner, told_good, "good")
    add_outcome(owner, passed, "challenge_passed")
    add_outcome(owner, missed, "chargeback")
    for paid in (missed, quiet):
        add_outcome(owner, paid, "captured")

    truths = reader.truths(now - timedelta(hours=6), WIDTH, now - timedelta(hours=1))

    held = {row.truth: row for row in truths.stopped}
    assert {truth: row.payments for truth, row in held.items()} == {"fraud": 1, "good": 1, None: 1}
    assert (held[None].expected_frauds, held[None].expected_minor) == (0.5, 500.0)
    assert unknown["verdict"] == "challenge"
    assert [(row.frauds, row.good, row.lost_payments) for row in truths.known] == [(2, 1, 1)]
    assert truths.matured == 1
    assert reader.truths(now - timedelta(hours=6), WIDTH, now - timedelta(days=90)).matured == 0


def test_kinds_and_zones_are_of_alerts(
    owner: psycopg.Connection[Any], reader: OverviewReader, now: datetime
) -> None:
    reason = {"code": "card_payments_5m", "sentence": "", "value": 6, "normal": None, "contribution": 1.0}
    at = now - timedelta(minutes=5)
    for _ in range(2):
        add_decision(
            owner, decided_at=at, verdict="decline", reasons=[reason], amount_minor=500, probability=0.5
        )
    honest = add_decision(owner, decided_at=at, verdict="review", amount_minor=900)
    add_label(owner, honest, "good")

    truths = reader.truths(now - timedelta(hours=1), WIDTH, now - timedelta(days=90))

    assert [(row.lead_reason, row.alerts, row.amount_minor) for row in truths.types] == [
        ("card_payments_5m", 2, 1_000)
    ]
    [zone] = truths.zones
    assert (zone.zone, zone.alerts, zone.fraud_minor) == ("zone_a", 3, 500.0)
    [place] = reader.places(now)
    assert (place.zone, place.lat, place.lon) == ("zone_a", pytest.approx(40.71), pytest.approx(-74.0))


def test_changes_are_of_models_rules_and_thresholds(
    owner: psycopg.Connection[Any], reader: OverviewReader, now: datetime
) -> None:
    owner.execute(
        "insert into models (version, kind, signature, seal, data_from, data_until, code_version, metrics, "
        "registered_by) values ('mdl_a', 'offline', '', '', now(), now(), 'test', '{}', 'test')"
    )
    owner.execute(
        "insert into model_moves (version, to_state, moved_by, why) values "
        "('mdl_a', 'candidate', 'lea', ''), ('mdl_a', 'champion', 'lea', 'better')"
    )
    owner.execute(
        "insert into policy_changes (kind, changed_by) "
        "values ('rules', 'max'), ('lists', 'max'), ('policy', 'max')"
    )

    truths = reader.truths(now - timedelta(hours=1), WIDTH, now - timedelta(days=90))

    assert [(change.kind, change.subject, change.by) for change in truths.changes] == [
        ("champion", "mdl_a", "lea"),
        ("rules", "1", "max"),
        ("policy", "3", "max"),
    ]
    assert truths.changes[0].why == "better"
