"""Every zone that a story may name has a place."""

import pytest

from data_generator.city import PLACES, distance_km
from data_generator.scenarios.new_city import EAST, NORTH
from data_generator.scenarios.places import place_of
from data_generator.scenarios.surge import GROUNDS


def test_the_city_and_its_festival_grounds_are_where_they_are() -> None:
    for zone in (*PLACES.values(), *GROUNDS):
        assert place_of(zone.zone_id) == zone
    assert not PLACES.keys() & {ground.zone_id for ground in GROUNDS}
    assert all(ground.lat < min(zone.lat for zone in PLACES.values()) for ground in GROUNDS)
    assert distance_km(GROUNDS[0], GROUNDS[1]) > 1.6


def test_a_zone_of_another_city_lies_as_far_from_it_as_the_cities_do() -> None:
    here, there = PLACES["zone_c4"], place_of("zone_kc4")
    assert (there.lat - here.lat, there.lon - here.lon) == pytest.approx((NORTH, EAST))
    assert there.zone_id == "zone_kc4"


@pytest.mark.parametrize("name", ["zone_z9", "zone_kz9", "zone_ac4", "zone_", "nowhere"])
def test_a_zone_of_no_city_has_no_place(name: str) -> None:
    with pytest.raises(KeyError):
        place_of(name)
