"""A decision as the ledger keeps it: its vector, and the places of all that it was computed from."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from domain.events import PaymentDecided
from domain.positions import Position
from domain.topics import PARTITIONS_AT_MOST, SOURCES
from domain.transaction import Transaction

Place = tuple[str, int]  # topic and partition
RING = "ring"


class Read(Struct, frozen=True, kw_only=True):
    """The state of a history when it was read."""

    epoch: int
    version: int
    positions: list[int]


class RecordedDecision(Struct, frozen=True, kw_only=True):
    """`reads` by kind, `pulse` by zone; what is not there was not known of. `in_flight` in their order."""

    decision_id: str
    transaction: Transaction
    as_of_ms: int
    vector: bytes
    reads: Mapping[str, Read]
    pulse_id: str | None = None
    pulse: Mapping[str, Read] | None = None
    in_flight: tuple[PaymentDecided, ...] = ()

    @property
    def entities(self) -> dict[str, str]:
        """Whose histories it was computed from, by kind; the ring is the rider's, and no history."""
        transaction = self.transaction
        return {
            "card": transaction.card_id,
            "user": transaction.user_id,
            "device": transaction.device_id,
            "zone": transaction.pickup_zone,
            "profile": transaction.user_id,
        }

    def is_covered(self, ends: Mapping[Place, int]) -> bool:
        """Whether the archive, whose next offsets are `ends`, has all that the decision knew."""
        reads = [*self.reads.values(), *(self.pulse or {}).values()]
        return all(
            offset < ends.get(place_of(source), 0)
            for read in reads
            for source, offset in pairs(read.positions)
        )


def pairs(positions: list[int]) -> Iterator[Position]:
    return zip(positions[::2], positions[1::2], strict=True)


def place_of(source: int) -> Place:
    """The topic and partition that `domain.topics.source_number` gave this number."""
    topic, partition = divmod(source, PARTITIONS_AT_MOST)
    return SOURCES[topic].name, partition
