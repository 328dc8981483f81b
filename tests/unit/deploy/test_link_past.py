"""Rings as they were known, from the raw archive's links."""

from collections.abc import Iterator, Mapping
from random import Random

import pytest
from event_factories import NOW_MS, a_card_added, a_login, a_payment, a_ride_request, an_account
from memory_rings import MemoryRings
from msgspec import structs
from past import Past

from deploy.parity.rings import LinkPast
from domain.display import HOUR_MS
from domain.raw_record import RawRecord
from domain.ring import Ring
from domain.topics import DECISIONS, RIDES
from feature_repo.rings.builder import RingBuilder

PEOPLE = [f"usr_{letter}" for letter in "abcdefghijklmnopqrst"]
THINGS = "abcdefgh"


class ToldSoFar:
    """An archive that holds what was told; `since` are the places it was read from."""

    def __init__(self) -> None:
        self.past = Past()
        self.since: list[dict[tuple[str, int], int]] = []

    def link_records(self, since: Mapping[tuple[str, int], int]) -> Iterator[RawRecord]:
        self.since.append(dict(since))
        for record in self.past.ordered():
            if record.offset >= since.get((record.topic, record.partition), 0):
                yield record


@pytest.fixture
def archive() -> ToldSoFar:
    return ToldSoFar()


def caught_up(archive: ToldSoFar) -> LinkPast:
    links = LinkPast()
    links.catch_up(archive)
    return links


def test_a_link_is_known_where_any_event_tells_it(archive: ToldSoFar) -> None:
    archive.past.tell(a_card_added())
    archive.past.tell(a_payment())
    links = caught_up(archive)
    rides, decisions = [source_of(archive, 0), 0], [source_of(archive, 1), 0]
    assert links.ring("usr_a", rides) == links.ring("usr_a", decisions) == Ring()
    assert links.ring("usr_a", []) is None


def source_of(archive: ToldSoFar, number: int) -> int:
    record = archive.past.records[number]
    return {RIDES.name: 0, DECISIONS.name: 1_000}[record.topic] + record.partition


def test_what_was_told_later_is_no_part_of_it(archive: ToldSoFar) -> None:
    archive.past.tell(a_login(user_id="usr_a"))
    archive.past.tell(a_login(user_id="usr_b"))
    links = caught_up(archive)
    before = [source_of(archive, 0), 0]
    both = [*before, source_of(archive, 1), archive.past.records[1].offset]
    assert links.ring("usr_a", before) == Ring()
    after = links.ring("usr_a", both)
    assert after is not None
    assert (after.size, after.shared_devices) == (2, 1)


def test_hindsight_goes_by_the_time_of_events(archive: ToldSoFar) -> None:
    archive.past.tell(a_login(user_id="usr_a", at_ms=NOW_MS - 9))
    archive.past.tell(a_login(user_id="usr_b", at_ms=NOW_MS - 5), known_at_ms=NOW_MS + 100)
    archive.past.tell(a_payment(user_id="usr_c", at_ms=NOW_MS))
    links = caught_up(archive)
    sizes = [ring.size if (ring := links.ring_by_time("usr_a", at_ms)) else None for at_ms in (
        NOW_MS - 9, NOW_MS - 5, NOW_MS, NOW_MS + 1
    )]  # fmt: skip
    assert sizes == [None, 1, 2, 3]


def test_late_and_unreadable_events_link_nobody(archive: ToldSoFar) -> None:
    late = archive.past.tell(a_login(at_ms=NOW_MS - 2 * HOUR_MS), known_at_ms=NOW_MS)
    archive.past.records.append(structs.replace(late, offset=1, body=b"{"))
    links = caught_up(archive)
    assert links.ring("usr_a", [0, 9, 1, 9, 2, 9, 3, 9]) is None
    assert links.ring_by_time("usr_a", NOW_MS + 1) is None


def test_it_reads_only_what_it_lacks(archive: ToldSoFar) -> None:
    first = archive.past.tell(a_login(user_id="usr_a"))
    links = caught_up(archive)
    archive.past.tell(a_login(user_id="usr_b"))
    links.catch_up(archive)
    assert archive.since == [{}, {(first.topic, first.partition): first.offset + 1}]
    ring = links.ring_by_time("usr_a", NOW_MS + 1)
    assert ring is not None
    assert ring.size == 2


@pytest.mark.parametrize("seed", range(3))
def test_every_row_that_a_builder_told_comes_out_again(seed: int, archive: ToldSoFar) -> None:
    choices, rings = Random(seed), MemoryRings()
    builder = RingBuilder(rings.keep, rings.load(), lambda: 0.0)
    for number in range(200):
        build = choices.choice([a_payment, a_card_added, a_login, an_account, a_ride_request])
        event = build(user_id=choices.choice(PEOPLE), at_ms=NOW_MS + choices.randrange(200))
        changes = {
            field: f"{field[:4]}_{THINGS[int(choices.triangular(0, len(THINGS), 0))]}"
            for field in ("card_id", "device_id")
            if hasattr(event, field)
        }
        record = archive.past.tell(structs.replace(event, **changes), known_at_ms=NOW_MS + 200 + number)
        builder.take([record])
    links = caught_up(archive)
    for member in rings.sent:
        told = member.ring
        found = links.ring(member.user_id, told.positions)
        assert found is not None
        names = (told.ring_id, told.size, told.shared_cards, told.shared_devices)
        assert (found.ring_id, found.size, found.shared_cards, found.shared_devices) == names
