"""Who is new to the platform, and how their stories begin."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from data_generator.crowd import Crowd, residents
from data_generator.mix import HONEST, Kind
from data_generator.population import City, Rider
from data_generator.scenarios.new_cards import Reissue
from data_generator.scenarios.new_city import NewCity, sister_of
from data_generator.scenarios.retelling import marked
from data_generator.scenarios.strangers import Joining, strangers

SHARE = 0.3  # of the everyday demand, on top of it
# Stories of others than the one who is drawn, or of accounts that have a past.
OF_OTHERS = ("family_outing", "front_desk", "friendly_fraud", "gps_spoofing", "synthetic_account")


class ColdStart(StrEnum):
    NEW_RIDERS = "new_riders"
    NEW_CARDS = "new_cards"
    NEW_CITY = "new_city"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cold:
    """A crowd and its kinds of stories, for one run: who has joined is remembered."""

    crowd: Crowd
    told_by: Callable[[Kind], Kind]

    def honest(self) -> tuple[Kind, ...]:
        return self._told(HONEST)

    def attacks(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        return self._told(kinds)

    def _told(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        return tuple(self.told_by(kind) for kind in kinds if kind.name not in OF_OTHERS)


def cold(start: ColdStart, city: City, seed: int, quiet_payments: float = 0) -> Cold:
    """`seed` chooses the sister city when one opens; riders rest for `quiet_payments` draws."""
    riders: Sequence[Rider]
    match start:
        case ColdStart.NEW_RIDERS:
            riders = strangers(city, city.riders, max(50, city.riders // 2))
            begin = Joining().told_by
        case ColdStart.NEW_CARDS:
            riders = residents(city)
            begin = Reissue().told_by
        case ColdStart.NEW_CITY:
            sister = sister_of(city, seed)
            riders = strangers(sister, 0, sister.riders - sister.riders // 10)
            begin = NewCity(sister, seed).told_by
    crowd = Crowd(riders, quiet_payments)
    return Cold(crowd=crowd, told_by=lambda kind: marked(begin(kind), start.value))
