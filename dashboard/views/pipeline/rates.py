"""Messages a second and messages to go, from what Kafka said a few seconds apart."""

from collections import deque
from collections.abc import Iterable, Mapping
from threading import Lock

from msgspec import Struct

from dashboard.views.pipeline.readings import KafkaLook
from domain.links import LINK_TOPICS
from domain.topics import FEATURES, SOURCES, Topic, source_number

OVER_S = 15.0
SHORTEST_S = 1.0
HISTORIES, WRITER = "faregate-histories", "faregate-writer"


class Rates(Struct, frozen=True, kw_only=True):
    """A second, by topic; `written` is what the writer read of the features topics. None: not known yet."""

    topics: dict[str, float | None]
    written: float | None

    def of(self, topics: Iterable[Topic]) -> float | None:
        found = [self.topics.get(topic.name) for topic in topics]
        known = [rate for rate in found if rate is not None]
        return sum(known) if known else None


class RateMeter:
    """Remembers the looks of the last seconds; used by all pages of the process."""

    def __init__(self) -> None:
        self._looks: deque[KafkaLook] = deque()
        self._lock = Lock()

    def take(self, look: KafkaLook) -> Rates:
        with self._lock:
            while self._looks and look.at_s - self._looks[0].at_s > OVER_S:
                self._looks.popleft()
            self._looks.append(look)
            return rates(self._looks[0], look)


def rates(before: KafkaLook, after: KafkaLook) -> Rates:
    """Nothing is told of less than a second, nor of offsets that fell: those are another broker's."""
    seconds = after.at_s - before.at_s
    names = {topic for topic, _ in after.ends}
    if seconds < SHORTEST_S:
        return Rates(topics=dict.fromkeys(names), written=None)
    return Rates(
        topics={name: _rate(_of(before.ends, name), _of(after.ends, name), seconds) for name in names},
        written=_rate(before.committed.get(WRITER, {}), after.committed.get(WRITER, {}), seconds),
    )


def lag(look: KafkaLook, group: str, topics: Iterable[Topic]) -> int | None:
    """Messages the group has yet to read; None while it has said nothing."""
    committed = look.committed.get(group)
    if not committed:
        return None
    names = {topic.name for topic in topics}
    return sum(max(0, look.ends.get(place, 0) - at) for place, at in committed.items() if place[0] in names)


def rings_lag(look: KafkaLook, positions: Mapping[int, int]) -> int | None:
    """Messages that the builder of rings has yet to read."""
    if not positions:
        return None
    places = [(topic.name, number) for topic in LINK_TOPICS for number in range(topic.partitions)]
    return sum(
        max(0, look.ends[place] - positions[source])
        for place in places
        if place in look.ends and (source := source_number(*place)) in positions
    )


def histories_lag(look: KafkaLook) -> int | None:
    return lag(look, HISTORIES, SOURCES)


def writer_lag(look: KafkaLook) -> int | None:
    return lag(look, WRITER, FEATURES)


def _of(ends: Mapping[tuple[str, int], int], name: str) -> dict[tuple[str, int], int]:
    return {place: end for place, end in ends.items() if place[0] == name}


def _rate(
    before: Mapping[tuple[str, int], int], after: Mapping[tuple[str, int], int], seconds: float
) -> float | None:
    if not before or before.keys() != after.keys():
        return None
    more = sum(after[place] - before[place] for place in after)
    return more / seconds if more >= 0 else None
