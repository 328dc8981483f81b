from collections.abc import Iterable, Sequence
from itertools import pairwise, permutations
from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moments import features, moment_of

from domain.links import Entity, Link
from domain.ring import (
    HUB_OVER,
    RING_AT_MOST,
    Links,
    Ring,
    connects,
    decode_ring,
    encode_ring,
    joined_at_ms,
    ring_of,
)

Told = tuple[Link, int]  # with the time of the event


def card(card_id: str, *riders: str, at_ms: int = 1_000) -> list[Told]:
    """Riders that used it one after the other."""
    return [(Link(("card", card_id), rider), at_ms + place) for place, rider in enumerate(riders)]


def device(device_id: str, *riders: str, at_ms: int = 1_000) -> list[Told]:
    return [(Link(("device", device_id), rider), at_ms + place) for place, rider in enumerate(riders)]


def linked(told: Iterable[Told]) -> Links:
    links = Links()
    for link, at_ms in told:
        links.add(link, at_ms)
    return links


def ring(rider: str, *parts: Sequence[Told]) -> Ring:
    found = ring_of(rider, linked(told for part in parts for told in part))
    assert found is not None, "a rider with a link has a ring"
    return found


def riders(many: int) -> list[str]:
    return [f"usr_{ascii_lowercase[place // 26]}{ascii_lowercase[place % 26]}" for place in range(many)]


def test_a_rider_alone_has_a_ring_of_one_without_a_name() -> None:
    assert ring("usr_a", card("card_a", "usr_a"), device("dev_a", "usr_a")) == Ring()
    assert (Ring().size, Ring().ring_id) == (1, "")


def test_a_rider_without_any_link_is_unknown() -> None:
    assert ring_of("usr_b", linked(card("card_a", "usr_a"))) is None


def test_two_riders_of_a_card_are_a_ring() -> None:
    both = [card("card_a", "usr_a", "usr_b")]
    assert ring("usr_a", *both) == ring("usr_b", *both)
    assert (ring("usr_a", *both).size, ring("usr_a", *both).shared_cards) == (2, 1)


def test_cards_and_devices_connect_over_others() -> None:
    chain = [
        card("card_a", "usr_a", "usr_b"),
        device("dev_a", "usr_b", "usr_c"),
        device("dev_b", "usr_c", "usr_d"),
        card("card_b", "usr_d"),
        card("card_c", "usr_x", "usr_y"),
    ]
    found = ring("usr_a", *chain)
    assert (found.size, found.shared_cards, found.shared_devices) == (4, 1, 2)
    assert found == ring("usr_d", *chain)
    assert ring("usr_x", *chain).ring_id != found.ring_id


def test_a_card_and_a_device_of_one_id_are_two_things() -> None:
    assert ring("usr_a", card("one", "usr_a"), device("one", "usr_b")) == Ring()


@pytest.mark.parametrize(
    ("many", "connected"), [(1, False), (2, True), (HUB_OVER, True), (HUB_OVER + 1, False)]
)
def test_what_is_used_by_two_to_eight_connects(many: int, connected: bool) -> None:
    assert connects(many) is connected
    size = ring("usr_aa", device("dev_a", *riders(many))).size
    assert size == (many if connected else 1)


def test_a_ring_splits_when_what_connects_it_becomes_a_hub() -> None:
    pairs = [card("card_a", "usr_aa", "usr_ab"), card("card_b", "usr_ac", "usr_ad")]
    desk = device("dev_a", *riders(HUB_OVER))
    assert ring("usr_aa", *pairs, desk).size == HUB_OVER
    desk += device("dev_a", "usr_zz", at_ms=9_000)
    first, second = ring("usr_aa", *pairs, desk), ring("usr_ac", *pairs, desk)
    assert (first.size, second.size) == (2, 2)
    assert first.ring_id != second.ring_id
    assert ring("usr_ae", *pairs, desk) == Ring()


def test_size_and_sharing_are_capped() -> None:
    many = riders(RING_AT_MOST + 10)
    chain = [
        part
        for first, second in pairwise(many)
        for part in (card(f"card_{first}", first, second), device(f"dev_{first}", first, second))
    ]
    found = ring(many[0], *chain)
    assert (found.size, found.shared_cards, found.shared_devices) == (RING_AT_MOST,) * 3
    assert ring(many[0], *chain, card("card_z", many[-1], "usr_new")) == found


