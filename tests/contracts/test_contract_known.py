"""docs/feature-contract.md: what is known."""

from collections.abc import Callable, Sequence
from math import isnan

import psycopg
import pytest
from event_factories import (
    NOW_MS,
    a_heartbeat,
    a_history,
    a_login,
    a_payment,
    a_ride_request,
    a_transaction,
)
from feature_values import values
from msgspec import structs
from raw_records import a_record

from app.ladder import footing
from app.ports import StoredFeatures
from domain.decision import Verdict
from domain.events import Event, Heartbeat, PaymentDecided, event_time_ms
from domain.feature_message import WatermarkMessage
from domain.fold import fold
from domain.history import History, HistoryKind, decode_history, encode_history
from domain.online_store import VIEW_OF_KIND
from domain.platform import pulse_of
from domain.raw_record import RawRecord
from domain.topics import SOURCES, source_number
from domain.vector import as_attempt
from feature_repo.low_watermark import LowWatermark as WriterWatermark
from feature_repo.online_rows import UPSERT, Row, upsert_parameters
from flink_jobs.as_known import KnownPast
from flink_jobs.watermarks import LowWatermark as JobWatermark

HOUR_MS, DAY_MS = 3_600_000, 86_400_000


def _folded(kind: HistoryKind, records: Sequence[tuple[RawRecord, Event]]) -> History:
    history: History | None = None
    for record, event in records:
        position = (source_number(record.topic, record.partition), record.offset)
        history = fold(kind, history, event, record.record_time_ms, position)
    assert history is not None
    return history


def _told(*events: Event) -> list[tuple[RawRecord, Event]]:
    """Payments in partition 1, everything else in partition 0."""
    next_offset = {0: 0, 1: 0}
    told = []
    for event in events:
        partition = int(isinstance(event, PaymentDecided))
        told.append((a_record(event, partition=partition, offset=next_offset[partition]), event))
        next_offset[partition] += 1
    return told


def test_rule_a_history_is_its_positions() -> None:
    payment = a_payment(id="txn_a")
    told = _told(payment, a_login(at_ms=NOW_MS - 2 * HOUR_MS), a_login(), payment, a_login(), a_payment())
    records = [record for record, _ in told]
    late = told.pop(1)
    history = _folded("user", told[:4])  # and a repeat
    assert history.positions == [0, 2, 1001, 0]
    assert late[0].offset == 0
    known = KnownPast(records).history("user", "usr_a", history.positions)
    assert known is not None
    assert encode_history(known) == encode_history(history)


def test_rule_a_decision_is_replayed_as_known() -> None:
    flying = as_attempt(a_transaction(at_ms=NOW_MS - 5), NOW_MS - 5)
    told = _told(
        a_payment(at_ms=NOW_MS - HOUR_MS),
        a_ride_request(at_ms=NOW_MS - 9),
        a_login(at_ms=NOW_MS - 8),
        structs.replace(flying, decision_id="dec_a", verdict=Verdict.DECLINE),
    )
    transaction = a_transaction()
    user = _folded("user", told[:2])
    seen = values(transaction=transaction, user=user, in_flight=[flying])
    rebuilt = KnownPast([record for record, _ in told]).history("user", "usr_a", user.positions)
    again = values(transaction=transaction, user=rebuilt, in_flight=[flying])
    assert repr(again) == repr(seen)


def test_rule_later_knowledge_changes_later_vectors_only() -> None:
    before = _told(a_payment(at_ms=NOW_MS - DAY_MS))
    later = _told(a_login(at_ms=NOW_MS - 9, new_device=True))
    past = KnownPast([record for record, _ in [*before, *later]])
    then = past.history("user", "usr_a", [1001, 0])
    now = past.history("user", "usr_a", [0, 0, 1001, 0])
    assert isnan(values(user=then)["user_since_new_device_login"])
    assert values(user=now)["user_since_new_device_login"] == pytest.approx(0.009)


def test_rule_a_higher_epoch_and_version_win(conninfo: Callable[[str], str]) -> None:
    def row(epoch: int, version: int, known_at_ms: int) -> Row:
        payload = encode_history(History(epoch=epoch, version=version, known_at_ms=known_at_ms))
        return Row(
            view=VIEW_OF_KIND["card"],
            entity_id="card_a",
            epoch=epoch,
            version=version,
            known_at_us=known_at_ms * 1000,
            payload=payload,
        )

    stored = []
    with psycopg.connect(conninfo("faregate_writer"), autocommit=True) as connection:
        for told in ((1, 5, NOW_MS), (1, 4, NOW_MS + 9), (1, 6, NOW_MS - 9), (2, 1, 0), (1, 99, 0)):
            connection.execute(UPSERT, upsert_parameters([row(*told)]))
            found = connection.execute("select payload from online_store", binary=True).fetchone()
            assert found is not None
            history = decode_history(found[0])
            stored.append((history.epoch, history.version))
    assert stored == [(1, 5), (1, 5), (1, 6), (2, 1), (2, 1)]


