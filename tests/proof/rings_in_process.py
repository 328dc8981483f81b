"""The builder of rings in one process without Kafka, and all that the online store ever held of it."""

from collections import defaultdict
from collections.abc import Mapping
from random import Random

from memory_rings import MemoryRings
from source_topics import Place

from domain.links import LINK_TOPICS
from domain.raw_record import RawRecord
from domain.ring import encode_ring
from domain.topics import source_number
from feature_repo.rings.builder import RingBuilder

PLACES = tuple((topic.name, number) for topic in LINK_TOPICS for number in range(topic.partitions))


class Rings:
    """It reads at its own pace, neither as far nor in the same order as the job."""

    def __init__(self) -> None:
        self.stored: dict[str, list[bytes]] = defaultdict(list)
        self._rings = MemoryRings()
        self._builder = self._begun()

    def read(self, partitions: Mapping[Place, list[RawRecord]], choices: Random) -> None:
        """A batch; now and then by a builder that has just started and knows what was kept."""
        if choices.random() < 0.05:
            self._builder = self._begun()
        batch = []
        for place in choices.sample(PLACES, len(PLACES)):
            reached = self._builder.reached.get(source_number(*place))
            first = reached.next_offset if reached else 0
            batch += partitions[place][first : first + choices.choice([0, 1, 5, 200])]
        before = len(self._rings.sent)
        self._builder.take(batch)
        for member in self._rings.sent[before:]:
            self.stored[member.user_id].append(encode_ring(member.ring))

    def _begun(self) -> RingBuilder:
        return RingBuilder(self._rings.keep, self._rings.load(), lambda: 0.0)
