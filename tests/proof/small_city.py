"""A generated city: a few riders, cards, devices and zones, everything that can go wrong in the telling of
their events, and a decision now and then, compared four ways.

An action is a number that seeds all its choices, and 0 does nothing: so Hypothesis shrinks a case by making
actions 0.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

from agreement import Reading, compare
from city_events import CityEvents
from job_in_process import Job
from msgspec import structs
from raw_past import RawPast
from rings_in_process import Rings
from source_topics import SourceTopics

from domain.decision import Rung, Verdict
from domain.display import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from domain.events import PaymentDecided, event_time_ms
from domain.raw_record import RawRecord
from domain.tiles import TILE_OF_WINDOW
from domain.transaction import Transaction
from domain.vector import as_attempt

BEGIN_MS = 1_790_000_000_000
IN_FLIGHT_KEPT_MS = 120_000
MOST_AHEAD_MS = 4 * MINUTE_MS
LONGEST_LAG_MS = 45 * MINUTE_MS  # while repeats are told: a zone keeps ids for two hours


class City:
    """`job` and `seen` can be looked at after `live`; `differences` must be empty."""

    def __init__(self) -> None:
        self.now_ms = BEGIN_MS
        self.topics = SourceTopics()
        self.job = Job()
        self.rings = Rings()
        self.events = CityEvents()
        self.seen: Counter[str] = Counter()
        self.readings: list[Reading] = []
        self.differences: list[str] = []
        self._consumed = dict.fromkeys(self.topics.partitions, 0)
        self._in_flight: list[PaymentDecided] = []  # in the order of their coming
        self._open: list[PaymentDecided] = []  # arrived, not decided
        self._untold: list[PaymentDecided] = []  # decided, still in the outbox
        self._repeated_since_drained = False

    def live(self, actions: Sequence[int]) -> None:
        for action in filter(None, actions):
            choices = Random(action)
            self._advance(choices)
            [act] = choices.choices(list(ACTIONS), weights=list(ACTIONS.values()))
            act(self, choices)
        self._settle(Random(len(actions)))
        self._compare()

    # Time

    def _advance(self, choices: Random) -> None:
        gap_ms = self._gap_ms(choices)
        if gap_ms > 10 * MINUTE_MS and choices.random() < 0.8:
            self._settle(choices)
        oldest_ms = min((record.record_time_ms for record in self._waiting()), default=self.now_ms)
        if self.now_ms + gap_ms - oldest_ms > LONGEST_LAG_MS:
            if self._repeated_since_drained or choices.random() < 0.5:
                self._drain(choices)
            else:
                self.seen["days_of_backlog"] += 1
        self.now_ms += gap_ms
        self._in_flight = [p for p in self._in_flight if event_time_ms(p) >= self.now_ms - IN_FLIGHT_KEPT_MS]

    def _gap_ms(self, choices: Random) -> int:
        roll = choices.random()
        if roll < 0.45:
            return choices.choice([0, 1, 5, choices.randrange(5 * SECOND_MS)])
        if roll < 0.6:
            return choices.randrange(3 * MINUTE_MS)
        if roll < 0.7:
            return choices.randrange(2 * HOUR_MS)
        if roll < 0.75:
            return choices.randrange(choices.choice([3, 20]) * DAY_MS)
        if roll < 0.88:
            tile_ms = choices.choice(list(TILE_OF_WINDOW.values()))
            return max(0, tile_ms - self.now_ms % tile_ms + choices.choice([-1, 0, 0, 1]))
        return self._gap_to_an_edge_ms(choices)

    def _gap_to_an_edge_ms(self, choices: Random) -> int:
        """Until an earlier event is just as old as a window is long, or its tile just leaves the window."""
        if not (times := self.events.times_ms):
            return 0
        window_ms, tile_ms = choices.choice(list(TILE_OF_WINDOW.items()))
        at_ms = choices.choice(times)
        edge_ms = choices.choice([at_ms, at_ms - at_ms % tile_ms + tile_ms]) + window_ms
        return max(0, edge_ms + choices.choice([-1, 0, 0, 1]) - self.now_ms)

    # The stream

    def _waiting(self) -> list[RawRecord]:
        return [
            record
            for place, records in self.topics.partitions.items()
            for record in records[self._consumed[place] :]
        ]

    def _consume(self, choices: Random, most: int | None = None) -> None:
        """Some records of one partition; its order is kept, that among partitions is not."""
        places = [
            place for place, records in self.topics.partitions.items() if self._consumed[place] < len(records)
        ]
        if not places:
            return
        place = choices.choice(places)
        for _ in range(most or choices.choice([1, 1, 2, 5, 100])):
            if self._consumed[place] < len(self.topics.partitions[place]):
                self.job.take(self.topics.partitions[place][self._consumed[place]])
                self._consumed[place] += 1
        if choices.random() < 0.7:
            self.job.fire_timers()

    def _drain(self, choices: Random) -> None:
        while self._waiting():
            self._consume(choices, most=choices.choice([1, 3, 10]))
        self.job.fire_timers()
        self._repeated_since_drained = False

    def _tell(self, choices: Random) -> None:
        event = self.events.any_event(self.now_ms, choices)
        self.topics.tell(event, self._record_time_ms(choices))

    def _tell_of_a_payment(self, choices: Random) -> None:
        """An outcome, a correction or the ride, perhaps before anybody told of the payment."""
        if about := self.events.about_a_payment(self.now_ms, choices):
            self.topics.tell(about, self._record_time_ms(choices))

    def _tell_again(self, choices: Random) -> None:
        told = list(self.topics.all())
        if told:
            self.topics.tell_again(choices.choice(told[-60:]), self._record_time_ms(choices))
            self._repeated_since_drained = True

    def _tell_nonsense(self, choices: Random) -> None:
        topic, key, body = self.events.nonsense(self.now_ms, choices)
        self.topics.put(topic, key, body, self.now_ms)

    def _record_time_ms(self, choices: Random) -> int:
        """Producers' clocks differ a little."""
        return self.now_ms - (choices.randrange(2 * SECOND_MS) if choices.random() < 0.2 else 0)

    def _read_links(self, choices: Random) -> None:
        self.rings.read(self.topics.partitions, choices)

    # Decisions

    def _decide(self, choices: Random) -> None:
        """A payment arrives: it sees those that came before, and is seen by those that come later."""
        if choices.random() < 0.5:
            self._drain(choices)
        as_of_ms = self._clock_of_a_host_ms(choices)
        transaction = self.events.transaction(as_of_ms, choices)
        self.readings.append(self._reading(transaction, as_of_ms, choices))
        attempt = as_attempt(transaction, as_of_ms)
        self._in_flight.append(attempt)
        self._open.append(attempt)
        self.events.paid(attempt)
        if choices.random() < 0.5:
            self._answer(choices)

    def _clock_of_a_host_ms(self, choices: Random) -> int:
        """One host in ten is ahead, as far as its events are still believed."""
        return self.now_ms + (choices.randrange(MOST_AHEAD_MS) if choices.random() < 0.1 else 0)

    def _reading(self, transaction: Transaction, as_of_ms: int, choices: Random) -> Reading:
        entities = {
            "card": transaction.card_id,
            "user": transaction.user_id,
            "device": transaction.device_id,
            "zone": transaction.pickup_zone,
            "profile": transaction.user_id,
        }
        payloads = {kind: self._stored(kind, entity, choices) for kind, entity in entities.items()}
        payloads["ring"] = _behind(self.rings.stored.get(transaction.user_id, []), choices)
        zones = {
            entity: self._stored(*entity, choices) for entity in list(self.job.stored) if entity[0] == "zone"
        }
        return Reading(
            transaction=transaction,
            as_of_ms=as_of_ms,
            payloads={kind: payload for kind, payload in payloads.items() if payload is not None},
            zones={zone: payload for (_, zone), payload in zones.items() if payload is not None},
            in_flight=[p for p in self._in_flight if _of_the_same(p, transaction)],
        )

    def _stored(self, kind: str, entity: str, choices: Random) -> bytes | None:
        """What the online store holds; now and then the writer is a few versions behind."""
        return _behind(self.job.stored.get((kind, entity), []), choices)

    def _answer(self, choices: Random) -> None:
        """A payment that waits gets its verdict; the final event takes its place in flight."""
        if not self._open:
            return
        attempt = self._open.pop(choices.randrange(len(self._open)))
        verdict = choices.choice([Verdict.APPROVE, Verdict.APPROVE, Verdict.DECLINE, *Verdict])
        decided = structs.replace(attempt, decision_id="dec_a", verdict=verdict, rung=Rung.R1, producer="api")
        self._in_flight = [decided if p.id == decided.id else p for p in self._in_flight]
        self._untold.append(decided)
        self.events.decided(decided)
        if choices.random() < 0.5:
            self._relay(choices)

    def _relay(self, choices: Random) -> None:
        """The outbox promises no order."""
        if self._untold:
            self.topics.tell(
                self._untold.pop(choices.randrange(len(self._untold))), self._record_time_ms(choices)
            )

    def _burst(self, choices: Random) -> None:
        """One rider, card, device or zone meets more than its sets can hold, or than ids are kept for."""
        many = choices.choice([40, 40, 40, 70, 140])
        for transaction in self.events.burst(self.now_ms, many, choices):
            attempt = as_attempt(transaction, transaction.requested_at_ms)
            self.events.paid(attempt)
            self._open.append(attempt)
            self._answer(choices)
        while self._untold:
            self._relay(choices)
        self._drain(choices)

    def _many_rides(self, choices: Random) -> None:
        """One rider asks for more rides than are kept, and pays for one of them."""
        user_id = choices.choice(self.events.users)
        for request in self.events.requests(self.now_ms, choices.randrange(6, 14), user_id, choices):
            self.topics.tell(request, self.now_ms)
        self._drain(choices)

    def _settle(self, choices: Random) -> None:
        while self._open or self._untold:
            self._answer(choices)
            self._relay(choices)
        self._drain(choices)

    # What is compared

    def _compare(self) -> None:
        """Every decision, when all is told: what became known later must have no part in it."""
        self.seen += self.job.counts
        past = RawPast(list(self.topics.all()))
        for number, reading in enumerate(self.readings):
            compared = compare(reading, past)
            self.seen.update(compared.situations)
            self.seen.update(f"saturated_{kind}" for kind in compared.saturated)
            self.differences += [f"decision {number}: {difference}" for difference in compared.differences]


def _behind(versions: list[bytes], choices: Random) -> bytes | None:
    behind = choices.choice([0, 0, 0, 0, 0, 1, 3])
    return versions[-1 - behind] if len(versions) > behind else None


def _of_the_same(payment: PaymentDecided, transaction: Transaction) -> bool:
    return (
        payment.card_id == transaction.card_id
        or payment.user_id == transaction.user_id
        or payment.device_id == transaction.device_id
    )


ACTIONS: dict[Callable[[City, Random], None], int] = {
    City._decide: 30,
    City._answer: 8,
    City._relay: 8,
    City._tell: 20,
    City._tell_of_a_payment: 14,
    City._tell_again: 8,
    City._tell_nonsense: 2,
    City._consume: 22,
    City._read_links: 12,
    City._burst: 2,
    City._many_rides: 1,
}
