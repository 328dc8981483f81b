"""A second city opens, of which nothing is known: other zones, drivers, riders and cards."""

from dataclasses import replace
from random import Random
from typing import TypeVar

from msgspec import Struct, structs

from data_generator.acts import Act, Pay, Publish, Report, Story, Wait
from data_generator.belongings import Belongings
from data_generator.city import PLACES, Zone
from data_generator.mix import Kind
from data_generator.population import City, Rider
from data_generator.scenarios.retelling import retold
from data_generator.scenarios.strangers import Joining
from data_generator.world import World

SEEDS_APART = 1_000_003  # a city of another seed has other people and drivers
NORTH, EAST = 2.0, 3.0  # degrees between the two cities
LETTERS = "jkmnpqrstvwxyz"  # one stands before the zones' names; which, the seed says
_ZONE_FIELDS = ("zone_id", "pickup_zone", "dropoff_zone", "home_zone")
_PLACE = "zone_"
Placed = TypeVar("Placed", bound=Struct)


def sister_of(city: City, seed: int) -> City:
    """A city of half the size whose people share nothing with those of `city`."""
    return City(city.seed + SEEDS_APART * (1 + seed), max(50, city.riders // 2))


class NewCity:
    """Tells stories in the sister city, where each rider joins before the first ride."""

    def __init__(self, city: City, seed: int) -> None:
        self._city = city
        self._letter = LETTERS[seed % len(LETTERS)]
        self._joining = Joining(old_accounts=0.2)
        self._world: World | None = None

    def told_by(self, kind: Kind) -> Kind:
        there = self._joining.told_by(kind)

        def tell(world: World, rng: Random, rider: Rider, pay_at_ms: int) -> Story:
            yield from retold(there.tell(self._there(world), rng, rider, pay_at_ms), self._moved)

        return replace(kind, tell=tell)

    def _there(self, world: World) -> World:
        """One world for all stories; no account of it is for sale, since none has been told of."""
        if self._world is None:
            belongings = Belongings(self._city.seed, world.ids.new("run"))
            self._world = replace(world, city=self._city, belongings=belongings, for_sale=iter(()))
        return self._world

    def _moved(self, act: Act) -> Act:
        match act:
            case Publish():
                return replace(act, event=self._placed(act.event))
            case Pay() | Report():
                return replace(act, transaction=self._placed(act.transaction))
            case Wait():
                return act

    def _placed(self, told: Placed) -> Placed:
        changes: dict[str, object] = {
            name: _PLACE + self._letter + zone_id.removeprefix(_PLACE)
            for name in _ZONE_FIELDS
            if (zone_id := getattr(told, name, None))
        }
        if hasattr(told, "pickup_lat") and hasattr(told, "pickup_lon"):
            changes["pickup_lat"] = round(told.pickup_lat + NORTH, 6)
            changes["pickup_lon"] = round(told.pickup_lon + EAST, 6)
        return structs.replace(told, **changes)


def place_there(zone_id: str) -> Zone | None:
    """The zone of a sister city by its name; None for any other."""
    name = zone_id.removeprefix(_PLACE)
    here = PLACES.get(_PLACE + name[1:])
    if here is None or name[:1] not in LETTERS:
        return None
    return replace(here, zone_id=zone_id, lat=here.lat + NORTH, lon=here.lon + EAST)
