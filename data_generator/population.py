"""The people of the city: each rider is a function of the seed and an index, the same in every run."""

from dataclasses import dataclass
from random import Random

from data_generator.city import ZONES, Zone, near, popular_zone
from data_generator.habits import Schedule, draw_schedule
from data_generator.identity import token

DEFAULT_RIDERS = 20_000
RIDERS_A_DRIVER = 12
HOME_COUNTRY = "GB"
FOREIGN_COUNTRIES = ("US", "FR", "DE", "IN", "NG", "BR", "ES", "PL")
DORMANT_SHARE = 0.04
FAMILY_EVERY, FAMILY_SIZE = 25, 3
DAY_MS = 86_400_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Rider:
    """`activity` is a relative ride rate, `price_level` a factor on fares, `family` indices who share a card.

    A dormant account never rides by itself; those who buy stolen accounts find them here.
    """

    index: int
    user_id: str
    device_id: str
    card_ids: tuple[str, ...]
    bin_country: str
    home: Zone
    work: Zone
    haunts: tuple[Zone, ...]
    schedule: Schedule
    activity: float
    price_level: float
    account_age_ms: int
    rating_centi: int
    family: tuple[int, ...]
    dormant: bool


class City:
    """Riders 0 to `riders` - 1 live here when the story begins; higher indices join later."""

    def __init__(self, seed: int, riders: int = DEFAULT_RIDERS) -> None:
        self.seed = seed
        self.riders = riders
        self.drivers = max(20, riders // RIDERS_A_DRIVER)
        self._known: dict[int, Rider] = {}

    def rider(self, index: int) -> Rider:
        known = self._known.get(index)
        if known is None:
            known = self._known[index] = self._make_rider(index)
        return known

    def dormant_riders(self) -> list[Rider]:
        """Accounts that nobody uses, in no particular order."""
        dormant = [rider for rider in map(self.rider, range(self.riders)) if rider.dormant]
        Random(f"{self.seed}/dormant").shuffle(dormant)
        return dormant

    def driver_near(self, zone: Zone, rng: Random) -> str:
        """Drivers keep to a part of the city."""
        turf = self.drivers // len(ZONES) or 1
        number = (zone.number * turf + int(rng.gauss(0, 2 * turf))) % self.drivers
        return token("drv", self.seed, number)

    def _make_rider(self, index: int) -> Rider:
        rng = Random(f"{self.seed}/rider/{index}")
        home, work = popular_zone(rng), popular_zone(rng)
        cards = 2 if rng.random() < 0.25 else 1
        return Rider(
            index=index,
            user_id=token("usr", self.seed, index),
            device_id=token("dev", self.seed, index),
            card_ids=tuple(token("card", self.seed, index, number) for number in range(cards)),
            bin_country=draw_country(rng),
            home=home,
            work=work,
            haunts=(near(home, rng), popular_zone(rng), popular_zone(rng), popular_zone(rng)),
            schedule=draw_schedule(rng),
            activity=rng.lognormvariate(0.0, 1.1),
            price_level=rng.lognormvariate(0.0, 0.3),
            account_age_ms=_age_ms(rng),
            rating_centi=min(500, max(300, int(rng.gauss(478, 16)))),
            family=_family_of(index, self.riders),
            dormant=rng.random() < DORMANT_SHARE,
        )


def somebody(city: City, rng: Random) -> Rider:
    """Any rider who rides at all."""
    while (rider := city.rider(rng.randrange(city.riders))).dormant:
        pass
    return rider


def draw_country(rng: Random) -> str:
    return HOME_COUNTRY if rng.random() < 0.85 else rng.choice(FOREIGN_COUNTRIES)


def _age_ms(rng: Random) -> int:
    return int(min(3_000, 1 + rng.expovariate(1 / 400)) * DAY_MS)


def family_head(index: int) -> int:
    """The first member of the family nearest to this rider's index."""
    return index - index % FAMILY_EVERY


def _family_of(index: int, riders: int) -> tuple[int, ...]:
    head = family_head(index)
    members = tuple(range(head, min(head + FAMILY_SIZE, riders)))
    return members if index in members and len(members) > 1 else ()
