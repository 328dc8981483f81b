"""A finished run recounted from the ledger, Kafka and the simulator's record: nobody marks his own work."""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

from data_generator.truth import PaymentTruth, read_truth
from deploy.cli.queries import query
from domain.errors import EventRefused
from domain.events import PaymentDecided, decode_event
from domain.topics import DECISIONS

DRAIN_PATIENCE_S = 15.0
KAFKA_PATIENCE_S = 15.0


class Decided(NamedTuple):
    transaction_id: str
    verdict: str
    rung: str
    feature_age_ms: int | None


@dataclass(frozen=True, kw_only=True)
class Audit:
    """`lost`: answered, but not in the ledger with that verdict, or in the ledger and not in Kafka.
    `duplicated`: decided or told to Kafka more than once. `orphans`: decided without a payment.
    `decision_p99_ms` is what the simulated riders waited; `freshness_p99_ms` the age of the features used."""

    decisions: int
    r0_share: float
    blocked_fraud: int
    missed_fraud: int
    false_declines: int
    decision_p99_ms: int | None
    freshness_p99_ms: int | None
    lost: int
    duplicated: int
    orphans: int
    unanswered: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def audit(connection: Any, bootstrap: str, since: datetime, record: Path) -> Audit:
    """Waits until the outbox is empty, then counts; `connection` as a role that may read the ledger."""
    _wait_for_outbox(connection)
    rows = [Decided(*row) for row in connection.execute(query("ledger"), {"since": since})]
    told = Counter(decided_in_kafka(bootstrap, since, {row.transaction_id for row in rows}))
    truths = read_truth(record) if record.exists() else []
    return recount(rows, told, truths)


def recount(rows: Sequence[Decided], told: Counter[str], truths: Sequence[PaymentTruth]) -> Audit:
    ledger = {row.transaction_id: row for row in rows}
    answered = [truth for truth in truths if truth.verdict is not None]
    asked = {truth.transaction_id for truth in truths}
    stops = Counter((bool(truth.fraud), truth.verdict.stops_payment) for truth in answered if truth.verdict)
    not_kept = sum(1 for truth in answered if _differs(ledger.get(truth.transaction_id), truth))
    return Audit(
        decisions=len(rows),
        r0_share=round(sum(row.rung == "R0" for row in rows) / len(rows), 4) if rows else 0.0,
        blocked_fraud=stops[True, True],
        missed_fraud=stops[True, False],
        false_declines=stops[False, True],
        decision_p99_ms=_p99(truth.took_ms for truth in answered),
        freshness_p99_ms=_p99(row.feature_age_ms for row in rows if row.feature_age_ms is not None),
        lost=not_kept + sum(1 for transaction in ledger if transaction not in told),
        duplicated=len(rows) - len(ledger) + sum(times - 1 for times in told.values()),
        orphans=sum(1 for transaction in ledger if transaction not in asked),
        unanswered=len(truths) - len(answered),
    )


def _differs(row: Decided | None, truth: PaymentTruth) -> bool:
    return row is None or row.verdict != truth.verdict


def _p99(values: Iterable[int]) -> int | None:
    ordered = sorted(values)
    return ordered[ceil(0.99 * len(ordered)) - 1] if ordered else None


def _wait_for_outbox(connection: Any) -> None:
    deadline = time.monotonic() + DRAIN_PATIENCE_S
    while connection.execute(query("unsent")).fetchone()[0] and time.monotonic() < deadline:
        time.sleep(0.1)


def decided_in_kafka(bootstrap: str, since: datetime, expected: set[str]) -> list[str]:
    """Transactions told to payments.decisions since then, once for each time, of the `expected` ones."""
    from confluent_kafka import Consumer, TopicPartition

    settings = {"bootstrap.servers": bootstrap, "group.id": "faregate-audit", "enable.auto.commit": False}
    consumer = Consumer(settings)
    try:
        since_ms = int(since.timestamp() * 1000) - 1000
        asked = [TopicPartition(DECISIONS.name, number, since_ms) for number in range(DECISIONS.partitions)]
        starts = consumer.offsets_for_times(asked, timeout=KAFKA_PATIENCE_S)
        ends = {
            place.partition: consumer.get_watermark_offsets(place, timeout=KAFKA_PATIENCE_S)[1]
            for place in starts
        }
        consumer.assign(starts)
        return _read_to(consumer, ends, expected)
    finally:
        consumer.close()


def _read_to(consumer: Any, ends: dict[int, int], expected: set[str]) -> list[str]:
    found: list[str] = []
    deadline = time.monotonic() + KAFKA_PATIENCE_S
    open_partitions = {number for number, end in ends.items() if end > 0}
    while open_partitions and time.monotonic() < deadline:
        for record in consumer.consume(1000, timeout=0.5):
            if record.error() is not None:
                continue
            transaction = _transaction(record.value(), record.timestamp()[1])
            if transaction in expected:
                found.append(transaction)
            if record.offset() + 1 >= ends[record.partition()]:
                open_partitions.discard(record.partition())
    return found


def _transaction(raw: bytes, record_time_ms: int) -> str:
    try:
        event = decode_event(raw, record_time_ms)
    except EventRefused:
        return ""
    return event.transaction_id if isinstance(event, PaymentDecided) else ""
