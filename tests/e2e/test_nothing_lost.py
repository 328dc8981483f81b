"""A short run of simulated riders: every answer is in the ledger and on its topic, once."""

import asyncio
import json
import secrets
import urllib.error
import urllib.request
from contextlib import suppress

import psycopg
from confluent_kafka import Consumer, TopicPartition
from freshness import wait_fresh
from msgspec import DecodeError
from msgspec import json as msgjson
from waiting import eventually

from app.client import DecisionClient
from data_generator.api_gateway import ApiGateway
from data_generator.event_sink import KafkaEventSink
from data_generator.live import Past, run_live
from data_generator.truth import PaymentTruth, TruthRecord, read_truth
from deploy.embedded.history import Told
from deploy.embedded.stack import Stack
from domain.decision import Rung
from domain.events import PaymentDecided
from domain.topics import DECISIONS

RATE, DURATION_S, SEED = 20.0, 8.0, 11


def simulated(stack: Stack) -> list[PaymentTruth]:
    told = Told.read(stack.home)
    assert told is not None

    async def run() -> list[PaymentTruth]:
        path = stack.home.simulator / f"test-{secrets.token_hex(4)}.jsonl"
        async with DecisionClient(stack.addresses.api_url, api_key=stack.addresses.api_key) as client:
            with TruthRecord(path) as record:
                await run_live(
                    rate=RATE,
                    seed=SEED,
                    duration=DURATION_S,
                    client=ApiGateway(client),
                    producer=KafkaEventSink(stack.addresses.kafka),
                    record=record,
                    past=Past(seed=told.size.seed, riders=told.size.riders, payments=told.size.payments),
                )
        return read_truth(path)

    return asyncio.run(run())


def on_topic(bootstrap: str) -> list[str]:
    """The transaction ids of every payment decided, as the topic holds them now."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": secrets.token_hex(4)})
    ids: list[str] = []
    decoder = msgjson.Decoder(PaymentDecided)
    for partition in range(DECISIONS.partitions):
        low, high = consumer.get_watermark_offsets(TopicPartition(DECISIONS.name, partition), timeout=10)
        consumer.assign([TopicPartition(DECISIONS.name, partition, low)])
        position = low
        while position < high:
            for message in consumer.consume(min(5_000, high - position), timeout=10):
                position = message.offset() + 1
                # Other tests put what nobody can read on this topic.
                with suppress(DecodeError, UnicodeDecodeError):
                    if b'"payment.decided"' in (message.value() or b""):
                        ids.append(decoder.decode(message.value()).transaction_id)
    consumer.close()
    return ids


def test_every_answer_is_kept_and_told_once(stack: Stack) -> None:
    """Beside other tests an answer may come from a lower rung, but not in each of three runs."""
    shares = (share_of_the_full_model(stack) for _ in range(3))
    assert any(share >= 0.99 for share in shares)


def share_of_the_full_model(stack: Stack) -> float:
    """Of a run in which nothing was lost or doubled."""
    wait_fresh(stack)
    truth = simulated(stack)
    answered = {line.transaction_id for line in truth if line.verdict}
    assert len(answered) > RATE * DURATION_S / 2
    assert len(answered) == len(truth), [line.error for line in truth if line.error]
    with psycopg.connect(stack.addresses.conninfo["faregate_console"], autocommit=True) as database:
        rows = database.execute(
            "select transaction_id, verdict, rung from decisions where transaction_id = any(%s)",
            (list(answered),),
        ).fetchall()
    verdicts = {line.transaction_id: line.verdict for line in truth}
    assert len(rows) == len(answered)
    assert all(verdicts[transaction_id] == verdict for transaction_id, verdict, _ in rows)

    def told() -> bool:
        ids = [found for found in on_topic(stack.addresses.kafka) if found in answered]
        assert len(ids) == len(set(ids)), "a decision was told twice"
        return set(ids) == answered

    eventually(told, what="every decision on its topic")
    return sum(rung == Rung.R0 for *_, rung in rows) / len(rows)


def test_bad_input_is_refused_and_kept_nowhere(stack: Stack) -> None:
    def post(body: bytes) -> tuple[int, str, dict[str, object]]:
        request = urllib.request.Request(
            f"{stack.addresses.api_url}/v1/transactions", body, {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.headers["Content-Type"], json.load(answer)
        except urllib.error.HTTPError as problem:
            return problem.code, problem.headers["Content-Type"], json.load(problem)

    status, kind, problem = post(b'{"transaction_id": "txn_1", "amount_minor": -5}')
    assert 400 <= status < 500
    assert kind.startswith("application/problem+json")
    assert {"type", "title", "detail", "status"} <= set(problem)
    with psycopg.connect(stack.addresses.conninfo["faregate_console"], autocommit=True) as database:
        assert database.execute("select 1 from decisions where transaction_id = 'txn_1'").fetchone() is None
