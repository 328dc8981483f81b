from collections.abc import Iterable
from random import Random
from typing import Any

import pytest
from event_factories import NOW_MS, a_card_added, a_heartbeat, a_login, a_payment, a_ride_request, an_account
from memory_rings import MemoryRings
from msgspec import structs
from past import Past

from domain.display import HOUR_MS
from domain.events import Event, encode_event
from domain.links import telling_of
from domain.positions import covers
from domain.raw_record import RawRecord
from domain.ring import HUB_OVER, Links, Ring, ring_of
from domain.topics import DECISIONS, RIDES, source_number
from feature_repo.rings.builder import KEEP_PLACES_EVERY_S, RingBuilder
from feature_repo.rings.values import RebuiltMeanwhile

Batch = list[RawRecord]


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def a_builder(rings: MemoryRings, clock: Clock | None = None) -> RingBuilder:
    return RingBuilder(rings.keep, rings.load(), clock or Clock())


def record(event: Event, offset: int, *, partition: int = 0, known_at_ms: int = NOW_MS) -> RawRecord:
    topic = DECISIONS if hasattr(event, "verdict") else RIDES
    return RawRecord(
        topic=topic.name,
        partition=partition,
        offset=offset,
        record_time_ms=known_at_ms,
        key=None,
        body=encode_event(event),
    )


def content(ring: Ring) -> tuple[object, ...]:
    return ring.ring_id, ring.size, ring.shared_cards, ring.shared_devices


def contents(rings: MemoryRings) -> dict[str, tuple[object, ...]]:
    return {user_id: content(ring) for user_id, ring in rings.newest.items()}


def test_a_rider_who_is_heard_of_gets_a_row_of_one() -> None:
    rings = MemoryRings()
    a_builder(rings).take([record(an_account(), 7)])
    assert rings.newest == {"usr_a": Ring(version=1, known_at_ms=NOW_MS, positions=[0, 7])}


def test_a_shared_card_makes_a_ring_of_both() -> None:
    rings = MemoryRings()
    builder = a_builder(rings)
    builder.take([record(a_card_added(user_id="usr_a", device_id="dev_a"), 0)])
    builder.take([record(a_payment(user_id="usr_b", device_id="dev_b"), 4)])
    first, second = rings.newest["usr_a"], rings.newest["usr_b"]
    assert (first.size, first.shared_cards, first.shared_devices) == (2, 1, 0)
    assert content(first) == content(second)
    assert (first.version, second.version) == (2, 1)
    assert first.positions == second.positions == [0, 0, 1000, 4]


def test_a_version_rises_by_one_a_change_and_nothing_else_is_written_again() -> None:
    rings = MemoryRings()
    builder = a_builder(rings)
    builder.take([record(an_account(), 0)])
    for offset in range(1, 6):
        builder.take([record(a_login(), offset), record(a_ride_request(), offset + 10)])
    assert [member.ring.version for member in rings.sent] == [1]
    builder.take([record(a_login(user_id="usr_b"), 20)])
    assert [(m.user_id, m.ring.version) for m in rings.sent[1:]] in (
        [("usr_a", 2), ("usr_b", 1)],
        [("usr_b", 1), ("usr_a", 2)],
    )


def test_a_hub_takes_its_ring_apart() -> None:
    rings = MemoryRings()
    builder = a_builder(rings)
    people = [f"usr_{letter}" for letter in "abcdefghi"]
    builder.take([record(a_login(user_id=user_id), at) for at, user_id in enumerate(people[:HUB_OVER])])
    assert {rings.newest[user_id].size for user_id in people[:HUB_OVER]} == {HUB_OVER}
    builder.take([record(a_login(user_id=people[-1]), 90)])
    assert {ring.size for ring in rings.newest.values()} == {1}
    assert {ring.ring_id for ring in rings.newest.values()} == {""}
    sent = len(rings.sent)
    builder.take([record(a_login(user_id="usr_late"), 91)])
    assert len(rings.sent) == sent + 1


def test_what_cannot_be_read_is_counted_and_passed_over() -> None:
    rings = MemoryRings()
    builder = a_builder(rings)
    broken = RawRecord(topic=RIDES.name, partition=0, offset=0, record_time_ms=NOW_MS, key=None, body=b"{")
    foreign = structs.replace(record(a_payment(), 1), topic=RIDES.name)
    builder.take([broken, foreign, record(a_login(at_ms=NOW_MS - 2 * HOUR_MS), 2), record(a_login(), 3)])
    assert builder.refused == 2
    assert rings.newest["usr_a"].positions == [0, 3]
    assert builder.links == 1


def test_a_row_is_known_since_the_youngest_link_behind_it() -> None:
    """Partitions are read unevenly in a backlog: what is told last may be the oldest."""
    rings = MemoryRings()
    builder = a_builder(rings)
    young, old = NOW_MS, NOW_MS - 20 * HOUR_MS
    builder.take([record(a_login(at_ms=young), 0)])
    builder.take([record(a_login(at_ms=old, user_id="usr_b"), 0, partition=1, known_at_ms=old)])
    assert rings.newest["usr_b"].known_at_ms == young
    builder.take([record(a_login(at_ms=old, user_id="usr_c"), 1, partition=1, known_at_ms=old)])
    assert rings.newest["usr_c"].known_at_ms == young


def test_how_far_it_read_is_kept_now_and_then_though_nothing_changes() -> None:
    rings, clock = MemoryRings(), Clock()
    builder = a_builder(rings, clock)
    builder.take([record(a_heartbeat(), 5)])
    assert rings.load().reached == {}
    clock.now += KEEP_PLACES_EVERY_S
    builder.take([record(a_heartbeat(), 6)])
    assert rings.load().reached[0].next_offset == 7
    builder.take([record(a_heartbeat(), 7)])
    builder.rest()
    assert rings.load().reached[0].next_offset == 8