def test_a_ring_keeps_its_name_while_it_grows() -> None:
    parts = [card("card_a", "usr_m", "usr_n")]
    name = ring("usr_m", *parts).ring_id
    for place, newcomer in enumerate(riders(40)):
        parts.append(card(f"card_{newcomer}", "usr_m", newcomer, at_ms=2_000 + place))
        assert ring("usr_m", *parts).ring_id == name


def test_of_two_rings_that_meet_the_older_one_gives_its_name() -> None:
    old, young = card("card_b", "usr_y", "usr_z"), card("card_a", "usr_a", "usr_b", at_ms=5_000)
    bridge = device("dev_a", "usr_b", "usr_z", at_ms=9_000)
    assert ring("usr_a", old, young, bridge).ring_id == ring("usr_y", old).ring_id


def test_a_name_holds_letters_alone() -> None:
    name = ring("usr_a", card("card_a", "usr_a", "usr_b")).ring_id
    assert name.startswith("ring_")
    assert set(name.removeprefix("ring_")) <= set(ascii_lowercase)


def test_who_joined_when_goes_by_the_second_rider() -> None:
    shared = {
        ("card", "card_a"): {"usr_a": 10, "usr_b": 30, "usr_c": 40},
        ("device", "dev_a"): {"usr_c": 20, "usr_d": 20},
    }
    assert joined_at_ms(shared) == {"usr_a": 30, "usr_b": 30, "usr_c": 20, "usr_d": 20}  # type: ignore[arg-type]


def test_the_least_time_of_a_link_counts() -> None:
    late_first = [*card("card_a", "usr_a", "usr_b", at_ms=500), *card("card_b", "usr_b", "usr_c", at_ms=900)]
    earlier = card("card_b", "usr_b", "usr_c", at_ms=100)
    assert ring("usr_a", late_first).ring_id != ring("usr_a", late_first, earlier).ring_id
    assert ring("usr_a", earlier, late_first) == ring("usr_a", late_first, earlier)


ENTITIES: list[Entity] = [("card", "one"), ("card", "two"), ("device", "one"), ("device", "two")]
TOLD = st.tuples(
    st.builds(Link, st.sampled_from(ENTITIES), st.sampled_from(riders(12))), st.integers(1_000, 1_005)
)


@given(st.lists(TOLD, min_size=1, max_size=40), st.randoms())
def test_neither_order_nor_repeats_change_a_ring(told: list[Told], choices: object) -> None:
    shuffled = told + told[::2]
    choices.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = linked(told), linked(shuffled)
    for rider in riders(12):
        assert ring_of(rider, one) == ring_of(rider, other)


def test_every_order_of_a_few_links_gives_the_same_ring() -> None:
    told = [*card("card_a", "usr_a", "usr_b"), *device("dev_a", "usr_b", "usr_c"), *card("card_b", "usr_c")]
    found = {encode_ring(ring("usr_a", order)) for order in permutations(told)}
    assert len(found) == 1


@given(st.lists(TOLD, max_size=60))
def test_everybody_of_a_ring_has_the_same(told: list[Told]) -> None:
    links = linked(told)
    for entity in ENTITIES:
        users = links.riders_of(entity)
        if connects(len(users)):
            assert len({encode_ring(ring_of(rider, links) or Ring()) for rider in users}) == 1


def test_what_is_stored_comes_back() -> None:
    one = Ring(
        version=3, known_at_ms=9, ring_id="ring_a", size=4, shared_devices=2, positions=[0, 7, 1001, 3]
    )
    assert decode_ring(encode_ring(one)) == one
    assert decode_ring(encode_ring(Ring())) == Ring()


def test_the_features_of_a_ring_are_its_size_and_what_is_shared() -> None:
    moment = moment_of(ring=Ring(size=5, shared_cards=2, shared_devices=1))
    found = features(moment)
    assert [found[name] for name in ("ring_size", "ring_shared_cards", "ring_shared_devices")] == [5, 2, 1]


def test_alone_is_one_and_not_missing() -> None:
    found = features(moment_of(ring=Ring()))
    assert (found["ring_size"], found["ring_shared_cards"]) == (1, 0)
