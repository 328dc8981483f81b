"""The same agreement through real Kafka and Flink, with a TaskManager killed in the middle."""

import os
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any, cast

import psycopg
import pytest
from agreement import Reading, compare, of_a_ring
from kafka_side import Teller, raw_record, read_all
from msgspec import json
from raw_past import RawPast, known_past
from seeded_stream import seeded_stream
from waiting import eventually

from deploy.embedded import status
from deploy.embedded.flink_rest import FlinkRest, FlinkUnavailable
from deploy.embedded.history import HistorySize
from deploy.embedded.home import temporary_home
from deploy.embedded.stack import Stack, StackOptions
from deploy.parity.rings import LinkPast
from domain.events import PaymentDecided, event_time_ms
from domain.feature_message import HistoryMessage, decode_message
from domain.history import HistoryKind, decode_history, encode_history
from domain.online_store import VIEW_OF_KIND, WATERMARK_VIEW, decode_watermark
from domain.profile import decode_profile, encode_profile
from domain.raw_record import RawRecord
from domain.ring import decode_ring
from domain.topics import FEATURES, SOURCES, source_number
from domain.transaction import Transaction
from flink_jobs.as_known import KnownPast, step_of
from flink_jobs.replay import transaction_of

pytestmark = [pytest.mark.proof, pytest.mark.timeout(1_500)]
EVENTS, SAMPLE, SEED = 20_000, 400, 4
RINGS = 1_000  # told versions that are built again: each takes a walk over all that the rider is linked to
ZONES_OF_A_PULSE = 4
IN_FLIGHT_MS = 120_000
SMALL = StackOptions(size=HistorySize(payments=300, riders=60), targets=("features",))
Entity = tuple[str, str]


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Stack]:
    with temporary_home() as home:
        stack = Stack(home=home, env=os.environ, options=SMALL)
        stack.start()
        try:
            yield stack
        finally:
            stack.stop()


