"""Dead letters on a real broker: seen, mended, and sent again once."""

from collections.abc import Callable, Iterator
from time import time

import pytest
from case_room import CaseRoom, open_room
from confluent_kafka import Message, Producer
from event_factories import a_payment, an_id
from waiting import eventually

from app.desk.dead_letters import DeadLetterDesk, Place, Resent, StreamUnavailable
from app.desk.errors import DeskRefused, NotAllowed
from app.desk.event_stream import EventStream, consuming
from dashboard.views.pipeline import letters
from deploy.embedded.kafka import Kafka
from domain.events import encode_event
from domain.topics import DEAD_LETTER, DECISIONS, MURMUR2
from flink_jobs.dead_letter import DeadLetter
from flink_jobs.routing import check_topic

TOLD_MS = int(time() * 1000) - 7_200_000
BAD = b'{"type": "payment.decided"'


@pytest.fixture
def room(conninfo: Callable[[str], str]) -> Iterator[CaseRoom]:
    with open_room(conninfo) as opened:
        yield opened


@pytest.fixture(scope="module")
def stream(kafka: Kafka) -> EventStream:
    """Of a broker that answers in the time that a page has for it."""
    opened = EventStream(kafka.bootstrap)
    eventually(lambda: answers(opened), within_s=90, what="a broker that leads all partitions")
    return opened


def answers(stream: EventStream) -> bool:
    try:
        for topic in (DECISIONS, DEAD_LETTER):
            stream.read_all(
                [Place(topic=topic.name, partition=n, offset=10**9) for n in range(topic.partitions)]
            )
    except StreamUnavailable:
        return False
    return True


@pytest.fixture
def desk(room: CaseRoom, stream: EventStream) -> DeadLetterDesk:
    return DeadLetterDesk(room.desk, stream, check_topic)


@pytest.fixture
def produce(kafka: Kafka, stream: EventStream) -> Callable[..., Place]:
    """Puts a message into a topic and says where it stands."""
    eventually(lambda: answers(stream), what="the broker")
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "partitioner": MURMUR2})

    def put(value: bytes, topic: str = DECISIONS.name, key: str = "usr_a") -> Place:
        told: list[Message] = []
        producer.produce(
            topic, value, key, timestamp=TOLD_MS, on_delivery=lambda _, message: told.append(message)
        )
        assert producer.flush(20) == 0
        return Place(topic=told[0].topic(), partition=told[0].partition(), offset=told[0].offset())

    return put


def mended() -> str:
    return encode_event(a_payment(at_ms=TOLD_MS - 100, id=an_id("txn"))).decode()


def sent(desk: DeadLetterDesk, source: Place, text: str, click: str) -> Resent | None:
    """None while the broker is too busy to answer in time: the same click is tried again."""
    try:
        return desk.resend(source, text, person_id="ada", key=click)
    except StreamUnavailable:
        return None


def count_of(stream: EventStream, place: Place, text: str) -> int:
    """How often a message stands in the next places of its partition."""
    offsets = range(place.offset, place.offset + 4)
    found = [stream.read(Place(topic=place.topic, partition=place.partition, offset=at)) for at in offsets]
    return sum(record is not None and record.value == text.encode() for record in found)


def test_a_mended_message_arrives_once(
    room: CaseRoom, desk: DeadLetterDesk, stream: EventStream, produce: Callable[..., Place]
) -> None:
    source, text = produce(BAD), mended()
    click = room.click()
    resent = eventually(lambda: sent(desk, source, text, click), what="Kafka's answer")
    again = desk.resend(source, text, person_id="ada", key=click)

    assert again == resent
    assert (resent.sent_to.topic, resent.sent_to.partition) == (source.topic, source.partition)
    record = stream.read(resent.sent_to)
    assert record is not None
    assert (record.key, record.value, record.time_ms) == (b"usr_a", text.encode(), TOLD_MS)
    assert count_of(stream, source, text) == 1
    assert room.deeds(str(source)) == ["dead_letter.resend"]
    with pytest.raises(DeskRefused, match="ada sent this message again at"):
        desk.resend(source, text, person_id="ada", key=room.click())


def test_what_cannot_be_read_still_is_refused_with_the_reason(
    room: CaseRoom, desk: DeadLetterDesk, stream: EventStream, produce: Callable[..., Place]
) -> None:
    source = produce(BAD)
    ride = '{"type": "card.removed", "id": "e", "event_time": "2026-11-20T00:00:00Z", "producer": "p", '
    for text, reason in (
        (BAD.decode(), "not_json"),
        (ride + '"user_id": "usr_a", "card_id": "card_a"}', "wrong_topic"),
        (mended().replace("drv_a", "4111 1111 1111 1111"), "card number"),
    ):
        with pytest.raises(DeskRefused, match=reason):
            desk.resend(source, text, person_id="ada", key=room.click())
    after = Place(topic=source.topic, partition=source.partition, offset=source.offset + 1)
    assert stream.read(after) is None
    assert room.deeds(str(source)) == []


def test_only_an_admin_sends(room: CaseRoom, desk: DeadLetterDesk, produce: Callable[..., Place]) -> None:
    with pytest.raises(NotAllowed, match="admin may do this"):
        desk.resend(produce(BAD), mended(), person_id="lea", key=room.click())


def test_a_message_that_is_gone_or_of_another_topic_is_refused(room: CaseRoom, desk: DeadLetterDesk) -> None:
    gone = Place(topic=DECISIONS.name, partition=0, offset=10**9)
    for source, reason in (
        (gone, "keeps nothing"),
        (Place(topic=DEAD_LETTER.name, partition=0, offset=0), "takes no events from here"),
        (Place(topic=DECISIONS.name, partition=77, offset=0), "has no partition 77"),
    ):
        with pytest.raises(DeskRefused, match=reason):
            desk.resend(source, mended(), person_id="ada", key=room.click())


def test_letters_are_read_newest_first(kafka: Kafka, produce: Callable[..., Place]) -> None:
    for offset in (7, 8):
        letter = DeadLetter(
            topic=DECISIONS.name, partition=1, offset=offset, record_time_ms=1, reason="invalid", detail="d"
        )
        produce(letter.encode(), topic=DEAD_LETTER.name)
    produce(b"no letter", topic=DEAD_LETTER.name)
    found = letters.newest(kafka.bootstrap, most=3)
    assert [letter.source.offset for letter in found] == [8, 7]


def test_a_broker_that_is_away_is_said(room: CaseRoom) -> None:
    nowhere = EventStream("127.0.0.1:1")
    source = Place(topic=DECISIONS.name, partition=0, offset=0)
    with pytest.raises(StreamUnavailable, match="Kafka does not answer"):
        DeadLetterDesk(room.desk, nowhere, check_topic).resend(source, "", person_id="ada", key="k")
    with pytest.raises(StreamUnavailable), consuming("127.0.0.1:1") as consumer:
        consumer.list_topics(timeout=0.1)
    assert room.deeds(str(source)) == []
