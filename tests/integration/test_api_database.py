"""Migrations, the schema's guard and what each role may do."""

from collections.abc import Callable

import psycopg
import pytest
from factories import a_decision

from app import postgres
from app.ledger import PostgresLedger
from app.migrations import SchemaMismatch, check_schema, latest_version, migrate
from app.ports import LedgerUnavailable

FORBIDDEN = {
    "faregate_api": [
        "update decisions set verdict = 'approve'",
        "delete from decisions",
        "update outcomes set amount_minor = 1",
        "delete from outcomes",
        "update outbox set sent_at = now()",
        "delete from outbox",
        "select payload from outbox",
        "delete from online_store",
        "insert into schema_version (version, name) values (99, 'x')",
    ],
    "faregate_relay": [
        "update outbox set payload = ''",
        "delete from outbox",
        "insert into outbox (topic, key, payload) values ('a', 'b', '')",
        "select 1 from decisions",
        "select 1 from online_store",
    ],
    "faregate_writer": ["select 1 from decisions", "select 1 from outbox", "truncate online_store"],
    "faregate_learner": [
        "delete from decisions",
        "update online_store set version = 1",
        "delete from outcomes",
    ],
    "faregate_console": [
        "update decisions set verdict = 'approve'",
        "update outbox set sent_at = now()",
        "delete from online_store",
        "create table mine (a int)",
    ],
}


@pytest.mark.parametrize(
    ("role", "statement"), [(role, statement) for role, list_ in FORBIDDEN.items() for statement in list_]
)
def test_a_role_may_do_no_more_than_its_work(
    conninfo: Callable[[str], str], role: str, statement: str
) -> None:
    with (
        psycopg.connect(conninfo(role), autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


@pytest.mark.parametrize("role", FORBIDDEN)
def test_every_role_may_read_the_schema_version(conninfo: Callable[[str], str], role: str) -> None:
    with psycopg.connect(conninfo(role), autocommit=True) as connection:
        check_schema(connection)


def test_migrating_again_changes_nothing(conninfo: Callable[[str], str]) -> None:
    assert migrate(conninfo("faregate_owner")) == 0


def test_another_schema_is_refused_with_what_to_do(conninfo: Callable[[str], str]) -> None:
    newer = latest_version() + 1
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        with connection.transaction(force_rollback=True):
            connection.execute("insert into schema_version (version, name) values (%s, 'newer')", (newer,))
            with pytest.raises(SchemaMismatch, match=rf"version {newer}.*start the release"):
                check_schema(connection)
        with connection.transaction(force_rollback=True):
            connection.execute("delete from schema_version")
            with pytest.raises(SchemaMismatch, match=r"version 0.*faregate migrate"):
                check_schema(connection)


@pytest.mark.anyio
async def test_the_ledger_keeps_all_that_a_replay_needs(conninfo: Callable[[str], str]) -> None:
    decision = a_decision()
    async with postgres.pool("test", conninfo=conninfo("faregate_api"), patience_s=2.0) as pool:
        await PostgresLedger(pool, ring=lambda: None).record(decision)
    with psycopg.connect(conninfo("faregate_console"), row_factory=psycopg.rows.dict_row) as connection:
        row = connection.execute("select * from decisions").fetchone()
    assert row is not None
    assert row["vector"] == decision.vector
    assert (row["as_of_ms"], row["model_version"], row["scorer_kind"]) == (
        decision.as_of_ms,
        "mdl_a",
        "compiled",
    )
    assert (row["card_epoch"], row["card_version"], row["user_version"]) == (1, 7, 9)
    assert (row["profile_epoch"], row["profile_version"]) == (None, None)
    assert (row["request"], row["reply"]) == (decision.request, decision.reply)
    assert (row["amount_minor"], row["pickup_zone"], row["rung"]) == (1_850, "zone_a", "R0")
    assert row["decided_at"] == decision.decided_at


@pytest.mark.anyio
async def test_a_decision_and_its_event_are_kept_together_or_not_at_all(
    conninfo: Callable[[str], str],
) -> None:
    broken = a_decision(score=500)
    async with postgres.pool("test", conninfo=conninfo("faregate_api"), patience_s=2.0) as pool:
        with pytest.raises(psycopg.Error):
            await PostgresLedger(pool, ring=lambda: None).record(broken)
    with psycopg.connect(conninfo("faregate_console")) as connection:
        counts = connection.execute(
            "select (select count(*) from decisions), (select count(*) from outbox)"
        ).fetchone()
    assert counts == (0, 0)


@pytest.mark.anyio
async def test_a_probe_leaves_nothing_behind(conninfo: Callable[[str], str]) -> None:
    async with postgres.pool("test", conninfo=conninfo("faregate_api"), patience_s=2.0) as pool:
        ledger = PostgresLedger(pool, ring=lambda: None)
        await ledger.probe()
        await ledger.probe_schema()
    with psycopg.connect(conninfo("faregate_console")) as connection:
        assert connection.execute("select count(*) from outbox").fetchone() == (0,)


@pytest.mark.anyio
async def test_a_role_that_may_not_write_is_found_out_by_the_probe(conninfo: Callable[[str], str]) -> None:
    async with postgres.pool("test", conninfo=conninfo("faregate_console"), patience_s=2.0) as pool:
        with pytest.raises(LedgerUnavailable, match="permission denied"):
            await PostgresLedger(pool, ring=lambda: None).probe()


@pytest.mark.anyio
async def test_a_server_that_only_reads_is_unavailable(conninfo: Callable[[str], str]) -> None:
    async with postgres.pool("test", conninfo=conninfo("faregate_api"), patience_s=2.0) as pool:
        async with pool.connection() as connection:
            await connection.execute("set default_transaction_read_only = on")
        ledger = PostgresLedger(pool, ring=lambda: None)
        outcomes = [await _try(ledger) for _ in range(4)]
    assert LedgerUnavailable in outcomes


async def _try(ledger: PostgresLedger) -> type[BaseException] | None:
    try:
        await ledger.record(a_decision())
    except LedgerUnavailable as error:
        return type(error)
    return None