def test_twenty_thousand_events_and_a_killed_taskmanager(
    pipeline: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    records = seeded_stream(SEED, EVENTS, now_ms())
    teller = Teller(pipeline.addresses.kafka)
    third = EVENTS // 3
    teller.tell(records[:third])
    kill_taskmanager(pipeline)
    teller.tell(records[third : 2 * third])
    eventually(lambda: restores(pipeline) > 0, within_s=180, what="a restore from a checkpoint")
    teller.tell(records[2 * third :])
    wait_for_all(pipeline, teller)

    raw = [raw_record(message) for message in read_all(pipeline.addresses.kafka, SOURCES)]
    told = versions_told(pipeline)
    stored = stored_histories(pipeline)
    line: dict[str, Any] = {
        "events": EVENTS,
        "records": len(raw),
        "folded": sum(1 for record in raw if step_of(record)),
        "restores": restores(pipeline),
        **compared_with_a_plain_fold(raw, told, stored),
        **compared_with_the_oracle(raw, told),
    }
    with capsys.disabled():
        print(f"\n{json.encode(line).decode()}")  # noqa: T201 - the figures are the proof's last word
    assert line["transactions"] >= 300
    assert line["restores"] > 0
    assert not line["history_differences"]
    assert not line["feature_differences"]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def kill_taskmanager(stack: Stack) -> None:
    """While it is at work on the first part."""
    found = status.read(stack.home)
    assert found is not None
    [pid] = [part.pid for part in found.parts if part.name == "flink-taskmanager" and part.pid]
    os.kill(pid, signal.SIGKILL)


def restores(stack: Stack) -> int:
    rest = FlinkRest(url=stack.addresses.flink_url)
    try:
        return sum(int(rest._get(f"/jobs/{job}/checkpoints")["counts"]["restored"]) for job in rest.jobs())
    except FlinkUnavailable:
        return 0


def wait_for_all(stack: Stack, teller: Teller) -> None:
    """Until the store's low watermark has passed the last record, the zones' timers have fired, and the
    rings are built."""
    stack._parts.services.wait_rings(lambda: True)
    beat_ms = now_ms()

    def passed() -> bool:
        teller.beat(beat_ms)
        [payload] = rows(stack, WATERMARK_VIEW).values() or [None]
        return payload is not None and decode_watermark(payload) >= beat_ms

    eventually(passed, within_s=300, what="the low watermark behind all records")
    before: list[Mapping[str, bytes]] = []

    def quiet() -> bool:
        before.append(rows(stack, VIEW_OF_KIND["zone"]) | rows(stack, VIEW_OF_KIND["ring"]))
        return len(before) > 20 and before[-1] == before[-20]

    eventually(quiet, within_s=60, what="zones and rings that are told")


def rows(stack: Stack, view: str) -> dict[str, bytes]:
    with psycopg.connect(stack.addresses.conninfo["faregate_api"], autocommit=True) as connection:
        query = "select entity_id, payload from online_store where view = %s"
        return dict(connection.execute(query, (view,), binary=True).fetchall())


def stored_histories(stack: Stack) -> dict[Entity, bytes]:
    return {
        (kind, entity): payload
        for kind, view in VIEW_OF_KIND.items()
        for entity, payload in rows(stack, view).items()
    }


def versions_told(stack: Stack) -> dict[Entity, list[HistoryMessage]]:
    """Every version in the features topics, in the order of telling; after the restore some come again."""
    told: dict[Entity, list[HistoryMessage]] = defaultdict(list)
    for message in read_all(stack.addresses.kafka, FEATURES):
        decoded = decode_message(message.value())
        if isinstance(decoded, HistoryMessage):
            told[decoded.kind, decoded.entity_id].append(decoded)
    return told


def compared_with_a_plain_fold(
    raw: list[RawRecord], told: Mapping[Entity, list[HistoryMessage]], stored: Mapping[Entity, bytes]
) -> dict[str, object]:
    """Each told version against the fold up to its positions, each stored history against the fold of all."""
    past, differences = known_past(raw), Counter[str]()
    links = LinkPast()
    links.take(raw)
    rings: list[tuple[str, bytes]] = []
    for (kind, entity), messages in told.items():
        newest = {message.version: message.payload for message in messages}
        for version in sorted(newest):
            if kind == "ring":
                rings.append((entity, newest[version]))
            elif again(past, kind, entity, newest[version]) != newest[version]:
                differences[f"told {kind}"] += 1
    for entity, payload in Random(SEED).sample(rings, min(RINGS, len(rings))):
        differences["told ring"] += not ring_comes_out(links, entity, payload)
    ends = [number for source, offset in sorted(end_of(raw).items()) for number in (source, offset)]
    whole = known_past(raw)
    for (kind, entity), payload in stored.items():
        if kind == "ring":
            differences["stored ring"] += not ring_comes_out(links, entity, payload, ends)
        elif folded(whole, kind, entity, ends) != payload:
            differences[f"stored {kind}"] += 1
    untold = set(told) ^ set(stored)
    return {
        "histories": len(stored),
        "versions": sum(map(len, told.values())),
        "rings": len(rings),
        "history_differences": sum(differences.values()) + len(untold),
        "of_kinds": dict(+differences),
    }


def ring_comes_out(links: LinkPast, user_id: str, payload: bytes, positions: list[int] | None = None) -> bool:
    told = decode_ring(payload)
    rebuilt = links.ring(user_id, positions or told.positions)
    return rebuilt is not None and of_a_ring(rebuilt) == of_a_ring(told)


def end_of(raw: list[RawRecord]) -> dict[int, int]:
    ends: dict[int, int] = {}
    for record in raw:
        source = source_number(record.topic, record.partition)
        ends[source] = max(record.offset, ends.get(source, 0))
    return ends


def again(past: KnownPast, kind: str, entity: str, payload: bytes) -> bytes | None:
    positions = (decode_profile(payload) if kind == "profile" else decode_history(payload)).positions
    return folded(past, kind, entity, positions)


def folded(past: KnownPast, kind: str, entity: str, positions: list[int]) -> bytes | None:
    if kind == "profile":
        profile = past.profile(entity, positions)
        return encode_profile(profile) if profile else None
    history = past.history(cast("HistoryKind", kind), entity, positions)
    return encode_history(history) if history else None


def compared_with_the_oracle(
    raw: list[RawRecord], told: Mapping[Entity, list[HistoryMessage]]
) -> dict[str, object]:
    """Payments drawn from the stream, decided as if the store had held what was told until then."""
    choices, past = Random(SEED), RawPast(raw)
    steps = filter(None, map(step_of, raw))
    payments = [step.event for step in steps if isinstance(step.event, PaymentDecided)]
    differences: list[str] = []
    situations, saturated = Counter[str](), Counter[str]()
    for payment in choices.sample(payments, SAMPLE):
        compared = compare(reading(payment, payments, told, choices), past)
        differences += compared.differences
        situations.update(compared.situations)
        saturated.update(compared.saturated)
    return {
        "transactions": SAMPLE,
        "feature_differences": len(differences),
        "first_difference": differences[0] if differences else None,
        "saturated": dict(saturated),
        "situations": dict(situations),
    }


def reading(
    payment: PaymentDecided,
    payments: list[PaymentDecided],
    told: Mapping[Entity, list[HistoryMessage]],
    choices: Random,
) -> Reading:
    transaction = transaction_of(payment)
    as_of_ms = transaction.requested_at_ms
    entities = {
        "card": transaction.card_id,
        "user": transaction.user_id,
        "device": transaction.device_id,
        "zone": transaction.pickup_zone,
        "profile": transaction.user_id,
        "ring": transaction.user_id,
    }
    payloads = {kind: known_before(told.get((kind, name), []), as_of_ms) for kind, name in entities.items()}
    names = choices.sample([name for kind, name in told if kind == "zone"], ZONES_OF_A_PULSE)
    zones = {name: known_before(told["zone", name], as_of_ms) for name in names}
    return Reading(
        transaction=transaction,
        as_of_ms=as_of_ms,
        payloads={kind: payload for kind, payload in payloads.items() if payload is not None},
        zones={zone: payload for zone, payload in zones.items() if payload is not None},
        in_flight=[other for other in payments if in_flight(other, transaction)],
    )


def known_before(messages: list[HistoryMessage], as_of_ms: int) -> bytes | None:
    """The newest version that a decision at that time could have read."""
    known = [message for message in messages if message.known_at_ms < as_of_ms]
    return max(known, key=lambda message: message.version).payload if known else None


def in_flight(other: PaymentDecided, transaction: Transaction) -> bool:
    at_ms = event_time_ms(other)
    near = transaction.requested_at_ms - IN_FLIGHT_MS <= at_ms < transaction.requested_at_ms
    same = (
        other.card_id == transaction.card_id
        or other.user_id == transaction.user_id
        or other.device_id == transaction.device_id
    )
    return near and same and other.id != transaction.transaction_id
