"""What a live run shows besides the everyday city: an attack on demand, a festival night, a cold start."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from data_generator.crowd import QUIET_MS, Crowd, residents
from data_generator.demand import Call, Span, attack_calls, honest_calls
from data_generator.mix import ATTACKS, FIRST_ATTACK, FRAUD_SHARE, HONEST, Kind, attack_named
from data_generator.population import City
from data_generator.scenarios import surge
from data_generator.scenarios.cold_start import SHARE as COLD_SHARE
from data_generator.scenarios.cold_start import ColdStart, cold
from data_generator.scenarios.retelling import marked
from domain.errors import FaregateError

ATTACK_SHARE = 0.03
LARGEST_SHARE = 1.0


class ProgrammeRefused(FaregateError):
    """A live run that cannot be told as asked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Programme:
    """What begins `start_s` seconds after the start, on top of the everyday rate.

    `attack` brings `attack_share` of that rate, the festival four times as much, a cold start a part of it.
    The attack, and those in `without`, are left out of the everyday mix. Raises ProgrammeRefused or
    AttackUnknown.
    """

    attack: str | None = None
    attack_share: float = ATTACK_SHARE
    without: frozenset[str] = frozenset()
    surge: bool = False
    cold_start: str | None = None
    start_s: float = 0.0

    def __post_init__(self) -> None:
        for name in filter(None, (self.attack, *sorted(self.without))):
            attack_named(name)
        if not 0.0 < self.attack_share <= LARGEST_SHARE:
            raise ProgrammeRefused(f"An attack share of {self.attack_share:g} is none: give one up to 1.")
        if not self.start_s >= 0.0:
            raise ProgrammeRefused("The programme cannot start before the run: give seconds from 0 on.")
        if self.cold_start is not None and self.cold_start not in tuple(ColdStart):
            known = ", ".join(ColdStart)
            raise ProgrammeRefused(f"There is no cold start {self.cold_start!r}. Name one of: {known}.")

    def everyday_attacks(self) -> tuple[Kind, ...]:
        left_out = {*self.without, self.attack}
        return tuple(kind for kind in ATTACKS if kind.name not in left_out)


EVERYDAY = Programme()


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """`rate` is the everyday city's, in payments a second; times are milliseconds after the start."""

    city: City
    seed: int
    rate: float
    programme: Programme = EVERYDAY

    def calls(self) -> Sequence[Iterator[Call]]:
        """Streams of stories, each in the order of time."""
        crowd = Crowd(residents(self.city), self._quiet(self.rate))
        return [*self._everyday(crowd), *self._attack(crowd), *self._visitors(), *self._cold()]

    @property
    def _start_ms(self) -> float:
        return self.programme.start_s * 1000

    def _rng(self, stream: str) -> Random:
        return Random(f"{self.seed}/live/{stream}")

    def _quiet(self, rate: float) -> float:
        return rate * QUIET_MS / 1000

    def _everyday(self, crowd: Crowd) -> Iterator[Iterator[Call]]:
        rate, attacks = self.rate * (1 - FRAUD_SHARE), self.programme.everyday_attacks()
        if self.programme.surge:
            before, after = Span(until_ms=self._start_ms), Span(from_ms=self._start_ms)
            festive = tuple(marked(kind, surge.NAME) for kind in surge.LOCALS)
            yield honest_calls(HONEST, rate, crowd, self._rng("honest"), before)
            yield honest_calls(festive, rate, crowd, self._rng("festive"), after)
        else:
            yield honest_calls(HONEST, rate, crowd, self._rng("honest"))
        first = FIRST_ATTACK if FIRST_ATTACK.name in {kind.name for kind in attacks} else None
        yield attack_calls(attacks, self.rate * FRAUD_SHARE, crowd, self._rng("attacks"), first=first)

    def _attack(self, crowd: Crowd) -> Iterator[Iterator[Call]]:
        if self.programme.attack:
            kinds = (attack_named(self.programme.attack),)
            share, rng = self.programme.attack_share, self._rng("attack on demand")
            yield attack_calls(kinds, self.rate * share, crowd, rng, from_ms=self._start_ms)

    def _visitors(self) -> Iterator[Iterator[Call]]:
        if self.programme.surge:
            rate = self.rate * (1 - FRAUD_SHARE) * (surge.FACTOR - 1)
            kinds = tuple(marked(kind, surge.NAME) for kind in surge.visitors_tell())
            crowd = Crowd(surge.visitors(self.city), self._quiet(rate))
            yield honest_calls(kinds, rate, crowd, self._rng("visitors"), Span(from_ms=self._start_ms))

    def _cold(self) -> Iterator[Iterator[Call]]:
        if self.programme.cold_start:
            rate, span = self.rate * COLD_SHARE, Span(from_ms=self._start_ms)
            who = cold(ColdStart(self.programme.cold_start), self.city, self.seed, self._quiet(rate))
            attacks = who.attacks(self.programme.everyday_attacks())
            yield honest_calls(who.honest(), rate * (1 - FRAUD_SHARE), who.crowd, self._rng("cold"), span)
            yield attack_calls(
                attacks, rate * FRAUD_SHARE, who.crowd, self._rng("cold attacks"), from_ms=self._start_ms
            )
