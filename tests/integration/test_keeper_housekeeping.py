"""Partitions come in time, and what has served its time goes."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from sealed_ledger import ADD_DECISION

from app.keeper import housekeeping
from app.keeper.ledger_rows import connect

Conninfo = Callable[[str], str]


@pytest.fixture
def owner(conninfo: Conninfo) -> Iterator[psycopg.Connection]:
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def keeper(conninfo: Conninfo) -> Iterator[psycopg.Connection]:
    with connect("keeper", conninfo("faregate_keeper")) as connection:
        yield connection


def count(owner: psycopg.Connection, table: str) -> int:
    row = owner.execute(" ".join(["select count(*) from", table]).encode()).fetchone()
    assert row is not None
    return int(row[0])


def drop_partition(owner: psycopg.Connection, days_ahead: int) -> str:
    row = owner.execute(
        "select 'decisions_' || to_char((now() at time zone 'UTC')::date + %s, 'YYYYMMDD')", [days_ahead]
    ).fetchone()
    assert row is not None
    if owner.execute("select to_regclass(%s)", row).fetchone() != (None,):
        owner.execute(" ".join(["alter table decisions detach partition", row[0]]).encode())
        owner.execute(" ".join(["drop table", row[0]]).encode())
    return str(row[0])


def test_a_week_of_partitions_is_there(owner: psycopg.Connection, keeper: psycopg.Connection) -> None:
    missing = drop_partition(owner, 6)
    assert housekeeping.make_partitions(keeper)
    assert owner.execute("select to_regclass(%s)", [missing]).fetchone() != (None,)


def test_a_busy_table_is_left_for_later(owner: psycopg.Connection, keeper: psycopg.Connection) -> None:
    """Whoever waits for the ledger's lock makes every decision wait behind him."""
    drop_partition(owner, 5)
    with owner.transaction():
        owner.execute("select count(*) from decisions")
        assert not housekeeping.make_partitions(keeper)
    assert housekeeping.make_partitions(keeper)


def test_sent_events_go_after_an_hour(owner: psycopg.Connection, keeper: psycopg.Connection) -> None:
    owner.execute(
        "insert into outbox (topic, key, payload, sent_at) values "
        "('t', 'k', '', now() - interval '61 minutes'), ('t', 'k', '', now() - interval '59 minutes'), "
        "('t', 'k', '', null)"
    )
    assert housekeeping.prune(keeper)["outbox"] == 1
    assert count(owner, "outbox") == 2


def test_keys_go_after_a_day_and_a_margin(owner: psycopg.Connection, keeper: psycopg.Connection) -> None:
    owner.execute(
        "insert into idempotency select 'local', 'key_' || h, 'txn_' || h, '', 'dec_' || h, "
        "now() - h * interval '1 hour' from unnest(array[1, 24, 26]) as h"
    )
    assert housekeeping.prune(keeper)["idempotency"] == 1
    assert count(owner, "idempotency") == 2


def test_pulses_and_parity_checks_go_after_a_month(
    owner: psycopg.Connection, keeper: psycopg.Connection
) -> None:
    owner.execute(
        "insert into pulses select 'pulse_' || d, 1, '{}', now() - d * interval '1 day' "
        "from unnest(array[29, 31]) as d"
    )
    owner.execute(
        "insert into parity_checks (checked_at, decisions, as_known, with_hindsight) "
        "select now() - d * interval '1 day', 1, 1, 1 from unnest(array[31, 29]) as d"
    )
    removed = housekeeping.prune(keeper)
    assert (removed["pulses"], removed["parity_checks"]) == (1, 1)
    assert (count(owner, "pulses"), count(owner, "parity_checks")) == (1, 1)


def test_scores_of_the_shadow_and_drift_checks_go_when_they_have_served(
    owner: psycopg.Connection, keeper: psycopg.Connection
) -> None:
    owner.execute(
        "insert into shadow_scores select 'dec_' || d, 'mdl_a', 0.5, 'approve', now() - d * interval '1 day' "
        "from unnest(array[119, 121]) as d"
    )
    owner.execute(
        "insert into drift_checks (checked_at, model_version, subject, rows) "
        "select now() - d * interval '1 day', 'mdl_a', 'score', 1 from unnest(array[31, 29]) as d"
    )
    removed = housekeeping.prune(keeper)
    assert (removed["shadow_scores"], removed["drift_checks"]) == (1, 1)
    assert (count(owner, "shadow_scores"), count(owner, "drift_checks")) == (1, 1)


def test_a_turn_removes_a_bounded_number(
    owner: psycopg.Connection, keeper: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 10)
    monkeypatch.setattr(housekeeping, "MOST_BATCHES", 2)
    owner.execute(
        "insert into outbox (topic, key, payload, sent_at) "
        "select 't', 'k', '', now() - interval '2 hours' from generate_series(1, 25)"
    )
    assert [housekeeping.prune(keeper)["outbox"] for _ in range(3)] == [20, 5, 0]


def test_decisions_stay(owner: psycopg.Connection, keeper: psycopg.Connection) -> None:
    owner.execute(ADD_DECISION, [["a"]])
    housekeeping.prune(keeper)
    assert count(owner, "decisions") == 1
