"""What a thief changes once stopped: the amount, the pace, the device or the zone; and when they give up."""

from collections.abc import Generator
from dataclasses import replace
from random import Random

from data_generator.acts import Answer, Publish, child
from data_generator.city import Zone, popular_zone
from data_generator.clock import seconds
from data_generator.payments import Ending, Settled
from data_generator.people import Payer, logged_in
from data_generator.world import World

ADAPTIVE_SHARE = 0.4  # the others do the same again until they leave
STUBBORN, ADAPTIVE = (2, 4), (3, 6)  # payments stopped before each leaves, at least and at most
CHEAPER, SLOWER = (0.45, 0.8), (2.0, 6.0)
HURRIED, UNHURRIED = (2.0, 90.0), (60.0, 900.0)  # seconds between two rides


class Adaptation:
    """One thief's answer to being stopped; `price` multiplies fares. Its draws shift no other's."""

    def __init__(self, rng: Random) -> None:
        self._rng = child(rng)
        self._adaptive = self._rng.random() < ADAPTIVE_SHARE
        self._left = self._rng.randint(*(ADAPTIVE if self._adaptive else STUBBORN))
        self.price = 1.0
        self._slower = 1.0
        self._burnt_device = self._burnt_zone = False

    def lost(self, settled: Settled) -> bool:
        """Whether the thief leaves now; an adaptive one who stays does something otherwise from here on."""
        if settled.ending in (Ending.BLOCKED, Ending.UNANSWERED):
            self._left -= 1
            if self._adaptive:
                self._change()
        return self._left <= 0

    def pause_ms(self, rng: Random, *, hurried: bool) -> int:
        return self.stretched(pause_ms(rng, hurried=hurried))

    def stretched(self, pause_ms: int) -> int:
        """A pause of this thief's own kind, longer once haste has gone badly."""
        return int(pause_ms * self._slower)

    def zone(self, base: Zone) -> Zone:
        """Where the next rides begin: elsewhere, once this zone has gone badly."""
        if not self._burnt_zone:
            return base
        self._burnt_zone = False
        return popular_zone(self._rng)

    def device(self, world: World, payer: Payer, at_ms: int) -> Generator[Publish, Answer | None, Payer]:
        """Who pays next: the same account, on a fresh device once the old one has gone badly."""
        if not self._burnt_device:
            return payer
        self._burnt_device = False
        fresh = replace(payer, device_id=world.ids.new("dev"))
        yield logged_in(world, user_id=fresh.user_id, device_id=fresh.device_id, new_device=True, at_ms=at_ms)
        return fresh

    def _change(self) -> None:
        match self._rng.choice(("amount", "pace", "device", "zone")):
            case "amount":
                self.price *= self._rng.uniform(*CHEAPER)
            case "pace":
                self._slower *= self._rng.uniform(*SLOWER)
            case "device":
                self._burnt_device = True
            case _:
                self._burnt_zone = True


def pause_ms(rng: Random, *, hurried: bool) -> int:
    """Until the next payment: mostly seconds, lognormal around six; the careful wait for minutes."""
    if not hurried:
        return seconds(rng, *UNHURRIED)
    shortest, longest = HURRIED
    return int(min(longest, max(shortest, rng.lognormvariate(1.8, 0.8))) * 1000)
