"""Twenty days of a larger city told in one go: what a job meets that reads a backlog.

Repeats come in the last part only, which is as dense as a busy hour: a zone keeps ids for two hours, and a
job that drains a backlog may be days ahead in one partition.
"""

from dataclasses import dataclass
from random import Random

from city_events import CityEvents
from msgspec import structs
from source_topics import SourceTopics

from domain.decision import Rung, Verdict
from domain.display import DAY_MS, MINUTE_MS
from domain.raw_record import RawRecord
from domain.vector import as_attempt

PAST_SHARE = 0.4
DENSE_MS = 50 * MINUTE_MS


@dataclass(frozen=True, kw_only=True)
class Population:
    users: int = 500
    cards: int = 600
    devices: int = 450
    zones: int = 60
    drivers: int = 80


def seeded_stream(seed: int, many: int, until_ms: int) -> list[RawRecord]:
    """In the order of telling; `offset` is not the one that Kafka will give."""
    return _Telling(Random(seed), until_ms).told(many)


class _Telling:
    def __init__(self, choices: Random, until_ms: int) -> None:
        self._choices = choices
        self._until_ms = until_ms
        self._events = _crowded(CityEvents(), Population())
        self._topics = SourceTopics()
        self._records: list[RawRecord] = []

    def told(self, many: int) -> list[RawRecord]:
        past = int(many * PAST_SHARE)
        dense_from_ms = self._until_ms - DENSE_MS
        for number in range(past):
            self._tell(dense_from_ms - 20 * DAY_MS * (past - number) // past)
        first_dense = len(self._records)
        while len(self._records) < many:
            now_ms = dense_from_ms + DENSE_MS * (len(self._records) - first_dense) // (many - first_dense)
            if self._choices.random() < 0.08 and len(self._records) > first_dense:
                self._tell_again(first_dense, now_ms)
            else:
                self._tell(now_ms)
        return self._records[:many]

    def _tell(self, now_ms: int) -> None:
        roll, choices = self._choices.random(), self._choices
        if roll < 0.5:
            self._pay(now_ms)
        elif roll < 0.68 and (about := self._events.about_a_payment(now_ms, choices)):
            self._records.append(self._topics.tell(about, now_ms))
        elif roll < 0.7:
            topic, key, body = self._events.nonsense(now_ms, choices)
            self._records.append(self._topics.put(topic, key, body, now_ms))
        else:
            self._records.append(self._topics.tell(self._events.any_event(now_ms, choices), now_ms))

    def _pay(self, now_ms: int) -> None:
        """Decided at once, told at once or a little later."""
        choices = self._choices
        attempt = as_attempt(self._events.transaction(now_ms, choices), now_ms - choices.choice([0, 40, 900]))
        verdict = choices.choice([Verdict.APPROVE, Verdict.APPROVE, Verdict.APPROVE, *Verdict])
        decided = structs.replace(attempt, decision_id="dec_a", verdict=verdict, rung=Rung.R0, producer="api")
        self._events.paid(decided)
        self._records.append(self._topics.tell(decided, now_ms))

    def _tell_again(self, first: int, now_ms: int) -> None:
        """One of those just told, or one of up to an hour ago."""
        recent = self._choices.choice([8, 2_000])
        record = self._choice_after(max(first, len(self._records) - recent))
        self._records.append(self._topics.tell_again(record, now_ms))

    def _choice_after(self, first: int) -> RawRecord:
        return self._records[self._choices.randrange(first, len(self._records))]


def _crowded(events: CityEvents, people: Population) -> CityEvents:
    events.users = [events.an_id("usr") for _ in range(people.users)]
    events.cards = [events.an_id("card") for _ in range(people.cards)]
    events.devices = [events.an_id("dev") for _ in range(people.devices)]
    events.zones = [events.an_id("zone") for _ in range(people.zones)]
    events.drivers = [events.an_id("drv") for _ in range(people.drivers)]
    return events
