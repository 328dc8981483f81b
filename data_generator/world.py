"""Everything a story needs to know about the run it happens in."""

from dataclasses import dataclass

from data_generator.belongings import Belongings
from data_generator.identity import IdStream
from data_generator.population import City

APP = "rider-app"  # the producer of every ride, card, account and profile event


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """`time_scale` divides the delay of chargebacks and nothing else."""

    city: City
    belongings: Belongings
    ids: IdStream
    time_scale: float = 1.0


def new_world(city: City, belongings: Belongings, run: str, time_scale: float = 1.0) -> World:
    return World(city=city, belongings=belongings, ids=IdStream(city.seed, run), time_scale=time_scale)
