"""Rings: riders who are connected by cards and devices that several of them used.

A rider's ring depends only on the set of links that are known, each with its least time, and not on the order
in which they were told. docs/feature-contract.md has the rules.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256
from typing import Annotated, Protocol

from msgspec import Meta, Struct, msgpack

from domain.links import Entity, Link

HUB_OVER = 8  # a card or device of more riders is a hub, such as a hotel's tablet: it connects nobody
RING_AT_MOST = 50  # "50 or more": what comes on top changes no feature
ID_LETTERS = 16


class Ring(Struct, omit_defaults=True, kw_only=True):
    """Every field is a field of the Feast view user_ring; the defaults are a rider's who shares nothing."""

    epoch: Annotated[int, Meta(description="rises when rings are rebuilt from nothing")] = 1
    version: Annotated[int, Meta(description="rises by one with each change of the ring")] = 0
    known_at_ms: Annotated[int, Meta(description="newest Kafka time of the links that it rests on")] = 0
    ring_id: Annotated[str, Meta(description="the same for all of a ring; empty when nothing is shared")] = ""
    size: Annotated[int, Meta(description="riders in the ring, 50 is 50 or more")] = 1
    shared_cards: Annotated[int, Meta(description="cards that connect them, 50 is 50 or more")] = 0
    shared_devices: Annotated[int, Meta(description="devices that connect them, 50 is 50 or more")] = 0
    positions: Annotated[list[int], Meta(description="newest offset read of each source partition")] = []


_encoder = msgpack.Encoder()
_decoder = msgpack.Decoder(Ring)
Riders = Mapping[str, int]  # of one card or device, each with the least time of the link


def encode_ring(ring: Ring) -> bytes:
    return _encoder.encode(ring)


def decode_ring(payload: bytes) -> Ring:
    return _decoder.decode(payload)


class Web(Protocol):
    """The links that are known."""

    def entities_of(self, user_id: str) -> Iterable[Entity]:
        """The rider's cards and devices; those not known yet may be among them."""

    def riders_of(self, entity: Entity) -> Riders:
        """Everybody known to have used it."""


class Links:
    """A web that grows link by link."""

    def __init__(self) -> None:
        self._entities: dict[str, list[Entity]] = defaultdict(list)
        self._riders: dict[Entity, dict[str, int]] = defaultdict(dict)

    def add(self, link: Link, at_ms: int) -> None:
        riders = self._riders[link.entity]
        if link.user_id not in riders:
            self._entities[link.user_id].append(link.entity)
        riders[link.user_id] = min(at_ms, riders.get(link.user_id, at_ms))

    def entities_of(self, user_id: str) -> list[Entity]:
        return self._entities.get(user_id, [])

    def riders_of(self, entity: Entity) -> Riders:
        return self._riders.get(entity, {})


def connects(riders: int) -> bool:
    """Whether a card or device of so many riders makes them a ring."""
    return 2 <= riders <= HUB_OVER


def ring_of(user_id: str, web: Web) -> Ring | None:
    """None for a rider of whom no link is known."""
    riders_of = cache(web.riders_of)  # each is met once by every rider of it
    if not any(user_id in riders_of(entity) for entity in web.entities_of(user_id)):
        return None
    shared: dict[Entity, Riders] = {}
    met, waiting = {user_id}, [user_id]
    while waiting:
        rider = waiting.pop()
        for entity in web.entities_of(rider):
            riders = riders_of(entity)
            if entity not in shared and rider in riders and connects(len(riders)):
                shared[entity] = riders
                waiting += riders.keys() - met
                met |= riders.keys()
    return ring_made_of(shared)


def ring_made_of(shared: Mapping[Entity, Riders]) -> Ring:
    """The ring that these cards and devices connect; each of them connects its riders to the others."""
    joined = joined_at_ms(shared)
    if not joined:
        return Ring()
    cards = sum(kind == "card" for kind, _ in shared)
    return Ring(
        ring_id=_named_after(min(joined, key=lambda rider: (joined[rider], rider))),
        size=min(len(joined), RING_AT_MOST),
        shared_cards=min(cards, RING_AT_MOST),
        shared_devices=min(len(shared) - cards, RING_AT_MOST),
    )


def joined_at_ms(shared: Mapping[Entity, Riders]) -> dict[str, int]:
    """Since when each rider shares anything: a card is shared from its second rider on."""
    joined: dict[str, int] = {}
    for riders in shared.values():
        first, second, *_ = sorted(riders.values())
        for rider, at_ms in riders.items():
            since_ms = max(at_ms, second) if at_ms == first else at_ms
            joined[rider] = min(since_ms, joined.get(rider, since_ms))
    return joined


def _named_after(user_id: str) -> str:
    """By whoever shared first, so that a ring keeps its name while it grows; in letters, as all our ids."""
    digest = sha256(user_id.encode()).digest()[:ID_LETTERS]
    return "ring_" + "".join(chr(ord("a") + byte % 26) for byte in digest)