@pytest.mark.parametrize("kind", ["card", "user", "device"])
def test_rule_payments_in_flight_count_once(kind: HistoryKind) -> None:
    flying = a_payment(at_ms=NOW_MS - 5)
    others = {"card_id": "card_b", "user_id": "usr_b", "device_id": "dev_b"}
    of_others = a_payment(at_ms=NOW_MS - 4, **{**others, f"{kind}_id": f"{kind}_z"})
    stranger, told = a_history(kind, a_payment(at_ms=NOW_MS - DAY_MS)), a_history(kind, flying)
    name = f"{kind}_payments_1h"
    assert values(**{kind: stranger})[name] == 1
    assert values(**{kind: stranger}, in_flight=[flying, of_others])[name] == 2
    assert values(**{kind: told}, in_flight=[flying])[name] == 2
    own = a_transaction()
    assert values(transaction=own, **{kind: told}, in_flight=[as_attempt(own, NOW_MS)])[name] == 2


def test_rule_an_undecided_payment_counts_as_let_through() -> None:
    flying = as_attempt(a_transaction(at_ms=NOW_MS - 5), NOW_MS - 5)
    declined = structs.replace(flying, verdict=Verdict.DECLINE)
    card = a_history("card", a_payment(at_ms=NOW_MS - DAY_MS))
    assert flying.verdict is Verdict.APPROVE
    assert values(card=card, in_flight=[flying])["card_declines_5m"] == 0
    assert values(card=card, in_flight=[declined])["card_declines_5m"] == 1


def test_rule_zones_have_no_overlay() -> None:
    zone = a_history("zone", a_payment())
    seen = values(zone=zone, pulse=pulse_of([zone], NOW_MS), in_flight=[a_payment(verdict=Verdict.DECLINE)])
    assert seen["zone_payments_5m"] == 1
    assert seen["zone_decline_rise"] == seen["platform_decline_rise"] == pytest.approx(20 / 21)


def test_rule_the_platform_is_the_sum_of_zones() -> None:
    calm = a_history("zone", a_payment(at_ms=NOW_MS - DAY_MS), a_payment())
    rough = a_history("zone", *(a_payment(verdict=Verdict.DECLINE) for _ in range(3)))
    seen = values(pulse=pulse_of([calm, rough], NOW_MS - 30_000))
    usual = (3 + 1) / (5 + 20)
    expected = (3 + 20 * usual) / (4 + 20) / usual
    assert seen["platform_decline_rise"] == pytest.approx(expected, rel=1e-6)


def _beats(at_ms: int) -> list[Heartbeat]:
    return [
        a_heartbeat(at_ms=at_ms, source_topic=topic.name, partition=partition)
        for topic in SOURCES
        for partition in range(topic.partitions)
    ]


def test_rule_feature_age_is_the_pipelines() -> None:
    """Read and folded in every source partition, then written in every features partition, and only then."""
    job, writer = JobWatermark(), WriterWatermark([("features.card.v1", 0), ("features.card.v1", 1)])
    *all_but_one, last = _beats(NOW_MS)
    assert [told for beat in all_but_one if (told := _heard(job, beat)) is not None] == []
    low_ms = _heard(job, last)
    assert low_ms is not None
    assert low_ms == NOW_MS
    message = WatermarkMessage(subtask=0, subtasks=1, low_watermark_ms=low_ms)
    writer.hear(("features.card.v1", 0), message)
    assert writer.value_ms() is None
    writer.hear(("features.card.v1", 1), message)
    assert writer.value_ms() == NOW_MS
    quiet = StoredFeatures(card=History(known_at_ms=NOW_MS - 30 * DAY_MS), low_watermark_ms=NOW_MS - 700)
    on = footing(features=quiet, has_model=True, time_left=True, as_of_ms=NOW_MS)
    assert on.feature_age_ms == 700


def _heard(job: JobWatermark, beat: Heartbeat) -> int | None:
    return job.advance(beat.source_topic, beat.partition, event_time_ms(beat))
