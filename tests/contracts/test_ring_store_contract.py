"""What the builder of rings keeps: the same in memory, where tests look, and in PostgreSQL."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from event_factories import NOW_MS
from memory_rings import MemoryRings
from msgspec import structs

from domain.links import Link
from domain.ring import Ring
from feature_repo.rings.postgres_rings import PostgresRings
from feature_repo.rings.values import Change, Known, KnownLink, Member, Reached, RebuiltMeanwhile

Rings = MemoryRings | PostgresRings
LINK = KnownLink(
    link=Link(("card", "card_a"), "usr_a"), at_ms=NOW_MS, known_at_ms=NOW_MS + 3, source=1002, offset=7
)
RING = Ring(version=2, known_at_ms=NOW_MS + 3, ring_id="ring_a", size=3, shared_cards=1, shared_devices=2)
MEMBER = Member(user_id="usr_a", ring=RING, joined_at_ms=NOW_MS)
ALONE = Member(user_id="usr_b", ring=Ring(version=1, known_at_ms=NOW_MS), joined_at_ms=NOW_MS)
REACHED = {1002: Reached(next_offset=8, read_until_ms=NOW_MS + 3)}


def a_change(**given: object) -> Change:
    usual = Change(epoch=1, links=(LINK,), members=(MEMBER, ALONE), reached=REACHED)
    return structs.replace(usual, **given)


@pytest.fixture(params=["memory", "postgres"])
def rings(request: pytest.FixtureRequest) -> Iterator[Rings]:
    if request.param == "memory":
        yield MemoryRings()
        return
    conninfo: Callable[[str], str] = request.getfixturevalue("conninfo")
    with psycopg.connect(conninfo("faregate_writer"), autocommit=True) as connection:
        yield PostgresRings(connection)


def test_at_first_nothing_is_known(rings: Rings) -> None:
    assert rings.load() == Known()


def test_what_was_kept_is_loaded(rings: Rings) -> None:
    rings.keep(a_change())
    loaded = rings.load()
    assert loaded.links == (LINK,)
    assert set(map(repr, loaded.members)) == {repr(MEMBER), repr(ALONE)}
    assert loaded.reached == REACHED


def test_places_alone_may_be_kept(rings: Rings) -> None:
    rings.keep(a_change(links=(), members=()))
    assert rings.load() == Known(reached=REACHED)


def test_nothing_may_be_kept_to_hear_of_a_rebuild(rings: Rings) -> None:
    rings.keep(Change(epoch=1, links=(), members=(), reached={}))
    assert rings.load() == Known()
    rings.begin_anew()
    with pytest.raises(RebuiltMeanwhile):
        rings.keep(Change(epoch=1, links=(), members=(), reached={}))


def test_a_link_told_again_keeps_where_it_was_told_first(rings: Rings) -> None:
    rings.keep(a_change())
    earlier = structs.replace(LINK, at_ms=NOW_MS - 9, known_at_ms=NOW_MS - 8, source=3, offset=99)
    rings.keep(a_change(links=(earlier,), members=()))
    assert rings.load().links == (structs.replace(earlier, source=1002, offset=7),)


def test_a_row_is_replaced_by_the_next(rings: Rings) -> None:
    rings.keep(a_change())
    parted = Member(user_id="usr_a", ring=Ring(version=3, known_at_ms=NOW_MS + 5), joined_at_ms=NOW_MS)
    rings.keep(a_change(links=(), members=(parted,)))
    assert {member.user_id: member for member in rings.load().members}["usr_a"] == parted


def test_a_rebuild_forgets_everything_and_raises_the_epoch(rings: Rings) -> None:
    rings.keep(a_change())
    assert rings.begin_anew() == 2
    assert rings.load() == Known(epoch=2)
    assert rings.begin_anew() == 3


def test_who_did_not_hear_of_the_rebuild_keeps_nothing(rings: Rings) -> None:
    rings.begin_anew()
    with pytest.raises(RebuiltMeanwhile):
        rings.keep(a_change())
    assert rings.load() == Known(epoch=2)
