"""To which entities an event goes, and which events may stand in which topic."""

from types import ModuleType
from typing import get_args

from domain.errors import EventRefused
from domain.events import Event, Heartbeat, PaymentCorrected, PaymentDecided, PaymentOutcome
from domain.topics import DECISIONS, LABELS, RIDES
from flink_jobs import card_history, device_history, user_history, user_profile, zone_history

# Each says which events reach its entities, and by which field those name them.
_REACHED: dict[str, ModuleType] = {
    "card": card_history,
    "user": user_history,
    "device": device_history,
    "zone": zone_history,
    "profile": user_profile,
}
KINDS = tuple(_REACHED)
_NAMED_IN: dict[type, list[tuple[str, str]]] = {
    event_type: [
        (kind, reached.NAMED_BY) for kind, reached in _REACHED.items() if event_type in reached.EVENTS
    ]
    for event_type in get_args(Event)
}

_PAYMENT_TYPES = {PaymentDecided, PaymentOutcome, PaymentCorrected}
TYPES_IN_TOPIC: dict[str, set[type]] = {
    RIDES.name: set(get_args(Event)) - _PAYMENT_TYPES,
    DECISIONS.name: {PaymentDecided, Heartbeat},
    LABELS.name: {PaymentOutcome, PaymentCorrected, Heartbeat},
}


def targets(event: Event, kinds: tuple[str, ...] = KINDS) -> list[tuple[str, str]]:
    """The (kind, entity id) pairs whose histories the event changes."""
    return [
        (kind, entity)
        for kind, field in _NAMED_IN[type(event)]
        if kind in kinds and (entity := getattr(event, field))
    ]


def check_topic(event: Event, topic: str) -> None:
    """Raises EventRefused for an event that has no business in the topic, such as a decision among rides."""
    if type(event) not in TYPES_IN_TOPIC[topic]:
        raise EventRefused("wrong_topic", f"{event.__struct_config__.tag} does not belong into {topic}")
