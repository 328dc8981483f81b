from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.links import Entity, Link
from domain.ring import HUB_OVER, Links, Ring, encode_ring, ring_of
from feature_repo.rings.graph import LinkGraph, News, Times

DEVICE: Entity = ("device", "dev_a")
RIDERS = [f"usr_{letter}" for letter in "abcdefghijkl"]
ENTITIES: list[Entity] = [("card", "one"), ("card", "two"), ("device", "one"), ("device", "two")]


def ring_in(graph: LinkGraph, rider: str) -> Ring:
    [part] = graph.parts([rider])
    return part.ring


def shared(*riders: str, entity: Entity = DEVICE, at_ms: int = 5) -> LinkGraph:
    graph = LinkGraph()
    for rider in riders:
        graph.add(Link(entity, rider), Times(at_ms, at_ms))
    return graph


def test_a_link_that_is_known_is_no_news() -> None:
    graph = shared("usr_a")
    assert graph.add(Link(DEVICE, "usr_a"), Times(5, 9)) is None
    assert graph.links == 1


def test_an_earlier_telling_is_news_of_the_same_link() -> None:
    graph = shared("usr_a")
    assert graph.add(Link(DEVICE, "usr_a"), Times(3, 9)) == News(Times(3, 5), {"usr_a"}, 9)
    assert graph.links == 1


def test_news_name_those_who_are_connected_by_them() -> None:
    graph = shared("usr_a")
    news = graph.add(Link(DEVICE, "usr_b"), Times(8, 8))
    assert news == News(Times(8, 8), {"usr_a", "usr_b"}, 8)


def test_news_are_as_young_as_the_youngest_link_behind_them() -> None:
    graph = shared("usr_a", at_ms=90)
    news = graph.add(Link(DEVICE, "usr_b"), Times(8, 8))
    assert news is not None
    assert news.known_at_ms == 90


def test_a_new_hub_is_news_for_all_whom_it_connected_before() -> None:
    graph = shared(*RIDERS[:HUB_OVER])
    graph.add(Link(("card", "one"), "usr_a"), Times(5, 5))
    graph.add(Link(("card", "one"), "usr_z"), Times(5, 5))
    assert ring_in(graph, "usr_z").size == HUB_OVER + 1
    news = graph.add(Link(DEVICE, "usr_l"), Times(6, 6))
    assert news is not None
    assert news.riders == {*RIDERS[:HUB_OVER], "usr_l", "usr_z"}
    assert ring_in(graph, "usr_z").size == ring_in(graph, "usr_a").size == 2
    assert ring_in(graph, "usr_b") == ring_in(graph, "usr_l") == Ring()


def test_a_hub_is_news_for_the_newcomer_alone() -> None:
    graph = shared(*RIDERS[: HUB_OVER + 1])
    news = graph.add(Link(DEVICE, "usr_l"), Times(6, 6))
    assert news == News(Times(6, 6), {"usr_l"}, 6)


def test_a_part_is_told_once_with_all_of_its_riders() -> None:
    graph = shared("usr_a", "usr_b")
    graph.add(Link(("card", "one"), "usr_c"), Times(2, 2))
    parts = list(graph.parts(["usr_a", "usr_b", "usr_c"]))
    assert sorted(sorted(part.joined_at_ms) for part in parts) == [["usr_a", "usr_b"], ["usr_c"]]


def test_a_rider_alone_joined_when_first_heard_of() -> None:
    graph = shared("usr_a", at_ms=7)
    graph.add(Link(("card", "one"), "usr_a"), Times(3, 3))
    [part] = graph.parts(["usr_a"])
    assert part.joined_at_ms == {"usr_a": 3}


TOLD = st.tuples(st.builds(Link, st.sampled_from(ENTITIES), st.sampled_from(RIDERS)), st.integers(1, 4))


@given(st.lists(TOLD, min_size=1, max_size=60))
def test_its_rings_are_those_of_the_definition(told: list[tuple[Link, int]]) -> None:
    graph, links = LinkGraph(), Links()
    for link, at_ms in told:
        graph.add(link, Times(at_ms, at_ms))
        links.add(link, at_ms)
    for rider in {link.user_id for link, _ in told}:
        assert ring_in(graph, rider) == ring_of(rider, links)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_in_any_order(order: tuple[int, ...]) -> None:
    told = [
        Link(ENTITIES[0], "usr_a"),
        Link(ENTITIES[0], "usr_b"),
        Link(DEVICE, "usr_b"),
        Link(DEVICE, "usr_c"),
    ]
    graph = LinkGraph()
    for place in order:
        graph.add(told[place], Times(place, place))
    assert ring_in(graph, "usr_c").size == 3
    assert len({encode_ring(ring_in(graph, rider)) for rider in ("usr_a", "usr_b", "usr_c")}) == 1