def test_it_says_how_far_all_sources_were_read() -> None:
    builder = a_builder(MemoryRings())
    assert builder.read_until_ms() == 0
    builder.take([record(a_heartbeat(), 0), record(a_heartbeat(), 0, partition=1, known_at_ms=NOW_MS - 9)])
    assert builder.read_until_ms() == NOW_MS - 9


def test_it_counts_riders_rings_and_links() -> None:
    builder = a_builder(MemoryRings())
    builder.take([record(a_login(user_id=f"usr_{letter}"), at) for at, letter in enumerate("abc")])
    builder.take([record(a_login(user_id="usr_z", device_id="dev_z"), 9)])
    assert (builder.riders, builder.rings(), builder.links) == (4, 1, 4)


def test_a_new_builder_goes_on_where_the_last_one_kept() -> None:
    rings = MemoryRings()
    a_builder(rings).take([record(a_login(), 0)])
    second = a_builder(rings)
    second.take([record(a_login(user_id="usr_b"), 1)])
    assert {m.user_id: m.ring.version for m in rings.sent} == {"usr_a": 2, "usr_b": 1}
    assert second.reached[0].next_offset == 2


def test_a_rebuild_begins_anew_with_a_higher_epoch() -> None:
    rings = MemoryRings()
    old = a_builder(rings)
    old.take([record(a_login(), 0)])
    rings.begin_anew()
    with pytest.raises(RebuiltMeanwhile):
        old.take([record(a_login(user_id="usr_b"), 1)])
    a_builder(rings).take([record(a_login(), 0)])
    ring = rings.newest["usr_a"]
    assert (ring.epoch, ring.version) == (2, 1)


def a_city(choices: Random, events: int) -> list[RawRecord]:
    """People who lend each other cards and phones, told in several partitions, some of it twice."""
    past = Past()
    builds: list[Any] = [a_payment, a_card_added, a_login, an_account, a_ride_request]
    for number in range(events):
        at_ms, user_id = NOW_MS + choices.randrange(events), _name("usr", choices, 60)
        event = choices.choice(builds)(at_ms=at_ms, user_id=user_id)
        changed = {
            field: _name(prefix, choices, 40)
            for field, prefix in (("card_id", "card"), ("device_id", "dev"))
            if hasattr(event, field)
        }
        event = structs.replace(event, **changed)
        past.tell(event, known_at_ms=NOW_MS + events + number)
        if choices.random() < 0.2:
            past.tell(event, known_at_ms=NOW_MS + events + number)
    return past.records


def _name(prefix: str, choices: Random, many: int) -> str:
    number = int(choices.triangular(0, many, 0))
    return f"{prefix}_" + "".join(chr(ord("a") + int(digit)) for digit in str(number))


def batches(records: list[RawRecord], choices: Random) -> Iterable[Batch]:
    """As Kafka hands them over: each partition in its order, one ahead of the other."""
    lines: dict[tuple[str, int], Batch] = {}
    for each in records:
        lines.setdefault((each.topic, each.partition), []).append(each)
    while any(lines.values()):
        batch: Batch = []
        for line in choices.sample(list(lines.values()), len(lines)):
            taken = choices.choice([0, 1, 5])
            batch += line[:taken]
            del line[:taken]
        yield batch


def places_of(rings: MemoryRings) -> list[list[int]]:
    return [list(positions) for positions in {tuple(member.ring.positions) for member in rings.sent}]


def as_known(records: list[RawRecord], positions: list[int]) -> Links:
    links = Links()
    for each in records:
        if covers(positions, (source_number(each.topic, each.partition), each.offset)):
            telling = telling_of(each)
            for link in telling.links if telling else ():
                links.add(link, telling.at_ms)  # type: ignore[union-attr]
    return links


@pytest.mark.parametrize("seed", range(3))
def test_every_row_is_the_ring_of_the_links_told_up_to_its_positions(seed: int) -> None:
    choices, rings = Random(seed), MemoryRings()
    records = a_city(choices, 150)
    builder = a_builder(rings)
    for batch in batches(records, choices):
        builder.take(batch)
    assert len(rings.sent) > 60
    known = {tuple(positions): as_known(records, positions) for positions in places_of(rings)}
    for member in rings.sent:
        expected = ring_of(member.user_id, known[tuple(member.ring.positions)])
        assert expected is not None
        assert content(member.ring) == content(expected)


@pytest.mark.parametrize("seed", range(3))
def test_a_builder_that_dies_between_batches_loses_and_doubles_nothing(seed: int) -> None:
    choices, whole, broken = Random(seed), MemoryRings(), MemoryRings()
    records = a_city(choices, 150)
    told = list(batches(records, choices))
    steady, mortal = a_builder(whole), a_builder(broken)
    for batch in told:
        steady.take(batch)
    seen: Batch = []
    for batch in told:
        seen += batch
        broken.fails = choices.random() < 0.3
        try:
            mortal.take(batch)
        except OSError:
            broken.fails = False
            mortal = a_builder(broken)  # nothing of what the dead one knew is left
            mortal.take(unread(seen, mortal))
    mortal.take(unread(seen, mortal))
    assert contents(broken) == contents(whole)
    versions: dict[str, int] = {}
    for member in broken.sent:
        versions[member.user_id] = versions.get(member.user_id, 0) + 1
        assert member.ring.version == versions[member.user_id]


def unread(seen: Batch, builder: RingBuilder) -> Batch:
    """What Kafka gives from the places that were kept."""
    return [
        each
        for each in seen
        if (at := builder.reached.get(source_number(each.topic, each.partition))) is None
        or each.offset >= at.next_offset
    ]
