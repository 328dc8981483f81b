from collections import Counter
from typing import Any

import pytest
from event_factories import NOW_MS, a_heartbeat, a_location, a_payment, an_account

from deploy.bench.city import backlog
from deploy.bench.job.plain_fold import PlainFold
from deploy.bench.stream import mode
from deploy.embedded.flink_rest import FlinkRest
from domain.events import Event, PaymentDecided, decode_event, encode_event, event_time_ms
from domain.topics import DECISIONS, RIDES, Topic
from flink_jobs.folding import fold_payload
from flink_jobs.routing import targets


class Message:
    """As confluent_kafka hands it over."""

    def __init__(self, event: Event, topic: Topic = DECISIONS, *, known_at_ms: int = NOW_MS) -> None:
        self._body, self._topic, self._known_at_ms = encode_event(event), topic, known_at_ms

    def value(self) -> bytes:
        return self._body

    def timestamp(self) -> tuple[int, int]:
        return 1, self._known_at_ms

    def topic(self) -> str:
        return self._topic.name

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return 7


def test_the_mix_is_as_long_as_asked_and_readable() -> None:
    events = list(backlog.city_mix(3_000, NOW_MS))
    assert len(events) == 3_000
    for simulated in events:
        decode_event(encode_event(simulated.event), event_time_ms(simulated.event))


def test_so_many_payments_make_so_many_histories() -> None:
    events = [each.event for each in backlog.one_payment_each(300, NOW_MS)]
    kinds = Counter(kind for entity in {e for event in events for e in targets(event)} for kind in entity[:1])
    assert [kinds[kind] for kind in ("card", "user", "device")] == [100, 100, 100]


def test_further_payments_are_new_ones_of_the_same_riders() -> None:
    first = [each.event for each in backlog.one_payment_each(300, NOW_MS)]
    more = [each.event for each in backlog.payments_of_many(100, 300, NOW_MS)]
    assert all(isinstance(event, PaymentDecided) for event in first + more)
    assert {event.user_id for event in more} == {event.user_id for event in first}
    assert len({event.id for event in first + more}) == 200


def test_the_yardstick_folds_as_the_job_does() -> None:
    payment = a_payment()
    plain = PlainFold()
    for event, topic in ((payment, DECISIONS), (payment, DECISIONS), (an_account(), RIDES)):
        plain.take(Message(event, topic))
    folded = fold_payload("card", None, payment, NOW_MS, (1_000, 7))
    assert folded is not None
    assert plain.state["card", "card_a"] == folded.payload
    assert set(plain.state) == set(targets(payment) + targets(an_account()))
    assert (plain.read, plain.folded) == (3, 6)


def test_the_yardstick_leaves_out_what_the_job_leaves_out() -> None:
    plain = PlainFold()
    plain.take(Message(a_payment(), RIDES))
    plain.take(Message(a_location(), RIDES))
    plain.take(Message(a_payment(), known_at_ms=NOW_MS + 2 * 3_600_000))
    plain.take(Message(a_heartbeat(), RIDES))
    assert (plain.state, plain.ended) == ({}, 1)


@pytest.mark.parametrize(("in_java", "told"), [(2, "thread"), (1, "process"), (0, "process")])
def test_the_mode_is_what_every_subtask_says(in_java: int, told: str) -> None:
    assert mode({"subtasks_in_java": in_java}, 2) == told


class Rest(FlinkRest):
    def _get(self, path: str) -> Any:
        match path.rsplit("/", 1)[-1]:
            case "job":
                return {"vertices": [{"id": "a"}, {"id": "b"}]}
            case "metrics":
                return [{"id": "0.fold.events_folded"}, {"id": "0.numRecordsIn"}] if "/a/" in path else []
            case question:
                assert question == "metrics?get=0.fold.events_folded&agg=sum"
                return [{"id": "0.fold.events_folded", "sum": 41.0}]


def test_counters_are_asked_for_by_their_own_names() -> None:
    found = Rest(url="http://flink").counters("job", ["events_folded", "subtasks_in_java"])
    assert found == {"events_folded": 41, "subtasks_in_java": 0}
