"""Which events tell that a rider used a card or a device: the links that rings are made of."""

from typing import Literal, NamedTuple, get_args

from domain.errors import EventRefused
from domain.events import (
    AccountCreated,
    CardAdded,
    DeviceLogin,
    Event,
    PaymentDecided,
    decode_event,
    event_time_ms,
)
from domain.fold import is_late
from domain.raw_record import RawRecord
from domain.topics import DECISIONS, RIDES

LinkKind = Literal["card", "device"]
LinkEvent = PaymentDecided | CardAdded | AccountCreated | DeviceLogin
Entity = tuple[LinkKind, str]  # a card or a device
LINK_TOPICS = (RIDES, DECISIONS)
LINK_TYPES = frozenset(str(event.__struct_config__.tag) for event in get_args(LinkEvent))
_BELONG_IN = {
    PaymentDecided: DECISIONS.name,
    CardAdded: RIDES.name,
    AccountCreated: RIDES.name,
    DeviceLogin: RIDES.name,
}


class Link(NamedTuple):
    entity: Entity
    user_id: str


class Telling(NamedTuple):
    """Links that one event tells, with the time of the event and that of its Kafka record."""

    links: tuple[Link, ...]
    at_ms: int
    known_at_ms: int


def links_of(event: Event) -> tuple[Link, ...]:
    """A payment links whatever its verdict."""
    match event:
        case PaymentDecided() | CardAdded():
            user_id = event.user_id
            return Link(("card", event.card_id), user_id), Link(("device", event.device_id), user_id)
        case AccountCreated() | DeviceLogin():
            return (Link(("device", event.device_id), event.user_id),)
    return ()


def telling_of(record: RawRecord) -> Telling | None:
    """The links of a record; None for one that tells none, or comes too late to be counted.

    Raises EventRefused for what no history learns of either.
    """
    event = decode_event(record.body, record.record_time_ms)
    links = links_of(event)
    if not links:
        return None
    if _BELONG_IN[type(event)] != record.topic:
        raise EventRefused("wrong_topic", f"a link of {record.topic} is told by {type(event).__name__}")
    if is_late(event, record.record_time_ms):
        return None
    return Telling(links, event_time_ms(event), record.record_time_ms)
