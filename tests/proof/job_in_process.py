"""The job's own steps without Flink, and the online store behind it with all versions that it ever held."""

from collections import Counter, defaultdict
from collections.abc import Mapping

from domain.errors import EventRefused
from domain.events import Heartbeat, decode_event
from domain.history import is_late
from domain.raw_record import RawRecord
from domain.topics import source_number
from flink_jobs.folding import fold_payload
from flink_jobs.routing import check_topic, targets

Entity = tuple[str, str]  # kind and id
ZONE = "zone"


class Job:
    """Takes records in any interleaving that keeps the order of each partition."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.stored: dict[Entity, list[bytes]] = defaultdict(list)
        self._state: dict[Entity, bytes] = {}
        self._untold_zones: set[Entity] = set()

    def take(self, record: RawRecord) -> None:
        try:
            event = decode_event(record.body, record.record_time_ms)
            check_topic(event, record.topic)
        except EventRefused:
            self.counts["refused"] += 1
            return
        if isinstance(event, Heartbeat) or is_late(event, record.record_time_ms):
            self.counts["late"] += 1
            return
        position = (source_number(record.topic, record.partition), record.offset)
        for entity in targets(event):
            folded = fold_payload(entity[0], self._state.get(entity), event, record.record_time_ms, position)
            if folded is None:
                self.counts["repeats"] += 1
                continue
            self._state[entity] = folded.payload
            if entity[0] == ZONE:
                self._untold_zones.add(entity)
            else:
                self.stored[entity].append(folded.payload)

    def tell_zones(self) -> None:
        """What the zones' timers do 250 ms after the first untold event."""
        for entity in self._untold_zones:
            self.stored[entity].append(self._state[entity])
        self._untold_zones.clear()

    def state(self) -> Mapping[Entity, bytes]:
        return self._state
