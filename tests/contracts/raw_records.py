"""Records of the source topics from events."""

from event_factories import NOW_MS

from domain.events import Event, PaymentCorrected, PaymentDecided, PaymentOutcome, encode_event
from domain.raw_record import RawRecord
from domain.topics import DECISIONS, LABELS, RIDES, Topic


def a_record(event: Event, *, offset: int = 0, partition: int = 0, record_time_ms: int = NOW_MS) -> RawRecord:
    return RawRecord(
        topic=_topic(event).name,
        partition=partition,
        offset=offset,
        record_time_ms=record_time_ms,
        key=b"usr_a",
        body=encode_event(event),
    )


def _topic(event: Event) -> Topic:
    match event:
        case PaymentDecided():
            return DECISIONS
        case PaymentOutcome() | PaymentCorrected():
            return LABELS
        case _:
            return RIDES
