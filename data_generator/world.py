"""Everything a story needs to know about the run it happens in."""

from collections.abc import Iterator
from dataclasses import dataclass

from data_generator.belongings import Belongings
from data_generator.identity import IdStream
from data_generator.population import City, Rider

APP = "rider-app"  # the producer of every ride, card, account and profile event


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """`for_sale` are forgotten accounts, each sold to thieves once, so that no account's id stands for fraud.

    `time_scale` divides the delay of chargebacks and nothing else.
    """

    city: City
    belongings: Belongings
    ids: IdStream
    for_sale: Iterator[Rider]
    time_scale: float = 1.0


def past_world(city: City, belongings: Belongings, run: str) -> World:
    for_sale = iter(city.dormant_riders())
    return World(city=city, belongings=belongings, ids=IdStream(city.seed, run), for_sale=for_sale)


def present_world(city: City, belongings: Belongings, ids: IdStream, time_scale: float) -> World:
    """Thieves buy from the other end of the list than those of the past."""
    for_sale = reversed(city.dormant_riders())
    return World(city=city, belongings=belongings, ids=ids, for_sale=for_sale, time_scale=time_scale)
