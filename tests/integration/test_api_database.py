"""Migrations, the schema's guard and what each role may do."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from event_factories import NOW_MS, a_payment
from factories import a_decision, a_pulse, stored
from keeping import keep

from app import postgres
from app.feature_reader import PostgresFeatureReader
from app.in_flight import KEPT_MS, UNDECIDED, Sweeper
from app.ledger import PostgresLedger
from app.migrations import SchemaMismatch, check_schema, latest_version, migrate
from app.parity import ParityCheck, ParityChecks, ParityUnknown
from app.ports import LedgerUnavailable, StoredFeatures
from domain.decision import Verdict
from domain.events import event_time_ms
from domain.history import History

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
        "update inflight set card_id = 'card_b'",
        "update pulses set at_ms = 1",
        "delete from pulses",
        "insert into parity_checks (decisions, as_known, with_hindsight) values (1, 1, 1)",
        "update idempotency set fingerprint = ''",
        "delete from idempotency",
        "update labels set label = 'good'",
        "delete from labels",
        "insert into rules (rule_id) values ('rule_a')",
        "insert into list_entries (entry_id) values ('entry_a')",
        "insert into api_keys (key_id) values ('key_a')",
        "update api_keys set scopes = '{decide}'",
        "select 1 from seals",
        "select make_partitions('2026-01-01', 1)",
    ],
    "faregate_keeper": [
        "update decisions set verdict = 'approve'",
        "delete from decisions",
        "insert into decisions (decision_id) values ('dec_a')",
        "update seals set head = ''",
        "delete from seals",
        "update idempotency set key = 'a'",
        "update outcomes set amount_minor = 1",
        "delete from labels",
        "select payload from outbox",
        "update outbox set sent_at = now()",
        "select 1 from api_keys",
        "select 1 from inflight",
    ],
    "faregate_relay": [
        "update outbox set payload = ''",
        "delete from outbox",
        "insert into outbox (topic, key, payload) values ('a', 'b', '')",
        "select 1 from decisions",
        "select 1 from online_store",
        "select 1 from inflight",
        "select 1 from pulses",
    ],
    "faregate_writer": [
        "select 1 from decisions",
        "select 1 from outbox",
        "truncate online_store",
        "delete from inflight",
        "select 1 from parity_checks",
    ],
    "faregate_learner": [
        "delete from decisions",
        "update online_store set version = 1",
        "delete from outcomes",
        "delete from inflight",
        "insert into pulses (pulse_id, at_ms, zones) values ('pulse_a', 1, '{}')",
        "update parity_checks set as_known = 1",
        "select arrive('t', 'c', 'u', 'd', 1, '', '{}', '{}')",
    ],
    "faregate_console": [
        "update decisions set verdict = 'approve'",
        "update outbox set sent_at = now()",
        "delete from online_store",
        "create table mine (a int)",
        "select 1 from inflight",
        "insert into parity_checks (decisions, as_known, with_hindsight) values (1, 1, 1)",
        "insert into decisions (decision_id) values ('dec_a')",
        "delete from decisions",
        "update rules set mode = 'live'",
        "delete from rules",
        "delete from list_entries",
        "update list_entries set value = 'card_b'",
        "update policy_changes set why = ''",
        "update labels set label = 'good'",
        "delete from labels",
        "select 1 from api_keys",
        "insert into seals (number) values (1)",
        "delete from seals",
        "insert into idempotency (key) values ('a')",
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


ALLOWED = {
    "faregate_api": [
        "select decisions, as_known, with_hindsight from parity_checks",
        "select 1 from pulses",
        "select 1 from rules, list_entries, policy_changes, api_keys, labels, idempotency",
    ],
    "faregate_learner": [
        "insert into parity_checks (decisions, as_known, with_hindsight) values (3, 3, 2)",
        "select 1 from parity_checks, pulses, decisions",
    ],
    "faregate_console": [
        "select 1 from parity_checks, pulses, decisions",
        "select 1 from rules, list_entries, policy_changes, labels, seals",
        "insert into policy_changes (kind, changed_by) values ('rules', 'ana')",
        "update list_entries set removed_version = 1",
    ],
    "faregate_keeper": [
        "select 1 from decisions, outcomes, labels, seals",
        "delete from idempotency where decided_at < now() - interval '2 days'",
        "delete from outbox where sent_at < now() - interval '1 hour'",
        "delete from pulses",
        "select make_partitions('2026-01-01', 1)",
    ],
}


@pytest.mark.parametrize(
    ("role", "statement"), [(role, statement) for role, list_ in ALLOWED.items() for statement in list_]
)
def test_a_role_may_do_its_work(conninfo: Callable[[str], str], role: str, statement: str) -> None:
    with psycopg.connect(conninfo(role), autocommit=True) as connection:
        connection.execute(statement.encode())


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


def _rows(conninfo: Callable[[str], str], statement: str) -> list[dict[str, Any]]:
    with psycopg.connect(conninfo("faregate_console"), row_factory=psycopg.rows.dict_row) as connection:
        return connection.execute(statement.encode()).fetchall()


@pytest.mark.anyio
async def test_the_ledger_keeps_all_that_a_replay_needs(conninfo: Callable[[str], str]) -> None:
    waiting, declined = a_payment(decision_id=UNDECIDED), a_payment(verdict=Verdict.DECLINE)
    pulse = a_pulse()
    decision = a_decision(features=stored(in_flight=(waiting, declined), seq=8), pulse=pulse)
    async with postgres.pool("test", conninfo=conninfo("faregate_api"), patience_s=2.0) as pool:
        await keep(PostgresLedger(pool, ring=lambda: None), decision)
    [row] = _rows(conninfo, "select * from decisions")
    assert row["vector"] == decision.vector
    assert (row["as_of_ms"], row["model_version"], row["scorer_kind"]) == (
        decision.as_of_ms,
        "mdl_a",
        "compiled",
    )
    assert (row["card_epoch"], row["card_version"], row["user_version"]) == (1, 7, 9)
    assert (row["device_epoch"], row["device_version"], row["zone_epoch"], row["zone_version"]) == (
        1,
        5,
        1,
        800,
    )
    assert (row["profile_epoch"], row["profile_version"]) == (None, None)
    assert row["positions"] == {
        "card": [1002, 40],
        "user": [3, 9, 1002, 41],
        "device": [1002, 41],
        "zone": [1001, 77, 1002, 80],
    }
    assert row["overlaid"] == [
        [waiting.transaction_id, None, event_time_ms(waiting)],
        [declined.transaction_id, "decline", event_time_ms(declined)],
    ]
    assert (row["request"], row["reply"]) == (decision.request, decision.reply)
    assert (row["amount_minor"], row["pickup_zone"], row["rung"]) == (1_850, "zone_a", "R0")
    assert row["decided_at"] == decision.decided_at
    [kept] = _rows(conninfo, "select * from pulses")
    assert row["pulse_id"] == kept["pulse_id"] == pulse.id
    assert (kept["at_ms"], kept["zones"]) == (pulse.pulse.at_ms, {"zone_a": [1, 3, [1001, 5]]})


@pytest.mark.anyio
async def test_a_decision_without_histories_says_so(conninfo: Callable[[str], str]) -> None:
    decision = a_decision(features=StoredFeatures(), vector=None)
    async with postgres.pool("test", conninfo=conninfo("faregate_api"), patience_s=2.0) as pool:
        await keep(PostgresLedger(pool, ring=lambda: None), decision)
    [row] = _rows(conninfo, "select * from decisions")
    assert (row["positions"], row["overlaid"], row["pulse_id"], row["zone_version"]) == ({}, [], None, None)


@pytest.mark.anyio
async def test_every_pulse_named_is_kept_once(conninfo: Callable[[str], str]) -> None:
    first, second = a_pulse(), a_pulse(zone_a=History(version=4))
    async with postgres.pool("test", conninfo=conninfo("faregate_api"), patience_s=2.0) as pool:
        for ledger in (PostgresLedger(pool, ring=lambda: None), PostgresLedger(pool, ring=lambda: None)):
            for pulse in (first, first, None, second, first):
                await keep(ledger, a_decision(pulse=pulse))
    named = {row["pulse_id"] for row in _rows(conninfo, "select pulse_id from decisions")}
    kept = [row["pulse_id"] for row in _rows(conninfo, "select pulse_id from pulses order by recorded_at")]
    assert kept == [first.id, second.id]
    assert named == {None, first.id, second.id}


@pytest.mark.anyio
async def test_a_pulse_is_kept_by_the_next_decision_when_the_first_was_not(
    conninfo: Callable[[str], str],
) -> None:
    pulse = a_pulse()
    async with postgres.pool("test", conninfo=conninfo("faregate_api"), patience_s=2.0) as pool:
        ledger = PostgresLedger(pool, ring=lambda: None)
        with pytest.raises(psycopg.Error):
            await keep(ledger, a_decision(score=500, pulse=pulse))
        assert _rows(conninfo, "select * from pulses") == []
        await keep(ledger, a_decision(pulse=pulse))
    assert len(_rows(conninfo, "select * from pulses")) == 1


@pytest.mark.anyio
async def test_payments_long_in_flight_are_swept(conninfo: Callable[[str], str]) -> None:
    old, young = a_payment(at_ms=NOW_MS - KEPT_MS - 1), a_payment(at_ms=NOW_MS - KEPT_MS)
    async with postgres.pool("test", conninfo=conninfo("faregate_api"), patience_s=2.0) as pool:
        reader = PostgresFeatureReader(pool)
        for payment in (old, young):
            await reader.read(payment)
        assert await Sweeper(pool, lambda: NOW_MS).sweep() == 1
        assert (await reader.read(a_payment())).in_flight == (young,)


@pytest.mark.anyio
async def test_nobody_can_make_the_answer_grow_without_end(conninfo: Callable[[str], str]) -> None:
    many = [a_payment() for _ in range(70)]
    async with postgres.pool("test", conninfo=conninfo("faregate_api"), patience_s=2.0) as pool:
        reader = PostgresFeatureReader(pool)
        for payment in many:
            await reader.read(payment)
        assert (await reader.read(a_payment())).in_flight == tuple(many[-64:])


@pytest.mark.anyio
async def test_the_newest_parity_check_counts(conninfo: Callable[[str], str]) -> None:
    async with postgres.pool("test", conninfo=conninfo("faregate_api"), patience_s=2.0) as pool:
        checks = ParityChecks(pool)
        assert await checks.newest() is None
        with psycopg.connect(conninfo("faregate_learner"), autocommit=True) as learner:
            for decisions in (10, 20):
                learner.execute(
                    "insert into parity_checks (decisions, as_known, with_hindsight) values (%s, 9, 8)",
                    (decisions,),
                )
        assert await checks.newest() == ParityCheck(decisions=20, as_known=9, with_hindsight=8)
    async with postgres.pool("test", conninfo=conninfo("faregate_relay"), patience_s=2.0) as pool:
        with pytest.raises(ParityUnknown, match="permission denied"):
            await ParityChecks(pool).newest()


@pytest.mark.anyio
async def test_a_decision_and_its_event_are_kept_together_or_not_at_all(
    conninfo: Callable[[str], str],
) -> None:
    broken = a_decision(score=500)
    async with postgres.pool("test", conninfo=conninfo("faregate_api"), patience_s=2.0) as pool:
        with pytest.raises(psycopg.Error):
            await keep(PostgresLedger(pool, ring=lambda: None), broken)
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
        await keep(ledger, a_decision())
    except LedgerUnavailable as error:
        return type(error)
    return None
