"""What the dashboard reads, from rows that the API's own ledger wrote."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from factories import a_decision, an_outcome
from keeping import keep, keep_outcome

from app.ledger import PostgresLedger
from app.ports import Decision
from app.postgres import pool
from dashboard.database import open_pool
from dashboard.ledger_reader import LedgerReader
from dashboard.reading import ReadingsUnavailable
from domain.decision import Outcome, Rung, Verdict
from domain.online_store import WATERMARK_ENTITY, WATERMARK_VIEW, encode_watermark
from domain.reasons import Reason

pytestmark = pytest.mark.anyio
Conninfo = Callable[[str], str]
REASON = Reason(code="amount", sentence="the fare is $18.50", value=1850.0, normal=None, contribution=0.7)


def lately(seconds: float = 1, **given: Any) -> Decision:
    return a_decision(decided_at=datetime.now(UTC) - timedelta(seconds=seconds), **given)


@pytest.fixture
async def ledger(conninfo: Conninfo) -> AsyncIterator[PostgresLedger]:
    async with pool("test", conninfo=conninfo("faregate_api"), patience_s=5) as connections:
        yield PostgresLedger(connections, lambda: None)


@pytest.fixture
def reader(conninfo: Conninfo) -> Iterator[LedgerReader]:
    with open_pool(conninfo("faregate_console")) as connections:
        yield LedgerReader(connections)


def test_an_empty_ledger_reads_as_nothing(reader: LedgerReader) -> None:
    snapshot = reader.snapshot(60)
    assert (snapshot.newest, snapshot.alerts, snapshot.buckets) == ([], [], [])
    assert snapshot.times.p99_us is None
    assert (snapshot.pipeline.watermark, snapshot.pipeline.waiting_events) == (None, 0)


async def test_a_snapshot_holds_what_the_period_held(ledger: PostgresLedger, reader: LedgerReader) -> None:
    approved, declined = lately(3), lately(2, verdict=Verdict.DECLINE, reasons=[REASON])
    old = lately(6 * 60, verdict=Verdict.REVIEW, rung=Rung.R1)
    for decision in (old, approved, declined):
        await keep(ledger, decision)

    short, long = reader.snapshot(5), reader.snapshot(15)

    assert [row.decision_id for row in short.newest] == [
        declined.decision_id,
        approved.decision_id,
        old.decision_id,
    ]
    assert [(alert.verdict, alert.reasons) for alert in short.alerts] == [(Verdict.DECLINE, [REASON])]
    assert {total.verdict: total.payments for total in short.verdicts} == {
        Verdict.APPROVE: 1,
        Verdict.DECLINE: 1,
    }
    assert [(bucket.verdict, bucket.payments) for bucket in short.buckets] == [(Verdict.DECLINE, 1)]
    assert {alert.verdict for alert in long.alerts} == {Verdict.DECLINE, Verdict.REVIEW}
    assert {total.rung: total.decisions for total in long.rungs} == {Rung.R0: 2, Rung.R1: 1}
    assert short.times.p50_us == 2_900
    assert short.pipeline.waiting_events == 3
    assert short.pipeline.waiting_since is not None
    assert reader.snapshot(15, reader.totals(5)).verdicts == short.verdicts


async def test_money_follows_the_outcomes(ledger: PostgresLedger, reader: LedgerReader) -> None:
    approved, passed, failed = lately(), lately(verdict=Verdict.CHALLENGE), lately(verdict=Verdict.CHALLENGE)
    for decision, outcome in (
        (approved, Outcome.CHARGEBACK),
        (passed, Outcome.CHALLENGE_PASSED),
        (failed, Outcome.CHALLENGE_FAILED),
    ):
        await keep(ledger, decision)
        await keep_outcome(ledger, an_outcome(decision.transaction.transaction_id, outcome=outcome))

    snapshot = reader.snapshot(5)

    (challenged,) = [total for total in snapshot.verdicts if total.verdict is Verdict.CHALLENGE]
    assert (challenged.payments, challenged.released_payments, challenged.released_minor) == (2, 1, 1_850)
    (missed,) = snapshot.chargebacks
    assert (missed.verdict, missed.chargebacks, missed.amount_minor) == (Verdict.APPROVE, 1, 1_850)
    assert {alert.last_outcome for alert in snapshot.alerts} == {
        Outcome.CHALLENGE_PASSED,
        Outcome.CHALLENGE_FAILED,
    }


async def test_a_decision_is_read_with_its_outcomes(ledger: PostgresLedger, reader: LedgerReader) -> None:
    decision = lately(verdict=Verdict.DECLINE, reasons=[REASON])
    await keep(ledger, decision)
    await keep_outcome(
        ledger,
        an_outcome(decision.transaction.transaction_id, outcome=Outcome.CHARGEBACK, reason_code="10.4"),
    )

    detail = reader.decision(decision.decision_id)

    assert detail is not None
    assert (detail.verdict, detail.reasons, detail.vector) == (Verdict.DECLINE, [REASON], decision.vector)
    assert [(row.outcome, row.reason_code) for row in detail.outcomes] == [(Outcome.CHARGEBACK, "10.4")]
    assert reader.decision("dec_nobody") is None


def test_the_watermark_is_read(conninfo: Conninfo, reader: LedgerReader) -> None:
    payload = encode_watermark(1_790_000_000_000)
    with psycopg.connect(conninfo("faregate_writer"), autocommit=True) as connection:
        connection.execute(
            "insert into online_store values (%s, %s, 1, 1, now(), now(), %b)",
            (WATERMARK_VIEW, WATERMARK_ENTITY, payload),
        )
    assert reader.snapshot(5).pipeline.watermark == payload


def test_another_schema_is_a_sentence(conninfo: Conninfo, reader: LedgerReader) -> None:
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        connection.execute("insert into schema_version (version, name) values (9999, 'from the future')")
        try:
            with pytest.raises(ReadingsUnavailable, match="schema version 9999"):
                reader.snapshot(5)
        finally:
            connection.execute("delete from schema_version where version = 9999")


def test_a_role_that_may_not_read_is_a_sentence(conninfo: Conninfo) -> None:
    with (
        open_pool(conninfo("faregate_writer")) as connections,
        pytest.raises(ReadingsUnavailable, match="faregate_console"),
    ):
        LedgerReader(connections).snapshot(5)


def test_a_slow_answer_is_a_sentence(conninfo: Conninfo, reader: LedgerReader) -> None:
    with psycopg.connect(conninfo("faregate_owner")) as connection:
        connection.execute("lock table decisions in access exclusive mode")
        with pytest.raises(ReadingsUnavailable, match="more than 3 s"):
            reader.snapshot(5)


def test_no_database_is_a_sentence() -> None:
    with (
        open_pool("host=127.0.0.1 port=1 dbname=faregate") as connections,
        pytest.raises(ReadingsUnavailable, match="does not answer"),
    ):
        LedgerReader(connections).snapshot(5)


def test_the_dashboard_cannot_write(conninfo: Conninfo) -> None:
    with (
        open_pool(conninfo("faregate_console")) as connections,
        connections.connection() as connection,
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
    ):
        connection.execute("delete from decisions")


async def test_decisions_of_test_tokens_are_no_business_of_the_console(
    ledger: PostgresLedger, reader: LedgerReader
) -> None:
    await keep(ledger, lately(verdict=Verdict.DECLINE, sandbox=True))
    snapshot = reader.snapshot(60)
    assert (snapshot.newest, snapshot.alerts, snapshot.buckets) == ([], [], [])
    assert [total for total in snapshot.verdicts if total.payments] == []
