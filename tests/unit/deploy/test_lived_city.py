from math import isnan

import pytest

from deploy.bench.city.lived_city import BURST, PAYMENTS, RIDERS, LivedCity
from domain.catalogue import FEATURE_NAMES
from domain.history import decode_history
from domain.online_store import VIEW_OF_KIND
from domain.profile import decode_profile
from domain.ring import decode_ring
from domain.vector import observe, vector

NOW_MS = 1_790_000_000_000


@pytest.fixture(scope="module")
def city() -> LivedCity:
    return LivedCity(now_ms=NOW_MS)


def test_every_rider_has_a_month_of_payments_and_a_burst_just_now(city: LivedCity) -> None:
    cards = [decode_history(payload) for payload in city.stored["card_history"].values()]
    assert len(cards) == RIDERS
    assert {card.lifetime_payments for card in cards} == {PAYMENTS + BURST}
    assert all(card.tiles_5m for card in cards)


def test_all_that_a_decision_reads_is_stored(city: LivedCity) -> None:
    keys = city.keys(RIDERS + 1)
    assert keys == city.keys(1)
    for view, key in (("zone_history", "zone_id"), ("user_profile", "user_id"), ("user_ring", "user_id")):
        assert keys[key] in city.stored[view]


def test_its_vectors_know_every_entity(city: LivedCity) -> None:
    known = {kind: city.histories[kind] for kind in ("card", "user", "device", "zone")}
    keys = city.keys(0)
    moment = observe(
        transaction=city.transaction(0),
        as_of_ms=NOW_MS,
        card=known["card"][keys["card_id"]],
        user=known["user"][keys["user_id"]],
        device=known["device"][keys["device_id"]],
        zone=known["zone"][keys["zone_id"]],
        profile=decode_profile(city.stored[VIEW_OF_KIND["profile"]][keys["user_id"]]),
        ring=decode_ring(city.stored[VIEW_OF_KIND["ring"]][keys["user_id"]]),
        pulse=city.pulse,
        in_flight=[city.payment(0)],
    )
    features = dict(zip(FEATURE_NAMES, vector(moment), strict=True))
    assert features["card_payments_5m"] == BURST + 2
    assert {name for name, value in features.items() if isnan(value)} == {
        "card_since_added",
        "user_since_new_device_login",
        "user_since_contact_change",
        "user_estimate_ratio",
    }


def test_the_same_seed_lives_the_same_life(city: LivedCity) -> None:
    assert LivedCity(now_ms=NOW_MS).stored == city.stored
