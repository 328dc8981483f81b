"""To which entities an event goes, and which events may stand in which topic."""

from collections.abc import Callable
from typing import get_args

from domain.errors import EventRefused
from domain.events import Event, Heartbeat, PaymentCorrected, PaymentDecided, PaymentOutcome
from domain.topics import DECISIONS, LABELS, RIDES
from flink_jobs.card_history import card_of
from flink_jobs.device_history import device_of
from flink_jobs.user_history import user_of
from flink_jobs.user_profile import profile_of
from flink_jobs.zone_history import zone_of

ENTITY_OF_KIND: dict[str, Callable[[Event], str | None]] = {
    "card": card_of,
    "user": user_of,
    "device": device_of,
    "zone": zone_of,
    "profile": profile_of,
}
KINDS = tuple(ENTITY_OF_KIND)

_PAYMENT_TYPES = {PaymentDecided, PaymentOutcome, PaymentCorrected}
TYPES_IN_TOPIC: dict[str, set[type]] = {
    RIDES.name: set(get_args(Event)) - _PAYMENT_TYPES,
    DECISIONS.name: {PaymentDecided, Heartbeat},
    LABELS.name: {PaymentOutcome, PaymentCorrected, Heartbeat},
}


def targets(event: Event, kinds: tuple[str, ...] = KINDS) -> list[tuple[str, str]]:
    """The (kind, entity id) pairs whose histories the event changes."""
    return [(kind, entity) for kind in kinds if (entity := ENTITY_OF_KIND[kind](event))]


def check_topic(event: Event, topic: str) -> None:
    """Raises EventRefused for an event that has no business in the topic, such as a decision among rides."""
    if type(event) not in TYPES_IN_TOPIC[topic]:
        raise EventRefused("wrong_topic", f"{event.__struct_config__.tag} does not belong into {topic}")
