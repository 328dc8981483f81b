"""The Feast views: which value of ours each holds, who it belongs to, which topic it comes from.

Feast's schema, the archive's columns and the defaults all come from the fields of those values, so that no
field is declared twice.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, get_args, get_type_hints

import msgspec
from msgspec import Meta, Struct

from domain.history import History
from domain.online_store import VIEW_OF_KIND, WATERMARK_VIEW
from domain.profile import Profile
from domain.ring import Ring
from domain.topics import Topic, features_topic


class PipelineWatermark(Struct, kw_only=True):
    """What domain.online_store.encode_watermark writes."""

    low_watermark_ms: Annotated[int, Meta(description="every event up to this time is in the store")] = 0


class InFlight(Struct, kw_only=True):
    """Payments that the API has seen, in the order in which they came; the stream may know them already."""

    transaction_ids: Annotated[list[str], Meta(description="payments under way or just decided")] = []
    events: Annotated[list[bytes], Meta(description="each as a payment.decided event in JSON")] = []
    at_ms: Annotated[list[int], Meta(description="when each came, milliseconds since the epoch")] = []


@dataclass(frozen=True, kw_only=True)
class Column:
    """One Feast field; `type` is int, bool, str, list[int], list[str] or list[bytes]."""

    name: str
    type: Any
    description: str


@dataclass(frozen=True)
class View:
    """`kind` is that of the features topic, None for the view that comes from no topic of its own."""

    name: str
    kind: str | None
    entity: str
    join_key: str
    value: type[Struct]
    description: str

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        hints = get_type_hints(self.value, include_extras=True)
        return tuple(_column(field.encode_name, hints[field.name]) for field in self._fields)

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """What a field that the payload leaves out stands for."""
        empty = self.value()
        return {field.encode_name: getattr(empty, field.name) for field in self._fields}

    @property
    def topic(self) -> Topic | None:
        return features_topic(self.kind) if self.kind else None

    @property
    def _fields(self) -> tuple[msgspec.structs.FieldInfo, ...]:
        return msgspec.structs.fields(self.value)


def _column(name: str, hint: Any) -> Column:
    plain, *metadata = get_args(hint)
    described = next(item for item in metadata if isinstance(item, Meta))
    return Column(name=name, type=plain, description=described.description or "")


CARD = View(
    VIEW_OF_KIND["card"], "card", "card", "card_id", History,
    "What a card has done lately: tiles, counterparts, the newest payments, lifetime totals.",
)  # fmt: skip
USER = View(
    VIEW_OF_KIND["user"], "user", "user", "user_id", History,
    "What a rider has done lately: tiles, counterparts, the newest payments, lifetime totals.",
)  # fmt: skip
DEVICE = View(
    VIEW_OF_KIND["device"], "device", "device", "device_id", History,
    "What a device has done lately: tiles, counterparts, lifetime totals.",
)  # fmt: skip
ZONE = View(
    VIEW_OF_KIND["zone"], "zone", "zone", "zone_id", History,
    "What has happened lately to rides from a zone: tiles and lifetime totals.",
)  # fmt: skip
PROFILE = View(
    VIEW_OF_KIND["profile"], "profile", "user", "user_id", Profile,
    "What a rider's account says of itself, as of its newest change.",
)  # fmt: skip
RING = View(
    VIEW_OF_KIND["ring"], "ring", "user", "user_id", Ring,
    "With how many riders a rider is connected by shared cards and devices.",
)  # fmt: skip
WATERMARK = View(
    WATERMARK_VIEW, None, "pipeline", "pipeline", PipelineWatermark,
    "How far the stream has come into this store; feature age is now minus this.",
)  # fmt: skip

CARD_IN_FLIGHT = View(
    "card_in_flight", None, "card", "card_id", InFlight,
    "Payments with a card that the API has seen and the stream may not know of yet.",
)  # fmt: skip
USER_IN_FLIGHT = View(
    "user_in_flight", None, "user", "user_id", InFlight,
    "Payments of a rider that the API has seen and the stream may not know of yet.",
)  # fmt: skip
DEVICE_IN_FLIGHT = View(
    "device_in_flight", None, "device", "device_id", InFlight,
    "Payments from a device that the API has seen and the stream may not know of yet.",
)  # fmt: skip

IN_FLIGHT = (CARD_IN_FLIGHT, USER_IN_FLIGHT, DEVICE_IN_FLIGHT)
VIEWS = (CARD, USER, DEVICE, ZONE, PROFILE, RING, WATERMARK, *IN_FLIGHT)
BY_NAME = {view.name: view for view in VIEWS}
BY_KIND = {view.kind: view for view in VIEWS if view.kind}
