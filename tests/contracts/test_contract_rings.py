"""The rules of docs/feature-contract.md about rings."""

from collections.abc import Callable
from itertools import permutations
from math import isnan

import pytest
from event_factories import NOW_MS, ONE_OF_EACH, a_card_added, a_login, a_payment, an_account, letters
from feature_values import values
from live import Live

from deploy.parity.rings import LinkPast
from domain.display import HOUR_MS
from domain.events import Event, event_time_ms
from domain.links import links_of
from domain.ring import Links, Ring, ring_of

PEOPLE = [f"usr_{letters(number)}" for number in range(60)]


def told(*events: Event) -> Links:
    links = Links()
    for event in events:
        for link in links_of(event):
            links.add(link, event_time_ms(event))
    return links


def ring(user_id: str, *events: Event) -> Ring:
    found = ring_of(user_id, told(*events))
    assert found is not None
    return found


@pytest.mark.parametrize("build", ONE_OF_EACH)
def test_rule_four_events_tell_links(build: Callable[..., Event]) -> None:
    event = build()
    tag = str(event.__struct_config__.tag)
    kinds = {link.entity[0] for link in links_of(event)}
    expected = {"payment.decided": {"card", "device"}, "card.added": {"card", "device"}}
    expected |= {"account.created": {"device"}, "device.login": {"device"}}
    assert kinds == expected.get(tag, set())
    live = Live()
    live.tell(a_login(at_ms=NOW_MS - 2 * HOUR_MS), known_at_ms=NOW_MS)
    assert live.rings.newest == {}


def test_the_least_time_of_a_link_counts() -> None:
    links = told(a_login(at_ms=NOW_MS), a_login(at_ms=NOW_MS - 5), a_login(at_ms=NOW_MS + 5))
    assert links.riders_of(("device", "dev_a")) == {"usr_a": NOW_MS - 5}


@pytest.mark.parametrize(("many", "size"), [(1, 1), (2, 2), (8, 8), (9, 1), (20, 1)])
def test_rule_two_to_eight_riders_are_connected(many: int, size: int) -> None:
    assert ring(PEOPLE[0], *(a_login(user_id=user_id) for user_id in PEOPLE[:many])).size == size
    chain = [
        a_card_added(user_id=PEOPLE[0], card_id="card_a", device_id="dev_a"),
        a_card_added(user_id=PEOPLE[1], card_id="card_a", device_id="dev_b"),
        an_account(user_id=PEOPLE[2], device_id="dev_b"),
    ]
    assert ring(PEOPLE[0], *chain).size == 3


def test_rule_a_ring_is_a_set_of_links() -> None:
    events = [
        a_login(user_id="usr_b", at_ms=NOW_MS - 50),
        a_login(user_id="usr_a", at_ms=NOW_MS - 40),
        a_card_added(user_id="usr_a", device_id="dev_z", at_ms=NOW_MS - 30),
        a_card_added(user_id="usr_c", device_id="dev_y", at_ms=NOW_MS - 20),
    ]
    found = [ring("usr_c", *order) for order in permutations(events)]
    assert all(each == found[0] for each in found)
    assert ring("usr_a", *events[:2]).ring_id == found[0].ring_id


def test_rule_alone_is_a_ring_of_one() -> None:
    alone = ring("usr_a", a_payment())
    assert (alone.size, alone.shared_cards, alone.shared_devices, alone.ring_id) == (1, 0, 0, "")
    assert ring_of("usr_b", told(a_payment())) is None
    assert values(ring=alone)["ring_size"] == 1
    assert isnan(values()["ring_size"])


def test_rule_a_ring_counts_up_to_fifty() -> None:
    chain = [
        a_card_added(
            user_id=PEOPLE[place + step], card_id=f"card_{letters(place)}", device_id=f"dev_{letters(place)}"
        )
        for place in range(len(PEOPLE) - 1)
        for step in (0, 1)
    ]
    found = values(ring=ring(PEOPLE[0], *chain))
    assert [found[name] for name in ("ring_size", "ring_shared_cards", "ring_shared_devices")] == [50] * 3


def test_rule_a_ring_is_its_positions() -> None:
    live = Live()
    for user_id in PEOPLE[:3]:
        live.tell(a_login(user_id=user_id))
        live.tell(a_payment(user_id=user_id, card_id=f"card_{user_id}"))
    links = LinkPast()
    links.take(live.past.ordered())
    versions: dict[str, int] = {}
    for member in live.rings.sent:
        rebuilt = links.ring(member.user_id, member.ring.positions)
        assert rebuilt is not None
        assert (rebuilt.ring_id, rebuilt.size) == (member.ring.ring_id, member.ring.size)
        versions[member.user_id] = versions.get(member.user_id, 0) + 1
        assert member.ring.version == versions[member.user_id]
    assert versions[PEOPLE[0]] == 3
    assert live.rings.newest[PEOPLE[0]].known_at_ms == NOW_MS
