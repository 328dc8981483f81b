"""The histories job on a real Flink between real Kafka topics."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Message
from event_factories import (
    a_cancel,
    a_card_added,
    a_login,
    a_payment,
    a_payment_outcome,
    a_profile_change,
    a_ride_request,
    an_account,
    letters,
)
from histories_job import JobAtWork, Place, Source, Told, now_ms, until

from deploy.embedded.stack import Stack
from domain.decision import Outcome, Verdict
from domain.display import HOUR_MS, MINUTE_MS
from domain.events import encode_event, event_time_ms
from domain.feature_message import WatermarkMessage, decode_message
from domain.fold import fold
from domain.folded_ids import LATENESS_HORIZON_MS
from domain.history import History, HistoryKind, encode_history
from domain.profile import Profile, encode_profile, fold_profile
from domain.topics import DEAD_LETTER, DECISIONS, HISTORIES, RIDES, partition_of, source_number

# Two payments, one of them told three times, each in the histories of a card, a rider, a device and a zone.
COUNTED = {"events_late": 2, "events_duplicate": 8, "events_folded": 8, "events_refused": 0}
GOOD = encode_event(a_payment())
BAD: tuple[tuple[str, bytes | None], ...] = (
    ("empty", None),
    ("not_json", b""),
    ("not_json", b"not json"),
    ("not_json", GOOD[:-9]),
    ("not_json", GOOD.replace(b"40.71", b"NaN")),
    ("not_json", b'{"x":' * 10_000),
    ("not_json", GOOD.replace(b"usr_a", b"usr_\xff")),
    ("invalid", GOOD.replace(b"user_id", b"user")),
    ("invalid", GOOD.replace(b"1850", b'"1850"')),
    ("invalid", GOOD.replace(b"1850", b"-1850")),
    ("unknown_type", GOOD.replace(b"payment.decided", b"payment.dreamt")),
    ("unknown_version", GOOD.replace(b'"version":1', b'"version":2')),
    ("invalid", GOOD.replace(b"2026-09-21T14:13:20Z", b"2026-09-21T14:13:20")),
    ("future", GOOD.replace(b"2026-09-21", b"9999-09-21")),
    ("past", GOOD.replace(b"2026-09-21", b"1970-09-21")),
    ("too_large", b"x" * 1_000_000),
    ("wrong_topic", encode_event(an_account(at_ms=1_000_000_000_000))),
)


@pytest.fixture(scope="module")
def source(stack: Stack) -> Source:
    return Source(stack.addresses.kafka)


@pytest.fixture(scope="module")
def job(stack: Stack) -> JobAtWork:
    return JobAtWork(stack.addresses.flink_url)


@pytest.fixture
def told(stack: Stack) -> Iterator[Told]:
    listener = Told(stack.addresses.kafka, HISTORIES)
    yield listener
    listener.close()


@pytest.fixture
def dead_letters(stack: Stack) -> Iterator[Told]:
    listener = Told(stack.addresses.kafka, (DEAD_LETTER,))
    yield listener
    listener.close()


@pytest.fixture
def who() -> dict[str, str]:
    """A rider and a card that no other test knows."""
    own = letters(int(uuid4().int % 10**12))
    return {"user_id": f"usr_{own}", "card_id": f"card_{own}"}


Placed = tuple[Any, Place]


def folded(kind: HistoryKind, *placed: Placed) -> bytes:
    """What the job makes of events that stand in these places."""
    history: History | None = None
    for event, place in placed:
        position = (source_number(place.topic, place.partition), place.offset)
        history = fold(kind, history, event, event_time_ms(event), position)
    assert history is not None, "a history has at least one event"
    return encode_history(history)


def test_python_runs_inside_the_task_manager(job: JobAtWork) -> None:
    settings = {entry["key"]: entry["value"] for entry in job.get("/jobmanager/config")}
    assert settings["python.execution-mode"] == "thread"


def test_the_job_folds_as_we_do_with_repeats_among_the_events(
    source: Source, told: Told, who: dict[str, str]
) -> None:
    rider, start_ms = {"user_id": who["user_id"]}, now_ms() - 30 * MINUTE_MS
    stream: list[Any] = [
        an_account(at_ms=start_ms, **rider),
        a_card_added(at_ms=start_ms + 1_000, **who),
        a_login(at_ms=start_ms + 2_000, new_device=True, **rider),
        a_ride_request(at_ms=start_ms + 3_000, **rider),
        a_payment(at_ms=start_ms + 4_000, amount_minor=2_500, **who),
        a_payment_outcome(at_ms=start_ms + 5_000, outcome=Outcome.FAILED, **who),
        a_profile_change(at_ms=start_ms + 6_000, contact_changed=True, **rider),
        a_cancel(at_ms=start_ms + 7_000, **rider),
        a_payment(at_ms=start_ms + 20 * MINUTE_MS, verdict=Verdict.DECLINE, pickup_zone="zone_c", **who),
        a_payment_outcome(at_ms=start_ms + 21 * MINUTE_MS, outcome=Outcome.CHARGEBACK, **who),
        a_payment(at_ms=start_ms + 10 * MINUTE_MS, device_id="dev_b", **who),
    ]
    placed: list[Placed] = [(event, source.event(event)) for event in stream]
    for event in [*stream[:6], stream[-1]]:
        source.event(event)

    on_card = [placed[i] for i in (1, 4, 5, 8, 9, 10)]
    on_user = placed[1:]
    profile: Profile | None = None
    for event, place in (placed[0], placed[6]):
        position = (source_number(place.topic, place.partition), place.offset)
        profile = fold_profile(profile, event, event_time_ms(event), position)
    assert profile is not None, "two events make a profile"

    card, user, rider_profile = (
        ("card", who["card_id"]),
        ("user", who["user_id"]),
        ("profile", who["user_id"]),
    )
    assert told.histories({card: len(on_card), user: len(on_user), rider_profile: 2}) == {
        card: folded("card", *on_card),
        user: folded("user", *on_user),
        rider_profile: encode_profile(profile),
    }


def test_what_cannot_be_read_is_set_aside_and_the_rest_passes(
    source: Source, job: JobAtWork, told: Told, dead_letters: Told, who: dict[str, str]
) -> None:
    troubles = job.troubles()
    good = [a_payment(at_ms=now_ms() - i, **who) for i in range(len(BAD) + 1)]
    placed: list[Placed] = [(good[0], source.event(good[0]))]
    wanted: dict[Place, str] = {}
    for event, (reason, body) in zip(good[1:], BAD, strict=True):
        wanted[source.raw(DECISIONS, who["user_id"], body)] = reason
        placed.append((event, source.event(event)))

    found: dict[Place, str] = {}

    def take(message: Message) -> dict[Place, str] | None:
        letter = json.loads(message.value())
        place = Place(topic=letter["topic"], partition=letter["partition"], offset=letter["offset"])
        if place in wanted:
            assert message.key() == f"{place.topic}-{place.partition}".encode()
            assert set(letter) == {"topic", "partition", "offset", "record_time_ms", "reason", "detail"}
            found[place] = letter["reason"]
        return found if len(found) == len(wanted) else None

    assert dead_letters.find(take, f"dead letters at {wanted}") == wanted
    card = ("card", who["card_id"])
    assert told.histories({card: len(good)})[card] == folded("card", *placed)
    assert job.troubles() == troubles


def test_late_events_and_repeats_are_counted_and_not_folded(
    source: Source, job: JobAtWork, told: Told, who: dict[str, str]
) -> None:
    before = job.fresh_counters(source)
    on_time = a_payment(at_ms=now_ms() - LATENESS_HORIZON_MS // 2, **who)
    last = a_payment(at_ms=now_ms(), **who)
    for late in (HOUR_MS + 1, 40 * HOUR_MS):
        source.event(a_payment(at_ms=now_ms() - late, **who), now_ms())
    first = source.event(on_time)
    for event in (on_time, on_time):
        source.event(event)
    placed = ((on_time, first), (last, source.event(last)))

    card, user = ("card", who["card_id"]), ("user", who["user_id"])
    payloads = told.histories({card: 2, user: 2})
    assert payloads[card] == folded("card", *placed)
    assert payloads[user] == folded("user", *placed)

    def counted() -> bool | None:
        after = job.counters()
        grown = {name: after.get(name, 0) - before[name] for name in COUNTED}
        return True if grown == COUNTED else None

    until(counted, f"growth of the counters by {COUNTED}")


def test_a_watermark_reaches_every_partition_of_features(source: Source, told: Told) -> None:
    beat_ms = now_ms()
    source.heartbeats(beat_ms)
    wanted = {(topic.name, p) for topic in HISTORIES for p in range(topic.partitions)}
    reached: set[tuple[str, int]] = set()

    def take(message: Message) -> bool | None:
        watermark = decode_message(message.value())
        if isinstance(watermark, WatermarkMessage) and watermark.low_watermark_ms >= beat_ms:
            assert (watermark.subtask, watermark.subtasks) == (0, 1)
            reached.add((message.topic(), message.partition()))
        return reached == wanted or None

    told.find(take, "watermark in each partition")


@pytest.mark.parametrize("number", range(20))
def test_keys_go_where_the_broker_client_puts_them(source: Source, number: int) -> None:
    """A refused message is a record as any other."""
    key = f"usr_{letters(number)}{'x' * number}"
    place = source.raw(RIDES, key, b"only its place matters")
    assert place.partition == partition_of(key.encode(), RIDES.partitions)
